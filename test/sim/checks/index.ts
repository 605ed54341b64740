/** Every promise that a run is held to. A new one is one function and one line here. */
import type { Check } from './check.ts';
import { inOrder } from './in-order.ts';
import { circuitHolds, notTooEarly } from './in-time.ts';
import { notSentAgain } from './not-sent-again.ts';
import { historyAgrees, nothingLost, plannedRight } from './nothing-lost.ts';
import { oneHolder } from './one-holder.ts';
import { promptWhenCalm } from './prompt.ts';
import { publishedOnce, sameMessage } from './said-the-same.ts';
import { freshConfiguration, withinConcurrency, withinRate } from './within-limits.ts';

export const CHECKS: readonly Check[] = [
  nothingLost,
  historyAgrees,
  plannedRight,
  notSentAgain,
  oneHolder,
  promptWhenCalm,
  inOrder,
  withinConcurrency,
  withinRate,
  freshConfiguration,
  notTooEarly,
  circuitHolds,
  sameMessage,
  publishedOnce,
];
