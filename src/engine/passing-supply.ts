/**
 * The supply of a lane that keeps order but lets the others pass one that waits for its retry. Deliveries are read as
 * if there were no order; a window in order of acceptance decides which of them may start.
 */
import type { Ordering } from '../core/catalog/resources.ts';
import { eligible, type InOrder } from '../core/order/next-in-order.ts';
import type { QueuedDelivery } from '../ports/queue.ts';
import type { Budget } from './budget.ts';
import { ParallelSupply } from './parallel-supply.ts';
import { deliveryKey, type Finish, type ReadPlan, type Supply } from './supply.ts';

/** Among so many deliveries, lines that may go on are looked for. */
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
  /** Those of the window that may start; null = to be found out. */
  #startable: Entry[] | null = null;

  constructor(budget: Budget, ordering: Ordering) {
    this.ordering = ordering;
    this.#inner = new ParallelSupply(budget);
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
    if (this.#keys.delete(key)) {
      this.#window = this.#window.filter((entry) => deliveryKey(entry.delivery) !== key);
    }
    this.#startable = null;
    this.#inner.finish(delivery, finish);
    if (delivery.trigger === 'manual' && finish.kind === 'settled' && finish.status === 'delivered') {
      this.#dropTwin(delivery.seq);
    }
  }

  plan(now: number, limitMax: number): ReadPlan | null {
    return this.#inner.plan(now, limitMax);
  }

  absorb(
    plan: ReadPlan,
    rows: readonly QueuedDelivery[],
    isGivenOut: (delivery: QueuedDelivery) => boolean,
  ): void {
    this.#inner.absorb(plan, rows, (row) => isGivenOut(row) || this.#keys.has(deliveryKey(row)));
  }

  get lookAt(): number {
    return this.#inner.lookAt;
  }

  get isIdle(): boolean {
    return this.#window.length === 0 && this.#inner.isIdle;
  }

  release(): void {
    for (const entry of this.#window) {
      if (entry.inFlight) continue;
      this.#keys.delete(deliveryKey(entry.delivery));
      this.#inner.putBack(entry.delivery);
    }
    this.#window = this.#window.filter((entry) => entry.inFlight);
    this.#startable = null;
    this.#inner.release();
  }

  reset(): void {
    this.release();
    this.#inner.reset();
  }

  /** A manual resend that arrived settles the scheduled delivery of the same event too. */
  #dropTwin(seq: number): void {
    const twin = this.#window.find((entry) => entry.seq === seq && !entry.inFlight);
    if (twin === undefined) return;
    this.#window = this.#window.filter((entry) => entry !== twin);
    this.#keys.delete(deliveryKey(twin.delivery));
    this.#startable = null;
    this.#inner.drop(twin.delivery);
  }

  #startables(now: number): Entry[] {
    this.#fill();
    // All that were read are due, so time alone changes nothing.
    this.#startable ??= eligible(this.#window, this.ordering, now);
    return this.#startable;
  }

  #fill(): void {
    while (this.#window.length < WINDOW_MAX && !this.#inner.hasUrgent && this.#inner.hasNext()) {
      const delivery = this.#inner.next()!;
      const { orderingKey } = delivery.event;
      const entry: Entry = { seq: delivery.seq, orderingKey, dueAt: 0, inFlight: false, delivery };
      const after = this.#window.findLastIndex((other) => other.seq <= entry.seq);
      this.#window.splice(after + 1, 0, entry);
      this.#keys.add(deliveryKey(delivery));
      this.#startable = null;
    }
  }
}
