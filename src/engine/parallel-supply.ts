/**
 * The supply of a lane whose deliveries may pass each other. Fresh ones are handed over by commits as long as there
 * is room; from then on the table is read, until reading has caught up with the commits:
 *
 *   caught up ──no room, or a mark──> behind ──read──> behind, collecting a tail of commits since that read began
 *       ▲                                ▲                │
 *       │                                └──tail too long─┤
 *       └──a read reached the tail's first, or found nothing┘
 *
 * Retries are read when they fall due, in passes that start at the earliest and end at the first one in the future.
 */
import type { DuePosition, QueuedDelivery } from '../ports/queue.ts';
import type { Budget } from './budget.ts';
import { Fifo } from './fifo.ts';
import { deliveryKey, type Finish, type ReadPlan, type Supply } from './supply.ts';

const NEVER = Number.POSITIVE_INFINITY;
/** A pass starts with few rows, because most find one due and the next in the future. */
const PASS_ROWS_FIRST = 16;
/** Part of a lane's room that a tail may take before reading is better than collecting. */
const TAIL_PART = 0.25;

interface Pass {
  readonly startedAt: number;
  after: DuePosition | null;
  limit: number;
}

export class ParallelSupply implements Supply {
  readonly #budget: Budget;
  readonly #fresh = new Fifo<QueuedDelivery>();
  readonly #due = new Fifo<QueuedDelivery>();
  readonly #urgent = new Fifo<QueuedDelivery>();
  /** Keys of what `due` and `urgent` hold: passes find these rows again. */
  readonly #heldDue = new Set<number>();
  /** Every fresh row up to this seq is held, given out or no longer fresh. */
  #cursor = 0;
  /** The part of it that came from reads: what is handed over from below was read already. */
  #readCursor = 0;
  #isBehind = false;
  #tail: QueuedDelivery[] | null = null;
  #nextDueAt = NEVER;
  #pass: Pass | null = null;
  #isDuesTurn = false;
  #isDuesRead = false;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  hand(delivery: QueuedDelivery): void {
    if (delivery.dueAt > 0) this.markDue(delivery.dueAt);
    else if (delivery.seq <= this.#readCursor) return;
    else if (this.#isBehind) this.#collect(delivery);
    else if (this.#budget.hasRoom) {
      this.#hold(this.#fresh, delivery);
      if (delivery.seq > this.#cursor) this.#cursor = delivery.seq;
    } else this.#isBehind = true;
  }

  handUrgent(delivery: QueuedDelivery): void {
    if (this.#budget.hasRoom) this.#holdDue(this.#urgent, delivery);
    else this.markDue(delivery.dueAt);
  }

  mark(): void {
    this.#isBehind = true;
    this.#dropTail();
  }

  markDue(dueAt: number): void {
    if (dueAt < this.#nextDueAt) this.#nextDueAt = dueAt;
  }

  hasNext(): boolean {
    return this.#fresh.length > 0 || this.#due.length > 0 || this.#urgent.length > 0;
  }

  get hasUrgent(): boolean {
    return this.#urgent.length > 0;
  }

  next(): QueuedDelivery | undefined {
    this.#isDuesTurn = !this.#isDuesTurn || this.#fresh.length === 0;
    if (this.#heldDue.size === 0 || (!this.#isDuesTurn && this.#urgent.length === 0))
      return this.#fresh.shift();
    const due = this.#urgent.shift() ?? this.#due.shift();
    if (due === undefined) return this.#fresh.shift();
    this.#heldDue.delete(deliveryKey(due));
    return due;
  }

  nextUrgent(): QueuedDelivery | undefined {
    const urgent = this.#urgent.shift();
    if (urgent !== undefined) this.#heldDue.delete(deliveryKey(urgent));
    return urgent;
  }

  finish(delivery: QueuedDelivery, finish: Finish): void {
    this.#budget.remove(delivery);
    if (finish.kind === 'waiting') this.markDue(finish.dueAt);
    else if (delivery.trigger === 'manual' && finish.status === 'delivered') this.#dropTwin(delivery.seq);
  }

  plan(now: number, limitMax: number): ReadPlan | null {
    const isLow = this.#budget.isLow;
    if (this.#pass === null && this.#nextDueAt <= now && isLow) {
      this.#pass = { startedAt: now, after: null, limit: PASS_ROWS_FIRST };
      this.#nextDueAt = NEVER;
    }
    if (!isLow) return null;
    this.#isDuesRead = this.#pass !== null && (!this.#isBehind || !this.#isDuesRead);
    if (this.#isDuesRead && this.#pass !== null) {
      return { kind: 'due', after: this.#pass.after, limit: Math.min(this.#pass.limit, limitMax) };
    }
    if (!this.#isBehind) return null;
    this.#tail ??= [];
    return { kind: 'fresh', afterSeq: this.#cursor, limit: limitMax };
  }

  absorb(
    plan: ReadPlan,
    rows: readonly QueuedDelivery[],
    isGivenOut: (delivery: QueuedDelivery) => boolean,
  ): void {
    if (plan.kind === 'due') this.#absorbDue(rows, isGivenOut);
    else this.#absorbFresh(plan.kind === 'fresh' ? plan.afterSeq : 0, rows, isGivenOut);
  }

  get lookAt(): number {
    return this.#nextDueAt;
  }

  get isIdle(): boolean {
    return !this.hasNext() && !this.#isBehind && this.#pass === null && this.#nextDueAt === NEVER;
  }

  release(): void {
    this.#dropTail();
    const fresh = this.#fresh.drain();
    for (const delivery of fresh) if (delivery.seq <= this.#cursor) this.#cursor = delivery.seq - 1;
    if (fresh.length > 0) this.#isBehind = true;
    this.#readCursor = Math.min(this.#readCursor, this.#cursor);
    if (this.#pass !== null) this.markDue(this.#pass.startedAt);
    this.#pass = null;
    this.#heldDue.clear();
    const due = [...this.#due.drain(), ...this.#urgent.drain()];
    for (const delivery of due) this.markDue(delivery.dueAt);
    for (const delivery of [...fresh, ...due]) this.#budget.remove(delivery);
  }

  reset(): void {
    this.release();
    this.#isBehind = true;
    this.#cursor = 0;
    this.#readCursor = 0;
    this.#nextDueAt = 0;
  }

  #hold(where: Fifo<QueuedDelivery>, delivery: QueuedDelivery): void {
    where.push(delivery);
    this.#budget.add(delivery);
  }

  #holdDue(where: Fifo<QueuedDelivery>, delivery: QueuedDelivery): void {
    this.#hold(where, delivery);
    this.#heldDue.add(deliveryKey(delivery));
  }

  #collect(delivery: QueuedDelivery): void {
    if (this.#tail === null) return;
    const isLong = this.#tail.length >= this.#budget.limits.laneItemsMax * TAIL_PART;
    if (isLong || !this.#budget.hasRoom) {
      this.#dropTail();
      return;
    }
    this.#tail.push(delivery);
    this.#budget.add(delivery);
  }

  #dropTail(): void {
    if (this.#tail !== null) for (const delivery of this.#tail) this.#budget.remove(delivery);
    this.#tail = null;
  }

  #absorbFresh(
    afterSeq: number,
    rows: readonly QueuedDelivery[],
    isGivenOut: (delivery: QueuedDelivery) => boolean,
  ): void {
    // A release or reset during the read moved the cursor: these rows are not the ones that are next.
    if (afterSeq !== this.#cursor) return;
    for (const row of rows) if (!isGivenOut(row)) this.#hold(this.#fresh, row);
    const last = rows.at(-1);
    if (last !== undefined) {
      this.#cursor = last.seq;
      this.#readCursor = last.seq;
    }
    const firstOfTail = this.#tail?.[0];
    const reachedTail = firstOfTail !== undefined && last !== undefined && last.seq >= firstOfTail.seq;
    if (this.#tail === null || (last !== undefined && !reachedTail)) return;
    this.#catchUp(this.#tail);
  }

  /** The tail holds every commit since the rows that were read: nothing lies between. */
  #catchUp(tail: readonly QueuedDelivery[]): void {
    this.#tail = null;
    this.#isBehind = false;
    for (const delivery of tail) {
      this.#budget.remove(delivery);
      if (delivery.seq <= this.#readCursor) continue;
      this.#hold(this.#fresh, delivery);
      this.#cursor = delivery.seq;
    }
  }

  #absorbDue(rows: readonly QueuedDelivery[], isGivenOut: (delivery: QueuedDelivery) => boolean): void {
    const pass = this.#pass;
    if (pass === null) return;
    for (const row of rows) {
      if (row.dueAt > pass.startedAt) {
        this.markDue(row.dueAt);
        this.#pass = null;
        return;
      }
      pass.after = { dueAt: row.dueAt, seq: row.seq };
      if (isGivenOut(row) || this.#heldDue.has(deliveryKey(row))) continue;
      this.#holdDue(row.trigger === 'manual' ? this.#urgent : this.#due, row);
    }
    pass.limit *= 2;
    if (rows.length === 0) this.#pass = null;
  }

  /** A manual resend that arrived settles the scheduled delivery of the same event too. */
  #dropTwin(seq: number): void {
    for (const where of [this.#fresh, this.#due]) {
      for (const twin of where.removeWhere((delivery) => delivery.seq === seq)) {
        this.#budget.remove(twin);
        this.#heldDue.delete(deliveryKey(twin));
      }
    }
  }
}
