/**
 * What a destination's recent attempts say about it, and whether the next attempt may go.
 *
 *   closed ──10 failures in a row, or half of >= 20 in 60 s──> open ──probeAt──> half-open ──success──> closed
 *                                                               ▲                    │
 *                                                               └─failed: pause × 2──┘
 *
 * A success from anywhere closes. Beside the circuit, 429/502/503/504 throttle: nobody goes before `throttledUntil`.
 */
import { isAnswered, isDelivered, type Outcome } from '../outcome.ts';
import { jittered } from './backoff.ts';
import { OutcomeWindow } from './outcome-window.ts';
import { retryAfterMs } from './retry-after.ts';

/** Persisted whenever it changes; a healthy one has no row. */
export interface Health {
  /** Failed attempts in a row. */
  readonly failuresInRow: number;
  /** First failure since the last success; 0 = none. Disabled when this is older than the configured window. */
  readonly failingSince: number;
  readonly circuit: 'closed' | 'open' | 'half-open';
  /** While open: when the next probe may go. While half-open: when a probe that was never heard of is given up. */
  readonly probeAt: number;
  /** Pause before that probe; doubles from 30 s to 15 min. */
  readonly probeDelayMs: number;
  /** After 429/502/503/504: no attempt before this instant; 0 = none. */
  readonly throttledUntil: number;
}

export const HEALTHY: Health = {
  failuresInRow: 0,
  failingSince: 0,
  circuit: 'closed',
  probeAt: 0,
  probeDelayMs: 0,
  throttledUntil: 0,
};

export const CIRCUIT_FAILURES_IN_ROW = 10;
export const CIRCUIT_WINDOW_ATTEMPTS_MIN = 20;
export const CIRCUIT_WINDOW_FAILED_PART = 0.5;
export const PROBE_DELAY_MS_MIN = 30_000;
export const PROBE_DELAY_MS_MAX = 15 * 60_000;
/** Longer than any attempt may take: a probe unheard of for so long was lost with its process. */
export const PROBE_LOST_MS = 90_000;
export const THROTTLE_PAUSE_MS_MIN = 1000;
export const THROTTLE_PAUSE_MS_MAX = 60_000;

export interface JudgeInput {
  readonly health: Health;
  /** The destination's own; judge counts the outcome in it. */
  readonly window: HealthWindow;
  readonly outcome: Outcome;
  readonly now: number;
  /** Every attempt failed for so long: disabled. Infinity = never. */
  readonly disableAfterMs: number;
  /** In [0, 1), from the dice: probes of many destinations spread out. */
  readonly uniform: number;
}

export interface Judgement {
  readonly health: Health;
  readonly window: HealthWindow;
  /** The health differs from the one given and is to be persisted; `isHealthy` tells when its row goes. */
  readonly changed: boolean;
  /** Set when the destination is to be disabled; the reason is for people. */
  readonly disable: string | null;
}

/** What the lane of a destination keeps in memory between its attempts; `judge` writes into it. */
export class HealthWindow extends OutcomeWindow {
  /** The pause after the last throttling answer; 0 = none since the last success. */
  throttlePauseMs = 0;
  /** What `judge` answers to steady success, made once. */
  readonly steady: Judgement = { health: HEALTHY, window: this, changed: false, disable: null };
}

/** The window of a destination as it starts, and after a restart. */
export function newWindow(): HealthWindow {
  return new HealthWindow();
}

/** True when nothing is remembered against a destination. */
export function isHealthy(health: Health): boolean {
  return health.failingSince === 0 && health.circuit === 'closed' && health.throttledUntil === 0;
}

/** Counts an outcome and decides what it makes of the destination. On steady success it allocates nothing. */
export function judge(input: JudgeInput): Judgement {
  return isDelivered(input.outcome) ? judgeSuccess(input) : judgeFailure(input);
}

export type Admission =
  | { readonly kind: 'go' }
  /** The circuit lets one attempt through: put `probing(health, now)` in place before it goes. */
  | { readonly kind: 'probe' }
  | { readonly kind: 'wait'; readonly until: number };

const GO: Admission = { kind: 'go' };
const PROBE: Admission = { kind: 'probe' };

/** May an attempt go now? Waiting uses up no attempt. */
export function admission(health: Health, now: number): Admission {
  const closed = health.circuit === 'closed';
  const until = closed ? health.throttledUntil : Math.max(health.throttledUntil, health.probeAt);
  if (until > now) return { kind: 'wait', until };
  return closed ? GO : PROBE;
}

/** The health while a probe is under way: everybody else waits for what comes of it. */
export function probing(health: Health, now: number): Health {
  return { ...health, circuit: 'half-open', probeAt: now + PROBE_LOST_MS };
}

function judgeSuccess({ health, window, now }: JudgeInput): Judgement {
  if (isHealthy(health)) {
    window.count(now, true);
    return window.steady;
  }
  // Old failures would open the circuit again with the next one: a closed circuit starts from nothing.
  if (health.circuit !== 'closed') window.clear();
  window.count(now, true);
  window.throttlePauseMs = 0;
  return { health: HEALTHY, window, changed: true, disable: null };
}

function judgeFailure(input: JudgeInput): Judgement {
  const { health, window, now } = input;
  window.count(now, false);
  const failingSince = health.failingSince === 0 ? now : health.failingSince;
  const next: Health = {
    ...health,
    failuresInRow: health.failuresInRow + 1,
    failingSince,
    throttledUntil: throttledUntil(input),
    ...circuitAfterFailure(input),
  };
  const disable =
    now - failingSince >= input.disableAfterMs
      ? `failing since ${new Date(failingSince).toISOString()}`
      : null;
  return { health: next, window, changed: true, disable };
}

/** Failures of attempts that were under way when the circuit opened change nothing about its probe. */
function circuitAfterFailure(input: JudgeInput): Partial<Health> {
  const { health, window, now, uniform } = input;
  if (health.circuit === 'open') return {};
  const isTooMuch = health.failuresInRow + 1 >= CIRCUIT_FAILURES_IN_ROW || isMostlyFailing(window, now);
  if (health.circuit === 'closed' && !isTooMuch) return {};
  const probeDelayMs =
    health.circuit === 'half-open'
      ? Math.min(health.probeDelayMs * 2, PROBE_DELAY_MS_MAX)
      : PROBE_DELAY_MS_MIN;
  return { circuit: 'open', probeDelayMs, probeAt: now + jittered(probeDelayMs, uniform) };
}

function isMostlyFailing(window: HealthWindow, now: number): boolean {
  const { attempts, failures } = window.totals(now);
  return attempts >= CIRCUIT_WINDOW_ATTEMPTS_MIN && failures >= attempts * CIRCUIT_WINDOW_FAILED_PART;
}

/** The pause doubles once per pause, not once per answer: attempts already under way do not add to it. */
function throttledUntil({ health, window, outcome, now }: JudgeInput): number {
  if (!isAnswered(outcome) || !isThrottling(outcome.statusCode)) return health.throttledUntil;
  if (now >= health.throttledUntil) {
    window.throttlePauseMs = Math.min(
      Math.max(window.throttlePauseMs * 2, THROTTLE_PAUSE_MS_MIN),
      THROTTLE_PAUSE_MS_MAX,
    );
  }
  const pauseMs = Math.max(retryAfterMs(outcome.retryAfter, now) ?? 0, window.throttlePauseMs);
  return Math.max(health.throttledUntil, now + pauseMs);
}

function isThrottling(statusCode: number): boolean {
  return statusCode === 429 || (statusCode >= 502 && statusCode <= 504);
}
