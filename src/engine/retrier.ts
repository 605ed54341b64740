/**
 * Repeats what must be written until it is. An attempt that was made is not let go of because the store hiccupped: a
 * delivered event would be sent again. How much can wait here is bounded by what lanes may hold.
 */
import { Problem } from '../core/problem.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log, LogFields } from '../ports/log.ts';

const PAUSE_FIRST_MS = 100;
const PAUSE_LONGEST_MS = 5_000;

/** The engine was stopped before it could be done. */
export const GIVEN_UP = Symbol('given up');

export class Retrier {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #pauses = new Set<() => void>();
  #isStopped = false;

  constructor(options: { clock: Clock; log: Log }) {
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Never rejects. `what` names the log line. */
  async untilDone<T>(what: string, fields: LogFields, act: () => Promise<T>): Promise<T | typeof GIVEN_UP> {
    for (let pauseMs = PAUSE_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, PAUSE_LONGEST_MS)) {
      try {
        return await act();
      } catch (cause) {
        if (cause instanceof Problem)
          this.#log.warn(`${what}.postponed`, { ...fields, reason: cause.message });
        else this.#log.error(`${what}.failed`, cause, fields);
      }
      if (this.#isStopped) return GIVEN_UP;
      await this.#pause(pauseMs);
    }
  }

  /** Lets whoever waits try once more, then give up. */
  stop(): void {
    this.#isStopped = true;
    for (const wake of [...this.#pauses]) wake();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.#pauses.delete(wake);
        resolve();
      };
      const cancel = this.#clock.after(ms, wake);
      this.#pauses.add(wake);
    });
  }
}
