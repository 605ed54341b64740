/**
 * A lane's rows, its supply, and what the lane itself would keep track of, moved step by step: rows are committed, read
 * late and from an old snapshot, given out, settled. In a shared store a commit gets its seq when it begins, becomes
 * visible in any order, and is handed over or marked some time after that.
 */
import assert from 'node:assert/strict';
import type { Event } from '../../src/core/event/event.ts';
import { Budget } from '../../src/engine/budget.ts';
import type { EngineMetrics } from '../../src/engine/engine.ts';
import { deliveryKey, type ReadAnswer, type ReadPlan, type Supply } from '../../src/engine/supply.ts';
import type { QueuedDelivery } from '../../src/ports/queue.ts';
import { SeededDice } from './seeded-dice.ts';

const KEYS = ['a', 'b', null];

interface Commit {
  readonly row: QueuedDelivery;
  readonly isHandedOver: boolean;
}

interface Given {
  readonly delivery: QueuedDelivery;
  readonly fails: boolean;
}

export class Rehearsal {
  dice: SeededDice;
  readonly supply: Supply;
  readonly metrics = { heldInMemory: 0, heldBytes: 0 } as EngineMetrics;
  readonly rows = new Map<number, QueuedDelivery>();
  readonly given = new Map<number, Given>();
  /** Keys of settled deliveries in order. */
  readonly settled: number[] = [];
  /** Settled by a manual resend of the same event: a copy may still be on its way. */
  readonly #twins = new Set<number>();
  now = 1_000;
  readonly #isShared: boolean;
  #seq = 0;
  /** Begun, and not visible yet. */
  #open: Commit[] = [];
  #elsewhere: number[] = [];
  /** Visible, and the supply does not know. */
  #untold: Commit[] = [];
  #failuresLeft = 25;
  #read: { plan: ReadPlan; answer: ReadAnswer | null; ignored: Set<number> } | null = null;

  constructor(seed: number, make: (budget: Budget) => Supply, { isShared = false } = {}) {
    this.dice = new SeededDice(seed);
    this.#isShared = isShared;
    const limits = { laneItemsMax: 12, laneBytesMax: 1e6, memoryBytesMax: 1e6 };
    this.supply = make(new Budget(limits, this.metrics));
  }

