/**
 * The database's time, which is the same for all nodes, whatever their own clocks say. It counts the local uptime on
 * from what the database said last, so setting the local clock changes nothing; until it has said something the local
 * clock counts. Timers are local.
 *
 * It goes back only when it was wrong by more than STEP_MS (the local clock was, or the database's was set). When it was
 * less, it stands still until the time has come.
 */
import { ClockOffset } from '../../core/cluster/clock-offset.ts';
import type { Clock } from '../../ports/clock.ts';

const STEP_MS = 1_000;

export class DatabaseClock implements Clock {
  readonly #local: Clock;
  readonly #uptime: () => number;
  readonly #offset = new ClockOffset();
  #ahead: number | null = null;
  #last = 0;

  /** `uptime`: ms of a clock that is never set. */
  constructor(local: Clock, uptime: () => number) {
    this.#local = local;
    this.#uptime = uptime;
  }

  /** `databaseNow`: what the database's clock said between these two instants of `uptime`. */
  answered(sentAt: number, databaseNow: number, receivedAt: number): void {
    this.#offset.answered(sentAt, databaseNow, receivedAt);
    this.#ahead = this.#offset.value;
  }

  now(): number {
    const now = this.#ahead === null ? this.#local.now() : Math.floor(this.#uptime() + this.#ahead);
    if (now > this.#last || this.#last - now > STEP_MS) this.#last = now;
    return this.#last;
  }

  after(delayMs: number, fire: () => void): () => void {
    return this.#local.after(delayMs, fire);
  }
}
