/** Reads rows of the queue into lanes: one read per lane and few in all, so that a start with many lanes stays small. */
import type { Clock } from '../ports/clock.ts';
import type { Queue, QueuedDelivery } from '../ports/queue.ts';
import type { Lane } from './lane.ts';
import { deliveryKey, type ReadPlan } from './supply.ts';

const READS_AT_ONCE = 4;
const READ_ROWS_MAX = 250;
const READ_BYTES_MAX = 2 * 1024 * 1024;

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
      const rows = await this.#take(lane, plan);
      lane.troubles = 0;
      // The supply was replaced meanwhile: the new one reads for itself.
      if (lane.supply === supply) supply.absorb(plan, rows, (delivery) => ignored.has(deliveryKey(delivery)));
    } catch (cause) {
      this.#fail(lane, cause);
    } finally {
      lane.ignored = null;
      this.#running--;
      this.#wake(lane);
      this.#next();
    }
  }

  #take(lane: Lane, plan: ReadPlan): Promise<readonly QueuedDelivery[]> {
    const size = { limit: plan.limit, bytesMax: Math.min(lane.budget.bytesLeft, READ_BYTES_MAX) };
    if (plan.kind === 'fresh') return this.#queue.takeFresh(lane, { afterSeq: plan.afterSeq, ...size });
    if (plan.kind === 'in-order') return this.#queue.takeInOrder(lane, { afterSeq: plan.afterSeq, ...size });
    return this.#queue.takeDue(lane, { dueBefore: Number.MAX_SAFE_INTEGER, after: plan.after, ...size });
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
