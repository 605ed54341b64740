/** Keeps a way in going: whatever its work throws is told and tried again with growing pauses, until it is stopped. */
import type { Clock } from '../ports/clock.ts';
import type { Dice } from '../ports/dice.ts';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 300_000;
/** Longer sleeps are slept in pieces: a timer holds 2^31 ms at most. */
const TIMER_MAX_MS = 24 * 3_600_000;

export interface Pauses {
  /** After the first failure; doubled with each one. Default 1 s. */
  readonly firstMs?: number;
  /** Default 5 min. */
  readonly longestMs?: number;
}

/** A failure that says itself how long to wait, e.g. by Retry-After. */
export class TryLater extends Error {
  readonly afterMs: number;

  constructor(message: string, afterMs: number) {
    super(message);
    this.name = 'TryLater';
    this.afterMs = afterMs;
  }
}

/** How long to wait after that many failures in a row (1 = the first), with up to a quarter more at random. */
export function pauseAfter(failures: number, dice: Dice, pauses: Pauses = {}): number {
  const { firstMs = FIRST_PAUSE_MS, longestMs = LONGEST_PAUSE_MS } = pauses;
  const doubled = Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(doubled * (1 + dice.uniform() / 4));
}

/** What the work is given. */
export interface Steady {
  readonly isStopped: boolean;
  /** Aborted by `stop()`. */
  readonly signal: AbortSignal;
  /** Resolves when the time has passed or `stop()` was called, whichever is first. */
  sleep(ms: number): Promise<void>;
  /** All is well again: the next failure is a first one. */
  succeeded(): void;
}

export interface SteadyOptions {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly pauses?: Pauses;
  /** Each failure, with the pause that follows: tell it to `host.health`. */
  readonly onFailure: (error: unknown, pauseMs: number) => void;
}

export interface SteadyRun {
  /** Wakes a sleep, and resolves when the work has returned. May be called again. */
  stop(): Promise<void>;
}

/**
 * Calls `work` again and again: at once after it returned (it paces itself with `steady.sleep`), after a growing pause
 * when it threw. A `work` that returns without having waited for anything would spin; it must not.
 */
export function keepTrying(options: SteadyOptions, work: (steady: Steady) => Promise<void>): SteadyRun {
  const { clock, dice, pauses = {}, onFailure } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  let failures = 0;
  const steady: Steady = {
    get isStopped() {
      return signal.aborted;
    },
    signal,
    async sleep(ms) {
      const until = clock.now() + ms;
      for (let left = ms; left > 0 && !signal.aborted; ) {
        const piece = Math.min(left, TIMER_MAX_MS);
        await sleepOnce(clock, piece, signal);
        // A clock that was set back must not make a sleep longer than it was meant to be.
        left = Math.min(left - piece, until - clock.now());
      }
    },
    succeeded() {
      failures = 0;
    },
  };
  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await work(steady);
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        const grown = pauseAfter(failures, dice, pauses);
        const pauseMs = error instanceof TryLater ? Math.max(error.afterMs, grown) : grown;
        onFailure(error, pauseMs);
        await steady.sleep(pauseMs);
      }
    }
  };
  const ended = loop();
  return {
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

/** Resolves after `ms` (a timer's worth at most), or as soon as `signal` is aborted. */
export function sleepOnce(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const wake = (): void => {
      cancel();
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const cancel = clock.after(ms, wake);
    signal.addEventListener('abort', wake, { once: true });
  });
}
