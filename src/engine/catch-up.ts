/**
 * Follows the commits of a lane in a store with one writer, in order of acceptance: by hand as long as there is room, from then on by reading the
 * table until reading has caught up with the commits:
 *
 *   caught up ──no room, or a mark──> behind ──read──> behind, collecting a tail of commits since that read began
 *       ▲                                ▲                │
 *       │                                └──tail too long─┤
 *       └──a read reached the tail's first, or found nothing┘
 */
import type { QueuedDelivery } from '../ports/queue.ts';
import { type Budget, deliveryBytes } from './budget.ts';
import type { Follower } from './follower.ts';
import { NEVER, type ReadAnswer } from './supply.ts';

/**
 * Part of a lane's room that a tail may take before reading is better than collecting. Less than the half that lets a
 * lane read on: a tail that kept it from reading would never be caught up with.
 */
const TAIL_PART = 0.25;

export class CatchUp implements Follower {
  readonly mayRepeat = false;
  readonly decidedOnly = false;
  readonly lookAt = NEVER;
  readonly #budget: Budget;
  /** Every row up to this seq was taken by whoever follows. */
  #cursor = 0;
  /** The part of it that came from reads: what is handed over from below was read already. */
  #readCursor = 0;
  #isBehind = false;
  #tail: QueuedDelivery[] | null = null;
  #tailBytes = 0;
  /** The read under way began before a rewind, perhaps one to the very place it began at. */
  #isOutdated = false;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  get isBehind(): boolean {
    return this.#isBehind;
  }

  get frontier(): number {
    return this.#isBehind ? this.#cursor + 1 : NEVER;
  }

  hand(delivery: QueuedDelivery): boolean {
    if (delivery.seq <= this.#readCursor) return false;
    if (this.#isBehind) {
      this.#collect(delivery);
      return false;
    }
    if (!this.#budget.hasRoom) {
      this.#isBehind = true;
      return false;
    }
    if (delivery.seq > this.#cursor) this.#cursor = delivery.seq;
    return true;
  }

  mark(): void {
    this.#isBehind = true;
    this.#dropTail();
  }

  wants(): boolean {
    return this.#isBehind;
  }

  /** Whoever is behind reads all that was accepted before. */
  awaitUpTo(): void {}

  begin(): number {
    this.#tail ??= [];
    this.#isOutdated = false;
    return this.#cursor;
  }

  /** The rows, and the tail when the read has reached it. */
  absorb({ rows }: Pick<ReadAnswer, 'rows'>): readonly QueuedDelivery[] {
    if (this.#isOutdated) return [];
    const last = rows.at(-1);
    if (last !== undefined) this.#cursor = this.#readCursor = last.seq;
    const tail = this.#tail;
    const firstOfTail = tail?.[0];
    const hasReached = last === undefined || (firstOfTail !== undefined && last.seq >= firstOfTail.seq);
    if (tail === null || !hasReached) return rows;
    // The tail holds every commit since these rows were read: nothing lies between.
    this.#dropTail();
    this.#isBehind = false;
    const more = tail.filter((delivery) => delivery.seq > this.#readCursor);
    if (more.length > 0) this.#cursor = more.at(-1)!.seq;
    return more.length === 0 ? rows : [...rows, ...more];
  }

  rewind(seq: number): void {
    this.#isBehind = true;
    this.#isOutdated = true;
    this.#cursor = Math.min(this.#cursor, seq - 1);
    this.#readCursor = Math.min(this.#readCursor, this.#cursor);
  }

  drop(seq: number): void {
    const settled = this.#tail?.filter((delivery) => delivery.seq === seq) ?? [];
    if (settled.length === 0) return;
    this.#tail = this.#tail!.filter((delivery) => delivery.seq !== seq);
    for (const delivery of settled) {
      this.#budget.remove(delivery);
      this.#tailBytes -= deliveryBytes(delivery);
    }
  }

  release(): void {
    this.#dropTail();
  }

  #collect(delivery: QueuedDelivery): void {
    if (this.#tail === null) return;
    const { laneItemsMax, laneBytesMax } = this.#budget.limits;
    this.#tailBytes += deliveryBytes(delivery);
    const isLong = this.#tail.length + 1 > laneItemsMax * TAIL_PART;
    if (isLong || this.#tailBytes > laneBytesMax * TAIL_PART || !this.#budget.hasRoom) {
      this.#dropTail();
      return;
    }
    this.#tail.push(delivery);
    this.#budget.add(delivery);
  }

  #dropTail(): void {
    if (this.#tail !== null) for (const delivery of this.#tail) this.#budget.remove(delivery);
    this.#tail = null;
    this.#tailBytes = 0;
  }
}
