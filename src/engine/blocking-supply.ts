/**
 * The supply of a lane in which one that waits for its retry holds those behind it: the whole lane, or those with the
 * same ordering key. Rows are read in order of acceptance whatever their due time. What stands behind a waiting head
 * is not held in memory: it is read again when the head is settled, so one stuck key does not fill the lane.
 */
import type { Ordering } from '../core/catalog/resources.ts';
import { eligible, type InOrder } from '../core/order/next-in-order.ts';
import type { QueuedDelivery } from '../ports/queue.ts';
import type { Budget } from './budget.ts';
import { Fifo } from './fifo.ts';
import type { Follower } from './follower.ts';
import { deliveryKey, type Finish, NEVER, type ReadAnswer, type ReadPlan, type Supply } from './supply.ts';

interface Entry extends InOrder {
  delivery: QueuedDelivery;
  dueAt: number;
  inFlight: boolean;
  /** A manual resend arrived while this was in flight: its row is gone, whatever comes of it. */
  isSettled?: true;
}
/** An ordering key; null = the line of those without one, or of the whole lane. */
type Line = string | null;

export class BlockingSupply implements Supply {
  readonly ordering: Ordering;
  readonly #budget: Budget;
  readonly #follower: Follower;
  readonly #urgent = new Fifo<QueuedDelivery>();
  /** In order of acceptance, those in flight too. */
  #window: Entry[] = [];
  readonly #keys = new Set<number>();
  /** Seq of the head that has failed and holds its line. */
  readonly #heads = new Map<Line, number>();
  /** Lowest seq of what stands behind such a head and is not held. */
  readonly #dropped = new Map<Line, number>();
  #startable: Entry[] | null = null;
  /** When the next head in the window is due. */
  #lookAt = NEVER;
  /** When to look for what others made due. */
  #lookForDueAt = NEVER;

  constructor(budget: Budget, ordering: Ordering, follower: Follower) {
    this.ordering = ordering;
    this.#budget = budget;
    this.#follower = follower;
  }

