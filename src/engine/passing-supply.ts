/**
 * The supply of a lane that keeps order but lets the others pass one that waits for its retry. Deliveries are read as
 * if there were no order; a window in order of acceptance decides which of them may start. One that was never tried
 * and falls due (a delayed one) waits there until all that were accepted before it have come in.
 */
import type { Ordering } from '../core/catalog/resources.ts';
import { eligible, type InOrder } from '../core/order/next-in-order.ts';
import type { QueuedDelivery } from '../ports/queue.ts';
import type { Budget } from './budget.ts';
import type { Follower } from './follower.ts';
import { ParallelSupply } from './parallel-supply.ts';
import { deliveryKey, type Finish, type ReadAnswer, type ReadPlan, type Supply } from './supply.ts';

/** Among so many fresh deliveries, and so many that fell due, lines that may go on are looked for. */
const WINDOW_MAX = 256;

interface Entry extends InOrder {
  readonly delivery: QueuedDelivery;
  inFlight: boolean;
}

export class PassingSupply implements Supply {
  readonly ordering: Ordering;
  readonly #inner: ParallelSupply;
  #window: Entry[] = [];
  readonly #keys = new Set<number>();
  #freshInWindow = 0;
  /** Those of the window that may start; null = to be found out. */
  #startable: Entry[] | null = null;

  constructor(budget: Budget, ordering: Ordering, follower: Follower) {
    this.ordering = ordering;
    this.#inner = new ParallelSupply(budget, follower);
  }

  hand(delivery: QueuedDelivery): void {
    this.#inner.hand(delivery);
  }

  handUrgent(delivery: QueuedDelivery): void {
    this.#inner.handUrgent(delivery);
  }

  mark(): void {
    this.#inner.mark();
  }

  markDue(dueAt: number): void {
    this.#inner.markDue(dueAt);
  }

  lookForDue(at: number): void {
    this.#inner.lookForDue(at);
  }

  get hasUrgent(): boolean {
    return this.#inner.hasUrgent;
  }

  nextUrgent(): QueuedDelivery | undefined {
    return this.#inner.nextUrgent();
  }

  hasNext(now: number): boolean {
    return this.hasUrgent || this.#startables(now).length > 0;
  }

  next(now: number): QueuedDelivery | undefined {
    if (this.hasUrgent) return this.nextUrgent();
    const entry = this.#startables(now).shift();
    if (entry === undefined) return undefined;
    entry.inFlight = true;
    return entry.delivery;
  }

  finish(delivery: QueuedDelivery, finish: Finish): void {
    const key = deliveryKey(delivery);
    this.#takeOut((entry) => deliveryKey(entry.delivery) === key);
    this.#inner.finish(delivery, finish);
    if (delivery.trigger === 'manual' && finish.kind === 'settled' && finish.status === 'delivered') {
      // It settled the scheduled delivery of the same event too.
      const twins = this.#takeOut((entry) => entry.seq === delivery.seq && !entry.inFlight);
      for (const twin of twins) this.#inner.drop(twin.delivery);
    }
  }

  plan(now: number, limitMax: number): ReadPlan | null {
    const plan = this.#inner.plan(now, limitMax);
    if (plan !== null) return plan;
    return this.#isStuck(now) ? this.#inner.planFresh(now, limitMax) : null;
  }

  absorb(plan: ReadPlan, answer: ReadAnswer, isGivenOut: (delivery: QueuedDelivery) => boolean): void {
    this.#inner.absorb(plan, answer, (row) => isGivenOut(row) || this.#keys.has(deliveryKey(row)));
    if (plan.kind === 'due') {
      for (const row of answer.rows) if (row.attempts === 0) this.#inner.awaitUpTo(row.seq);
    }
    this.#startable = null;
  }

  get lookAt(): number {
    return this.#inner.lookAt;
  }

  get isIdle(): boolean {
    return this.#window.length === 0 && this.#inner.isIdle;
  }

  release(): void {
    for (const entry of this.#takeOut(({ inFlight }) => !inFlight)) this.#inner.putBack(entry.delivery);
    this.#inner.release();
  }

  reset(): void {
    this.release();
    this.#inner.reset();
  }

  #startables(now: number): Entry[] {
    this.#fill();
    if (this.#startable === null) {
      const { frontier } = this.#inner;
      // What is in flight keeps its line busy, also when reading started again before it.
      const isInOrder = ({ seq, delivery, inFlight }: Entry) =>
        inFlight || seq < frontier || delivery.attempts > 0;
      // All that were read are due, so time alone changes nothing.
      this.#startable = eligible(this.#window.filter(isInOrder), this.ordering, now);
    }
    return this.#startable;
  }

  /** Delayed deliveries that wait for those before them must not take the room in which those would be read. */
  #isStuck(now: number): boolean {
    return this.#startables(now).length === 0 && this.#window.every(({ inFlight }) => !inFlight);
  }

  #fill(): void {
    for (let space = WINDOW_MAX - this.#freshInWindow; space > 0; space--) {
      const fresh = this.#inner.nextFresh();
      if (fresh === undefined) break;
      this.#putIn(fresh);
      this.#freshInWindow++;
    }
    for (let space = WINDOW_MAX - this.#window.length + this.#freshInWindow; space > 0; space--) {
      const due = this.#inner.nextDue();
      if (due === undefined) break;
      this.#putIn(due);
    }
  }

  #putIn(delivery: QueuedDelivery): void {
    const { orderingKey } = delivery.event;
    const entry: Entry = { seq: delivery.seq, orderingKey, dueAt: 0, inFlight: false, delivery };
    const after = this.#window.findLastIndex((other) => other.seq <= entry.seq);
    this.#window.splice(after + 1, 0, entry);
    this.#keys.add(deliveryKey(delivery));
    this.#startable = null;
  }

  #takeOut(which: (entry: Entry) => boolean): Entry[] {
    const out: Entry[] = [];
    this.#window = this.#window.filter((entry) => {
      if (!which(entry)) return true;
      out.push(entry);
      this.#keys.delete(deliveryKey(entry.delivery));
      if (entry.delivery.dueAt === 0) this.#freshInWindow--;
      return false;
    });
    this.#startable = null;
    return out;
  }
}
