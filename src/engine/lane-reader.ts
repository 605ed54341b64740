/** Reads rows of the queue into lanes: one read per lane and few in all, so that a start with many lanes stays small. */
import type { Clock } from '../ports/clock.ts';
import type { Queue, Taken } from '../ports/queue.ts';
import type { Lane } from './lane.ts';
import { deliveryKey, NEVER, type ReadAnswer, type ReadPlan } from './supply.ts';

const READS_AT_ONCE = 4;
const READ_ROWS_MAX = 250;
const READ_BYTES_MAX = 2 * 1024 * 1024;

interface Size {
  readonly limit: number;
  readonly bytesMax: number;
}

export class LaneReader {
  readonly #queue: Queue;
  readonly #clock: Clock;
  readonly #wake: (lane: Lane) => void;
  readonly #fail: (lane: Lane, cause: unknown) => void;
  /** Rows that each waiting lane wants at most. */
  readonly #waiting = new Map<Lane, number>();
  #running = 0;

  constructor(options: {
    queue: Queue;
    clock: Clock;
    wake: (lane: Lane) => void;
    fail: (lane: Lane, cause: unknown) => void;
  }) {
    this.#queue = options.queue;
    this.#clock = options.clock;
    this.#wake = options.wake;
    this.#fail = options.fail;
  }

  /** Reads what the lane's supply wants, if anything and if it is the lane's turn; wakes the lane afterwards. */
  refill(lane: Lane, now: number, rowsMax: number): void {
    if (lane.ignored !== null) return;
    const plan = lane.supply.plan(now, Math.min(rowsMax, lane.budget.itemsLeft, READ_ROWS_MAX));
    if (plan === null) return;
    if (this.#running >= READS_AT_ONCE) this.#waiting.set(lane, rowsMax);
    else void this.#read(lane, plan);
  }

  async #read(lane: Lane, plan: ReadPlan): Promise<void> {
    this.#running++;
    const { supply } = lane;
    const ignored = new Set(lane.givenOut);
    lane.ignored = ignored;
    try {
      const answer = await this.#take(lane, plan);
      lane.troubles = 0;
      // The supply was replaced meanwhile: the new one reads for itself.
      if (lane.supply === supply)
        supply.absorb(plan, answer, (delivery) => ignored.has(deliveryKey(delivery)));
    } catch (cause) {
      this.#fail(lane, cause);
    } finally {
      lane.ignored = null;
      this.#running--;
      this.#wake(lane);
      this.#next();
    }
  }

  async #take(lane: Lane, plan: ReadPlan): Promise<ReadAnswer> {
    const size = { limit: plan.limit, bytesMax: Math.min(lane.budget.bytesLeft, READ_BYTES_MAX) };
    const taken = await this.#taken(lane, plan, size);
    return { ...taken, isEnd: isEnd(taken.rows, size), readAt: this.#clock.now() };
  }

  async #taken(lane: Lane, plan: ReadPlan, size: Size): Promise<Taken> {
    switch (plan.kind) {
      case 'fresh': {
        const { afterSeq, decidedOnly } = plan;
        return this.#queue.takeFresh(lane, { afterSeq, decidedOnly, ...size });
      }
      case 'in-order':
        return this.#queue.takeInOrder(lane, { afterSeq: plan.afterSeq, ...size });
      case 'due': {
        const options = { dueBefore: Number.MAX_SAFE_INTEGER, after: plan.after, ...size };
        const rows = await this.#queue.takeDue(lane, options);
        return { rows, decidedBelow: NEVER, hasUndecided: false };
      }
    }
  }

  #next(): void {
    for (const [lane, rowsMax] of this.#waiting) {
      if (this.#running >= READS_AT_ONCE) return;
      this.#waiting.delete(lane);
      const now = this.#clock.now();
      if (!lane.isBlocked && lane.restsUntil <= now) this.refill(lane, now, rowsMax);
    }
  }
}

/** `bytesMax` is kept about, so only what is far from it was certainly not cut off by it. */
function isEnd(rows: Taken['rows'], { limit, bytesMax }: Size): boolean {
  if (rows.length >= limit) return false;
  let bytes = 0;
  for (const { content } of rows) bytes += content?.byteLength ?? 0;
  return bytes * 2 < bytesMax || rows.length === 0;
}