  /** `delayMs`: how long the delivery is put off. */
  commit(isHandedOver: boolean, delayMs = 0): void {
    const dueAt = delayMs === 0 ? 0 : this.now + delayMs;
    const seq = ++this.#seq;
    const event = { orderingKey: this.dice.pick(KEYS) } as Event;
    const row: QueuedDelivery = { seq, trigger: 'scheduled', dueAt, attempts: 0, event, content: null };
    this.#open.push({ row, isHandedOver });
    if (this.#isShared) return;
    this.land();
    this.tell();
  }

  /** A commit becomes visible. */
  land(): void {
    const commit = takeAny(this.#open, this.dice);
    if (commit === undefined) return;
    this.rows.set(deliveryKey(commit.row), commit.row);
    this.#untold.push(commit);
  }

  /** Whoever made a visible commit tells of it. */
  tell(): void {
    const commit = takeAny(this.#untold, this.dice);
    if (commit === undefined) return;
    if (commit.isHandedOver) this.supply.hand(commit.row);
    else {
      this.supply.mark();
      if (commit.row.dueAt > 0) this.supply.lookForDue(this.now);
    }
  }

  /** A transaction about other lanes begins: until it ends, nothing after it is decided. */
  beginElsewhere(): void {
    this.#elsewhere.push(++this.#seq);
  }

  endElsewhere(): void {
    takeAny(this.#elsewhere, this.dice);
  }

  resend(): void {
    const seq = this.dice.between(1, this.#seq);
    if (this.#open.some(({ row }) => row.seq === seq)) return;
    const delivery: QueuedDelivery = {
      seq,
      trigger: 'manual',
      dueAt: this.now,
      attempts: 0,
      event: { orderingKey: null } as Event,
      content: null,
    };
    if (this.rows.has(deliveryKey(delivery))) return;
    this.rows.set(deliveryKey(delivery), delivery);
    if (this.dice.chance(0.5)) this.supply.handUrgent(delivery);
    else this.supply.markDue(this.now);
  }

  /** A read begins, takes its snapshot some time later, and is answered some time after that. */
  read(): void {
    if (this.#read === null) {
      const plan = this.supply.plan(this.now, this.dice.between(1, 8));
      if (plan !== null) this.#read = { plan, answer: null, ignored: new Set(this.given.keys()) };
    } else if (this.#read.answer === null) this.#read.answer = this.#snapshot(this.#read.plan);
    else {
      const { plan, answer, ignored } = this.#read;
      this.#read = null;
      const readAt = this.now;
      this.supply.absorb(plan, { ...answer, readAt }, (row) => ignored.has(deliveryKey(row)));
    }
  }

  start(): void {
    if (!this.supply.hasNext(this.now)) return;
    const delivery = this.supply.hasUrgent ? this.supply.nextUrgent() : this.supply.next(this.now);
    assert.ok(delivery, 'hasNext promised a delivery');
    const key = deliveryKey(delivery);
    assert.ok(!this.given.has(key), `${key} was given out twice`);
    assert.ok(this.rows.has(key) || this.#twins.has(key), `${key} was settled before`);
    const row = this.rows.get(key);
    assert.ok(row === undefined || row.dueAt <= this.now, `${key} was not due`);
    const fails = this.#failuresLeft > 0 && this.dice.chance(0.3);
    if (fails) this.#failuresLeft--;
    this.given.set(key, { delivery, fails });
    this.#read?.ignored.add(key);
  }

  finish(): void {
    if (this.given.size === 0) return;
    const { delivery, fails } = this.dice.pick([...this.given.values()]);
    const key = deliveryKey(delivery);
    this.given.delete(key);
    const row = this.rows.get(key);
    if (fails && delivery.trigger === 'scheduled') {
      const dueAt = this.now + this.dice.between(1, 50);
      const attempts = delivery.attempts + 1;
      if (row !== undefined) this.rows.set(key, { ...row, dueAt, attempts });
      this.supply.finish(delivery, { kind: 'waiting', dueAt, attempts }, this.now);
      return;
    }
    this.#settle(key);
    if (delivery.trigger === 'manual' && !fails) {
      this.#twins.add(delivery.seq * 2);
      this.#settle(delivery.seq * 2);
    }
    this.supply.finish(delivery, { kind: 'settled', status: fails ? 'failed' : 'delivered' }, this.now);
  }

  get isDone(): boolean {
    const isTold = this.#elsewhere.length === 0 && this.#open.length === 0 && this.#untold.length === 0;
    return isTold && this.rows.size === 0 && this.given.size === 0 && this.#read === null;
  }

  #settle(key: number): void {
    if (this.rows.delete(key)) this.settled.push(key);
  }

  #snapshot(plan: ReadPlan): ReadAnswer {
    const rows = [...this.rows.values()];
    if (plan.kind === 'due') {
      const { dueAt, seq } = plan.after ?? { dueAt: 0, seq: 0 };
      const later = rows
        .filter((row) => row.dueAt > dueAt || (row.dueAt === dueAt && row.seq > seq))
        .filter((row) => row.dueAt > 0)
        .toSorted((a, b) => a.dueAt - b.dueAt || a.seq - b.seq);
      return this.#answer(later, plan.limit, false);
    }
    const after = rows
      .filter((row) => row.seq > plan.afterSeq && (plan.kind === 'in-order' || row.dueAt === 0))
      .toSorted((a, b) => a.seq - b.seq);
    return this.#answer(after, plan.limit, plan.kind === 'in-order' || plan.decidedOnly);
  }

  #answer(rows: readonly QueuedDelivery[], limit: number, isDecidedOnly: boolean): ReadAnswer {
    const open = this.#open.map(({ row }) => row.seq);
    const decidedBelow = this.#isShared
      ? Math.min(this.#seq + 1, ...open, ...this.#elsewhere)
      : Number.POSITIVE_INFINITY;
    const wanted = isDecidedOnly ? rows.filter(({ seq }) => seq < decidedBelow) : rows;
    return {
      rows: wanted.slice(0, limit),
      decidedBelow,
      hasUndecided: wanted.length < rows.length,
      isEnd: wanted.length < limit,
      readAt: 0,
    };
  }
}

function takeAny<T>(items: T[], dice: SeededDice): T | undefined {
  return items.length === 0 ? undefined : items.splice(dice.below(items.length), 1)[0];
}