  hand(delivery: QueuedDelivery): void {
    if (this.#follower.hand(delivery)) this.#admit(delivery);
  }

  handUrgent(delivery: QueuedDelivery): void {
    if (this.#keys.has(deliveryKey(delivery))) return;
    if (!this.#budget.hasRoom) {
      this.markDue();
      return;
    }
    this.#keys.add(deliveryKey(delivery));
    this.#urgent.push(delivery);
    this.#budget.add(delivery);
  }

  mark(): void {
    this.#follower.mark();
  }

  /** A row became due outside of its order (a replay): where it stands is found by reading from the start. */
  markDue(): void {
    this.#follower.rewind(1);
  }

  lookForDue(at: number): void {
    this.#lookForDueAt = Math.min(this.#lookForDueAt, at);
  }

  get hasUrgent(): boolean {
    return this.#urgent.length > 0;
  }

  nextUrgent(): QueuedDelivery | undefined {
    const urgent = this.#urgent.shift();
    if (urgent !== undefined) this.#keys.delete(deliveryKey(urgent));
    return urgent;
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
    const entry = this.#window.find((other) => deliveryKey(other.delivery) === key);
    this.#startable = null;
    if (entry !== undefined && entry.isSettled === undefined && finish.kind === 'waiting') {
      this.#retryLater(entry, finish);
      return;
    }
    this.#budget.remove(delivery);
    if (entry !== undefined) this.#leave(entry);
    else if (finish.kind === 'waiting') this.markDue();
    else if (delivery.trigger === 'manual' && finish.status === 'delivered') this.#dropTwin(delivery.seq);
  }

  plan(now: number, limitMax: number): ReadPlan | null {
    if (now >= this.#lookForDueAt) this.#lookAgain();
    if (!this.#budget.isLow || !this.#follower.wants(now)) return null;
    // Everything that could be read stands behind the head.
    if (this.ordering.scope !== 'key' && this.#heads.size > 0) return null;
    return { kind: 'in-order', afterSeq: this.#follower.begin(), limit: limitMax };
  }

  absorb(plan: ReadPlan, answer: ReadAnswer, isGivenOut: (delivery: QueuedDelivery) => boolean): void {
    if (plan.kind !== 'in-order') return;
    for (const row of this.#follower.absorb(answer)) {
      if (!isGivenOut(row)) this.#admit(row);
    }
  }

  get lookAt(): number {
    return Math.min(this.#lookAt, this.#lookForDueAt, this.#follower.lookAt);
  }

  get isIdle(): boolean {
    return (
      this.#window.length === 0 &&
      this.#urgent.length === 0 &&
      this.#dropped.size === 0 &&
      this.#lookForDueAt === NEVER &&
      !this.#follower.isBehind
    );
  }

  release(): void {
    this.#follower.release();
    for (const urgent of this.#urgent.drain()) {
      this.#budget.remove(urgent);
      this.#keys.delete(deliveryKey(urgent));
      this.#follower.rewind(urgent.seq);
    }
    for (const seq of this.#dropped.values()) this.#follower.rewind(seq);
    this.#dropped.clear();
    this.#letGo(() => true);
  }

  reset(): void {
    this.release();
    this.#follower.rewind(1);
  }

  /** A head that waits may have been made due: what is held of it is let go and read again. */
  #lookAgain(): void {
    this.#lookForDueAt = NEVER;
    if (this.#heads.size > 0) this.reset();
    else this.markDue();
  }

  #admit(delivery: QueuedDelivery): void {
    const key = deliveryKey(delivery);
    if (this.#keys.has(key)) return;
    if (delivery.trigger === 'manual') {
      this.handUrgent(delivery);
      return;
    }
    const line = this.#lineOf(delivery);
    const head = this.#heads.get(line);
    if (head !== undefined && delivery.seq > head) {
      this.#drop(line, delivery.seq);
      return;
    }
    const { seq, dueAt } = delivery;
    const entry: Entry = { seq, orderingKey: delivery.event.orderingKey, dueAt, inFlight: false, delivery };
    const after = this.#window.findLastIndex((other) => other.seq <= seq);
    this.#window.splice(after + 1, 0, entry);
    this.#keys.add(key);
    this.#budget.add(delivery);
    this.#startable = null;
    if (dueAt > 0) this.#hold(entry);
  }

  #retryLater(entry: Entry, { dueAt, attempts }: { dueAt: number; attempts: number }): void {
    entry.delivery = { ...entry.delivery, dueAt, attempts };
    entry.dueAt = dueAt;
    entry.inFlight = false;
    this.#hold(entry);
  }

  /** The entry waits at the head of its line: what stands behind it is let go. */
  #hold(entry: Entry): void {
    const line = this.#lineOf(entry.delivery);
    this.#heads.set(line, entry.seq);
    this.#letGo((other) => other.seq > entry.seq && this.#lineOf(other.delivery) === line, line);
  }

  /** The entry is settled: its line goes on. */
  #leave(entry: Entry): void {
    this.#window = this.#window.filter((other) => other !== entry);
    this.#keys.delete(deliveryKey(entry.delivery));
    this.#startable = null;
    const line = this.#lineOf(entry.delivery);
    if (this.#heads.get(line) !== entry.seq) return;
    this.#heads.delete(line);
    const dropped = this.#dropped.get(line);
    if (dropped !== undefined) this.#follower.rewind(dropped);
    this.#dropped.delete(line);
  }

  /** Takes out of the window what is not in flight: to be read again, or when the line it stands in goes on. */
  #letGo(which: (entry: Entry) => boolean, behind?: Line): void {
    const kept: Entry[] = [];
    for (const entry of this.#window) {
      if (entry.inFlight || !which(entry)) {
        kept.push(entry);
        continue;
      }
      this.#keys.delete(deliveryKey(entry.delivery));
      this.#budget.remove(entry.delivery);
      if (behind !== undefined) this.#drop(behind, entry.seq);
      else this.#forget(entry);
    }
    this.#window = kept;
    this.#startable = null;
  }

  #forget({ delivery, seq }: Entry): void {
    this.#follower.rewind(seq);
    const line = this.#lineOf(delivery);
    if (this.#heads.get(line) === seq) this.#heads.delete(line);
  }

  #drop(line: Line, seq: number): void {
    this.#dropped.set(line, Math.min(seq, this.#dropped.get(line) ?? NEVER));
  }

  /** A manual resend that arrived settles the scheduled delivery of the same event too. */
  #dropTwin(seq: number): void {
    this.#follower.drop(seq);
    const twin = this.#window.find((entry) => entry.seq === seq);
    if (twin === undefined) return;
    if (twin.inFlight) {
      twin.isSettled = true;
      return;
    }
    this.#budget.remove(twin.delivery);
    this.#leave(twin);
  }

  #startables(now: number): Entry[] {
    if (this.#startable === null || now >= this.#lookAt) {
      this.#startable = eligible(this.#window, this.ordering, now);
      this.#lookAt = NEVER;
      for (const { dueAt } of this.#window) {
        if (dueAt > now && dueAt < this.#lookAt) this.#lookAt = dueAt;
      }
    }
    return this.#startable;
  }

  #lineOf({ event }: QueuedDelivery): Line {
    return this.ordering.scope === 'key' ? event.orderingKey : null;
  }
}
