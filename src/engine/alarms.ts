/**
 * One timer for any number of sleepers: a binary heap by the instant at which each wants to be woken. A timer per
 * delivery, or per lane, would be a million timers after a night with a dead endpoint.
 */
import type { Clock } from '../ports/clock.ts';

/** What can be woken. The two members belong to Alarms. */
export interface Sleeper {
  /** Infinity = not asleep. */
  alarmAt: number;
  /** Place in the heap; -1 = not in it. */
  alarmIndex: number;
}

export class Alarms<S extends Sleeper> {
  readonly #heap: S[] = [];
  readonly #clock: Clock;
  readonly #wake: (sleeper: S) => void;
  #cancelTimer: (() => void) | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(clock: Clock, wake: (sleeper: S) => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** Wakes the sleeper at `at` and forgets any other instant; Infinity = do not wake it. */
  set(sleeper: S, at: number): void {
    if (sleeper.alarmAt === at || this.#stopped) return;
    const before = sleeper.alarmAt;
    sleeper.alarmAt = at;
    if (sleeper.alarmIndex < 0) {
      sleeper.alarmIndex = this.#heap.length;
      this.#heap.push(sleeper);
      this.#rise(sleeper.alarmIndex);
    } else if (at === Number.POSITIVE_INFINITY) {
      this.#removeAt(sleeper.alarmIndex);
    } else if (at < before) this.#rise(sleeper.alarmIndex);
    else this.#sink(sleeper.alarmIndex);
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #arm(): void {
    const first = this.#heap[0];
    if (first === undefined || this.#stopped) return;
    // A timer that is early costs one look; only one that would be late has to be moved.
    if (this.#cancelTimer !== null && this.#timerAt <= first.alarmAt) return;
    this.#cancelTimer?.();
    this.#timerAt = first.alarmAt;
    this.#cancelTimer = this.#clock.after(Math.max(0, first.alarmAt - this.#clock.now()), () => this.#fire());
  }

  #fire(): void {
    this.#cancelTimer = null;
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    for (let first = this.#heap[0]; first !== undefined && first.alarmAt <= now; first = this.#heap[0]) {
      this.#removeAt(0);
      first.alarmAt = Number.POSITIVE_INFINITY;
      this.#wake(first);
    }
    this.#arm();
  }

  #removeAt(index: number): void {
    const removed = this.#heap[index]!;
    const last = this.#heap.pop()!;
    removed.alarmIndex = -1;
    if (last === removed) return;
    this.#put(last, index);
    this.#rise(index);
    this.#sink(last.alarmIndex);
  }

  #put(sleeper: S, index: number): void {
    this.#heap[index] = sleeper;
    sleeper.alarmIndex = index;
  }

  #rise(start: number): void {
    const sleeper = this.#heap[start]!;
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#heap[parent]!.alarmAt <= sleeper.alarmAt) break;
      this.#put(this.#heap[parent]!, at);
      at = parent;
    }
    this.#put(sleeper, at);
  }

  #sink(start: number): void {
    const sleeper = this.#heap[start]!;
    let at = start;
    for (let child = 2 * at + 1; child < this.#heap.length; child = 2 * at + 1) {
      if (child + 1 < this.#heap.length && this.#heap[child + 1]!.alarmAt < this.#heap[child]!.alarmAt)
        child++;
      if (this.#heap[child]!.alarmAt >= sleeper.alarmAt) break;
      this.#put(this.#heap[child]!, at);
      at = child;
    }
    this.#put(sleeper, at);
  }
}
