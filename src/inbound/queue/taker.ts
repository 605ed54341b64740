/** Takes messages for a queue: says what to answer to the system it came from, and tells the source's health. */
import { Problem } from '../../core/problem.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Dice } from '../../ports/dice.ts';
import type { InboundHost, InboundItem, Taken } from '../../ports/inbound.ts';
import type { Log } from '../../ports/log.ts';
import { type Pauses, pauseAfter, sleepOnce } from '../steady.ts';
import { trouble } from './trouble.ts';

export type Verdict =
  /** Stored, now or before: acknowledge it. */
  | { readonly kind: 'taken' }
  /** It will never be taken: dead-letter it. */
  | { readonly kind: 'refused'; readonly detail: string }
  /** Do not acknowledge it; it must come again. */
  | { readonly kind: 'later'; readonly detail: string };

export interface Taker {
  /** Messages flow. */
  flowing(): void;
  /** They do not; `detail` is a sentence. */
  broken(detail: string): void;
  /** Something was lost that the system cannot bring again. */
  lost(detail: string): void;
  once(item: InboundItem): Promise<Verdict>;
  /** Tries until the item is taken or refused; `later` only when `ending` is aborted. */
  firmly(item: InboundItem, ending: AbortSignal): Promise<Verdict>;
}

export interface TakerParts {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly log: Log;
}

/** A queue that waits for its store or its server asks again at least once a minute. */
export const QUEUE_PAUSES: Pauses = { firstMs: 500, longestMs: 60_000 };
/** Health is a row in the store: what comes with every message is told at most this often. */
const TELL_EVERY_MS = 10_000;

export function takerOf(host: InboundHost, { clock, dice, log }: TakerParts): Taker {
  let isAway = false;
  let lost = 0;
  let toldAt = Number.NEGATIVE_INFINITY;

  const away = (detail: string): void => {
    if (!isAway) host.health('failing', detail);
    isAway = true;
  };
  const back = (): void => {
    if (isAway) host.health('running', null);
    isAway = false;
  };
  const tellLost = (detail: string): void => {
    lost++;
    if (clock.now() - toldAt < TELL_EVERY_MS) return;
    toldAt = clock.now();
    host.health('running', lost === 1 ? detail : `${detail} (${lost} since the start)`);
  };
  const once = async (item: InboundItem): Promise<Verdict> => {
    const verdict = await ask(host, item, log);
    if (verdict.kind === 'later') away(verdict.detail);
    else back();
    if (verdict.kind === 'refused') tellLost(`A message was refused: ${verdict.detail}`);
    return verdict;
  };
  return {
    once,
    lost: tellLost,
    flowing() {
      isAway = false;
      host.health('running', null);
    },
    broken(detail) {
      isAway = false;
      host.health('failing', detail);
    },
    async firmly(item, ending) {
      for (let failures = 1; ; failures++) {
        const verdict = await once(item);
        if (verdict.kind !== 'later' || ending.aborted) return verdict;
        await sleepOnce(clock, pauseAfter(failures, dice, QUEUE_PAUSES), ending);
        if (ending.aborted) return verdict;
      }
    },
  };
}

async function ask(host: InboundHost, item: InboundItem, log: Log): Promise<Verdict> {
  let taken: Taken;
  try {
    taken = await host.take(item);
  } catch (error) {
    // Whatever it was, the message is not stored: it must not be acknowledged.
    if (!(error instanceof Problem)) log.error('inbound.take-failed', error, { source: host.source.id });
    return { kind: 'later', detail: error instanceof Problem ? error.message : trouble(error) };
  }
  if (taken.kind !== 'refused') return { kind: 'taken' };
  return { kind: taken.isFinal ? 'refused' : 'later', detail: taken.detail };
}
