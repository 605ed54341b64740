/**
 * Time that stands still until a test moves it. `advance` fires what falls due in order of due time (then of
 * insertion) and lets every promise settle in between, so that code under test sees time as it would in production.
 */
import type { Clock } from '../../src/ports/clock.ts';

/** Timers that may fire without time moving before we call it a loop that never sleeps. */
const FIRES_PER_INSTANT_MAX = 100_000;

interface Timer {
  at: number;
  seq: number;
  readonly fire: () => void;
  /** null = the world's. */
  readonly owner: Process | null;
}

interface Process {
  /** What fell due while it was paused; null = it runs. */
  held: Timer[] | null;
}

export interface FakeClockOptions {
  /** Ms since the epoch at the start. */
  readonly startAt?: number;
  /** Resolves when nothing more will happen at this instant; default: three turns of the event loop. */
  readonly settle?: () => Promise<void>;
}

/** A clock for one simulated process: shares the time, and dies with its timers. */
export interface ProcessClock extends Clock {
  readonly isPaused: boolean;
  /** Time goes on, but no timer of this process fires. */
  pause(): void;
  /** What fell due meanwhile fires now, in its order. */
  resume(): void;
  /** Timers of this process never fire again, and new ones are not kept. */
  kill(): void;
}

export class FakeClock implements Clock {
  #now: number;
  #seq = 0;
  #settle: () => Promise<void>;
  /** A binary heap by (at, seq). */
  readonly #timers: Timer[] = [];
  readonly #canceled = new Set<Timer>();

  constructor(options: FakeClockOptions = {}) {
    this.#now = options.startAt ?? Date.UTC(2030, 0, 1);
    this.#settle = options.settle ?? threeTurns;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, fire: () => void): () => void {
    return this.#arm(delayMs, fire, null);
  }

  /** Replaces what `advance` awaits between timers. */
  settleWith(settle: () => Promise<void>): void {
    this.#settle = settle;
  }

  /**
   * A clock whose timers can be dropped all at once, as a killed process drops them, or held, as a stopped one does.
   * `aheadMs`: how wrong its time is.
   */
  forProcess({ aheadMs = 0 }: { readonly aheadMs?: number } = {}): ProcessClock {
    let dead = false;
    const owner: Process = { held: null };
    return {
      now: () => this.#now + aheadMs,
      after: (delayMs, fire) => (dead ? () => {} : this.#arm(delayMs, fire, owner)),
      get isPaused() {
        return owner.held !== null;
      },
      pause() {
        owner.held ??= [];
      },
      resume: () => {
        const held = owner.held ?? [];
        owner.held = null;
        for (const timer of held) if (!this.#canceled.delete(timer)) this.#armAgain(timer);
      },
      kill: () => {
        dead = true;
        if (owner.held !== null) owner.held = [];
        for (const timer of this.#timers) if (timer.owner === owner) this.#canceled.add(timer);
      },
    };
  }

  /** Moves time forward, firing what falls due on the way. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await this.#settle();
    for (let next = this.nextAt(); next !== null && next <= until; next = this.nextAt()) {
      await this.#fireAt(next);
    }
    this.#now = until;
  }

  /** Moves time to the next timer at most `limitMs` ahead and fires it; false = there was none. */
  async advanceToNext(limitMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    await this.#settle();
    const next = this.nextAt();
    if (next === null || next > this.#now + limitMs) return false;
    await this.#fireAt(next);
    return true;
  }

  /** When the next timer is due; null = none is armed. */
  nextAt(): number | null {
    this.#dropCanceled();
    return this.#timers[0]?.at ?? null;
  }

  /** Timers that would still fire. */
  get armed(): number {
    return this.#timers.length - this.#canceled.size;
  }

  #arm(delayMs: number, fire: () => void, owner: Process | null): () => void {
    if (!Number.isFinite(delayMs)) throw new Error(`A timer was armed with a delay of ${delayMs} ms.`);
    let armed = true;
    const timer: Timer = {
      at: this.#now + Math.max(0, delayMs),
      seq: this.#seq++,
      owner,
      fire: () => {
        armed = false;
        fire();
      },
    };
    pushTimer(this.#timers, timer);
    return () => {
      if (armed) this.#canceled.add(timer);
      armed = false;
    };
  }

  #armAgain(timer: Timer): void {
    timer.at = this.#now;
    timer.seq = this.#seq++;
    pushTimer(this.#timers, timer);
  }

  async #fireAt(at: number): Promise<void> {
    if (at > this.#now) this.#now = at;
    for (let fires = 0; this.nextAt() !== null && this.nextAt()! <= at; fires++) {
      if (fires > FIRES_PER_INSTANT_MAX) throw new Error('Timers re-arm themselves without time passing.');
      const timer = popTimer(this.#timers)!;
      if (timer.owner !== null && timer.owner.held !== null) {
        timer.owner.held.push(timer);
        continue;
      }
      timer.fire();
      await this.#settle();
    }
  }

  #dropCanceled(): void {
    while (this.#timers.length > 0 && this.#canceled.delete(this.#timers[0]!)) popTimer(this.#timers);
  }
}

/** Lets promise chains, and work put off to the next turns of the event loop, come to their end. */
export async function threeTurns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await nextTurn();
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.seq < b.seq);
}

function pushTimer(heap: Timer[], timer: Timer): void {
  let at = heap.length;
  heap.push(timer);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(timer, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = timer;
}

function popTimer(heap: Timer[]): Timer | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  let at = 0;
  for (let child = 1; child < heap.length; child = 2 * at + 1) {
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
    if (!isBefore(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
  return first;
}
