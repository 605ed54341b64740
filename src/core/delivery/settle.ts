/**
 * What an attempt's outcome makes of its delivery (the states are drawn in delivery.ts):
 *
 *   outcome 2xx ─────────────────────────────> delivered
 *   any other ──manual attempt───────────────> failed      (automatic retries are another row and go on)
 *             ──410──────────────────────────> failed      (exhausted at once)
 *             ──delays left──────────────────> waiting     (due at max(jittered delay, Retry-After))
 *             ──none left────────────────────> failed      (exhausted)
 */
import { isAnswered, isDelivered, type Outcome } from '../outcome.ts';
import { jittered } from './backoff.ts';
import type { Trigger } from './delivery.ts';
import { retryAfterMs } from './retry-after.ts';

export interface SettleInput {
  /** Automatic attempts made before this one. */
  readonly attempts: number;
  readonly trigger: Trigger;
  readonly outcome: Outcome;
  readonly scheduleMs: readonly number[];
  readonly now: number;
  /** In [0, 1), from the dice. */
  readonly uniform: number;
}

export type Next =
  | { readonly kind: 'settled'; readonly status: 'delivered' | 'failed' }
  /** `attempts` is the new count of automatic attempts. */
  | { readonly kind: 'waiting'; readonly dueAt: number; readonly attempts: number };

export interface Settlement {
  readonly next: Next;
  /** The operational event `message.attempt.…` that follows, if any. */
  readonly operational: 'failing' | 'recovered' | 'exhausted' | null;
  /** Set when the destination is to be disabled; the reason is for people. */
  readonly disableDestination: string | null;
}

/** The failed automatic attempt that is told as `failing`; a success after so many failures is a recovery. */
export const FAILING_ATTEMPTS = 4;
export const GONE_REASON = '410 Gone';

const DELIVERED: Next = { kind: 'settled', status: 'delivered' };
const FAILED: Next = { kind: 'settled', status: 'failed' };
const PLAIN_SUCCESS: Settlement = { next: DELIVERED, operational: null, disableDestination: null };
const RECOVERY: Settlement = { next: DELIVERED, operational: 'recovered', disableDestination: null };

/** Decides what becomes of a delivery after an attempt. */
export function settle(input: SettleInput): Settlement {
  if (isDelivered(input.outcome)) return input.attempts >= FAILING_ATTEMPTS ? RECOVERY : PLAIN_SUCCESS;
  const disableDestination = isGone(input.outcome) ? GONE_REASON : null;
  if (input.trigger === 'manual') return { next: FAILED, operational: null, disableDestination };
  const delayMs = input.scheduleMs[input.attempts];
  if (disableDestination !== null || delayMs === undefined)
    return { next: FAILED, operational: 'exhausted', disableDestination };
  const attempts = input.attempts + 1;
  return {
    next: { kind: 'waiting', dueAt: input.now + pauseMs(input, delayMs), attempts },
    operational: attempts === FAILING_ATTEMPTS ? 'failing' : null,
    disableDestination: null,
  };
}

/** The first schedule that somebody set, from the nearest to the farthest. */
export function scheduleFor(from: {
  readonly message: readonly number[] | null;
  readonly destination: readonly number[] | null;
  readonly eventType: readonly number[] | null;
  readonly global: readonly number[];
}): readonly number[] {
  return from.message ?? from.destination ?? from.eventType ?? from.global;
}

function pauseMs(input: SettleInput, delayMs: number): number {
  const asked = isAnswered(input.outcome) ? retryAfterMs(input.outcome.retryAfter, input.now) : undefined;
  return Math.max(jittered(delayMs, input.uniform), asked ?? 0);
}

function isGone(outcome: Outcome): boolean {
  return isAnswered(outcome) && outcome.statusCode === 410;
}
