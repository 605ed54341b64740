/**
 * The supply of a lane whose deliveries may pass each other. Fresh ones follow the commits (follower.ts). Retries are
 * read when they fall due, in passes that start at the earliest and end at the first one in the future.
 */
import type { DuePosition, QueuedDelivery } from '../ports/queue.ts';
import type { Budget } from './budget.ts';
import { Fifo } from './fifo.ts';
import type { Follower } from './follower.ts';
import { deliveryKey, type Finish, NEVER, type ReadAnswer, type ReadPlan, type Supply } from './supply.ts';

/** A pass starts with few rows, because most find one due and the next in the future. */
const PASS_ROWS_FIRST = 16;

interface Pass {
  readonly startedAt: number;
  after: DuePosition | null;
  limit: number;
}

export class ParallelSupply implements Supply {
  readonly #budget: Budget;
  readonly #follower: Follower;
  readonly #fresh = new Fifo<QueuedDelivery>();
  readonly #due = new Fifo<QueuedDelivery>();
  readonly #urgent = new Fifo<QueuedDelivery>();
  /** Keys of what `due` and `urgent` hold: passes find these rows again. */
  readonly #heldDue = new Set<number>();
  /** Seqs of what `fresh` holds; null = reads never find these rows again. */
  readonly #heldFresh: Set<number> | null;
  #nextDueAt = NEVER;
  #pass: Pass | null = null;
  #isDuesTurn = false;
  #isDuesRead = false;

  constructor(budget: Budget, follower: Follower) {
    this.#budget = budget;
    this.#follower = follower;
    this.#heldFresh = follower.mayRepeat ? new Set() : null;
  }

  hand(delivery: QueuedDelivery): void {
    if (delivery.dueAt > 0) this.markDue(delivery.dueAt);
    else if (this.#follower.hand(delivery)) this.#holdFresh(delivery);
  }

  handUrgent(delivery: QueuedDelivery): void {
    if (this.#heldDue.has(deliveryKey(delivery))) return;
    if (this.#budget.hasRoom) this.#holdDue(this.#urgent, delivery);
    else this.markDue(delivery.dueAt);
  }

  mark(): void {
    this.#follower.mark();
  }

  markDue(dueAt: number): void {
    if (dueAt < this.#nextDueAt) this.#nextDueAt = dueAt;
  }

  lookForDue(at: number): void {
    this.markDue(at);
  }

  /** Deliveries of this lane that fell due must not overtake what was accepted up to this seq. */
  awaitUpTo(seq: number): void {
    this.#follower.awaitUpTo(seq);
  }

  hasNext(): boolean {
    return this.#fresh.length > 0 || this.#heldDue.size > 0;
  }

  get hasUrgent(): boolean {
    return this.#urgent.length > 0;
  }

  next(): QueuedDelivery | undefined {
    this.#isDuesTurn = !this.#isDuesTurn || this.#fresh.length === 0;
    if (this.#heldDue.size === 0 || (!this.#isDuesTurn && this.#urgent.length === 0)) {
      return this.nextFresh();
    }
    return this.nextUrgent() ?? this.nextDue() ?? this.nextFresh();
  }

  nextFresh(): QueuedDelivery | undefined {
    const fresh = this.#fresh.shift();
    if (this.#heldFresh !== null && fresh !== undefined) this.#heldFresh.delete(fresh.seq);
    return fresh;
  }

  nextDue(): QueuedDelivery | undefined {
    const due = this.#due.shift();
    if (due !== undefined) this.#heldDue.delete(deliveryKey(due));
    return due;
  }

  /** Every fresh delivery below this seq was given out. */
  get frontier(): number {
    return this.#fresh.peek()?.seq ?? this.#follower.frontier;
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
    if (!this.#budget.isLow) return null;
    if (this.#pass === null && this.#nextDueAt <= now) {
      this.#pass = { startedAt: now, after: null, limit: PASS_ROWS_FIRST };
      this.#nextDueAt = NEVER;
    }
    const wantsFresh = this.#follower.wants(now);
    // In turns, so that neither kind waits for a long backlog of the other.
    this.#isDuesRead = this.#pass !== null && !(wantsFresh && this.#isDuesRead);
    if (this.#isDuesRead && this.#pass !== null) {
      return { kind: 'due', after: this.#pass.after, limit: Math.min(this.#pass.limit, limitMax) };
    }
    return this.planFresh(now, limitMax);
  }

  /** The next fresh rows, however much is held. */
  planFresh(now: number, limitMax: number): ReadPlan | null {
    if (!this.#follower.wants(now)) return null;
    const { decidedOnly } = this.#follower;
    return { kind: 'fresh', afterSeq: this.#follower.begin(), limit: limitMax, decidedOnly };
  }

  absorb(plan: ReadPlan, answer: ReadAnswer, isGivenOut: (delivery: QueuedDelivery) => boolean): void {
    if (plan.kind === 'due') {
      this.#absorbDue(answer.rows, isGivenOut);
      return;
    }
    for (const row of this.#follower.absorb(answer)) {
      if (!isGivenOut(row) && this.#heldFresh?.has(row.seq) !== true) this.#holdFresh(row);
    }
  }

  get lookAt(): number {
    return Math.min(this.#nextDueAt, this.#follower.lookAt);
  }

  get isIdle(): boolean {
    return !this.hasNext() && !this.#follower.isBehind && this.#pass === null && this.#nextDueAt === NEVER;
  }

  release(): void {
    this.#follower.release();
    this.#heldDue.clear();
    this.#heldFresh?.clear();
    for (const where of [this.#fresh, this.#due, this.#urgent]) {
      for (const delivery of where.drain()) this.putBack(delivery);
    }
    if (this.#pass !== null) this.markDue(this.#pass.startedAt);
    this.#pass = null;
  }

  reset(): void {
    this.release();
    this.#follower.rewind(1);
    this.#nextDueAt = 0;
  }

  /** Lets go of a delivery that was not attempted: it is read again. */
  putBack(delivery: QueuedDelivery): void {
    this.#budget.remove(delivery);
    if (delivery.dueAt > 0) this.markDue(delivery.dueAt);
    else this.#follower.rewind(delivery.seq);
  }

  /** Lets go of a delivery that was settled otherwise. */
  drop(delivery: QueuedDelivery): void {
    this.#budget.remove(delivery);
  }

  #hold(where: Fifo<QueuedDelivery>, delivery: QueuedDelivery): void {
    where.push(delivery);
    this.#budget.add(delivery);
  }

  #holdFresh(delivery: QueuedDelivery): void {
    this.#hold(this.#fresh, delivery);
    this.#heldFresh?.add(delivery.seq);
  }

  #holdDue(where: Fifo<QueuedDelivery>, delivery: QueuedDelivery): void {
    this.#hold(where, delivery);
    this.#heldDue.add(deliveryKey(delivery));
  }

  #absorbDue(rows: readonly QueuedDelivery[], isGivenOut: (delivery: QueuedDelivery) => boolean): void {
    const pass = this.#pass;
    // It was released during the read, and will start again.
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
    this.#follower.drop(seq);
    for (const where of [this.#fresh, this.#due]) {
      for (const twin of where.removeWhere((delivery) => delivery.seq === seq)) {
        this.#budget.remove(twin);
        this.#heldDue.delete(deliveryKey(twin));
        if (twin.dueAt === 0) this.#heldFresh?.delete(seq);
      }
    }
  }
}
