/**
 * The three supplies against a table that is written, read and settled in every interleaving that a seed makes up:
 * reads answer late and from an old snapshot, memory is small, lanes are put to sleep and made to doubt.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededDice } from '../../test/support/seeded-dice.ts';
import type { Ordering } from '../core/catalog/resources.ts';
import type { Event } from '../core/event/event.ts';
import type { QueuedDelivery } from '../ports/queue.ts';
import { BlockingSupply } from './blocking-supply.ts';
import { Budget } from './budget.ts';
import type { EngineMetrics } from './engine.ts';
import { ParallelSupply } from './parallel-supply.ts';
import { PassingSupply } from './passing-supply.ts';
import { deliveryKey, type ReadPlan, type Supply } from './supply.ts';

const SEEDS = 150;
const COMMITS = 60;
const KEYS = ['a', 'b', null];

interface Given {
  readonly delivery: QueuedDelivery;
  readonly fails: boolean;
}

/** A lane's rows, its supply, and what the lane itself would keep track of. */
class Rehearsal {
  readonly dice: SeededDice;
  readonly supply: Supply;
  readonly metrics = { heldInMemory: 0, heldBytes: 0 } as EngineMetrics;
  readonly rows = new Map<number, QueuedDelivery>();
  readonly given = new Map<number, Given>();
  /** Keys of settled deliveries in order. */
  readonly settled: number[] = [];
  /** Settled by a manual resend of the same event: a copy may still be on its way. */
  readonly #twins = new Set<number>();
  now = 1_000;
  #seq = 0;
  #failuresLeft = 25;
  #read: { plan: ReadPlan; rows: QueuedDelivery[] | null; ignored: Set<number> } | null = null;

  constructor(seed: number, make: (budget: Budget) => Supply) {
    this.dice = new SeededDice(seed);
    const limits = { laneItemsMax: 12, laneBytesMax: 1e6, memoryBytesMax: 1e6 };
    this.supply = make(new Budget(limits, this.metrics));
  }

  commit(isHandedOver: boolean): void {
    const seq = ++this.#seq;
    const event = { orderingKey: this.dice.pick(KEYS) } as Event;
    const row: QueuedDelivery = { seq, trigger: 'scheduled', dueAt: 0, attempts: 0, event, content: null };
    this.rows.set(deliveryKey(row), row);
    if (isHandedOver) this.supply.hand(row);
    else this.supply.mark();
  }

  resend(): void {
    const seq = this.dice.between(1, this.#seq);
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
      if (plan !== null) this.#read = { plan, rows: null, ignored: new Set(this.given.keys()) };
    } else if (this.#read.rows === null) this.#read.rows = this.#snapshot(this.#read.plan);
    else {
      const { plan, rows, ignored } = this.#read;
      this.#read = null;
      this.supply.absorb(plan, rows, (row) => ignored.has(deliveryKey(row)));
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
    return this.rows.size === 0 && this.given.size === 0 && this.#read === null;
  }

  #settle(key: number): void {
    if (this.rows.delete(key)) this.settled.push(key);
  }

  #snapshot(plan: ReadPlan): QueuedDelivery[] {
    const rows = [...this.rows.values()];
    if (plan.kind === 'due') {
      const { dueAt, seq } = plan.after ?? { dueAt: 0, seq: 0 };
      const later = rows.filter((row) => row.dueAt > dueAt || (row.dueAt === dueAt && row.seq > seq));
      return later
        .filter((row) => row.dueAt > 0)
        .toSorted((a, b) => a.dueAt - b.dueAt || a.seq - b.seq)
        .slice(0, plan.limit);
    }
    const after = rows.filter(
      (row) => row.seq > plan.afterSeq && (plan.kind === 'in-order' || row.dueAt === 0),
    );
    return after.toSorted((a, b) => a.seq - b.seq).slice(0, plan.limit);
  }
}

/** Plays until all is settled; the seed decides who moves. */
function play(seed: number, make: (budget: Budget) => Supply, options: { resends: boolean }): Rehearsal {
  const rehearsal = new Rehearsal(seed, make);
  const { dice, supply } = rehearsal;
  let commits = COMMITS;
  for (let step = 0; step < 20_000 && (commits > 0 || !rehearsal.isDone); step++) {
    rehearsal.now++;
    const move = dice.below(20);
    if (move < 4 && commits > 0) {
      rehearsal.commit(!dice.chance(0.05));
      commits--;
    } else if (move < 10) rehearsal.read();
    else if (move < 14) rehearsal.start();
    else if (move < 18) rehearsal.finish();
    else if (move === 18 && options.resends && commits > 0 && commits < COMMITS) rehearsal.resend();
    else if (dice.chance(0.05)) supply.release();
    else if (dice.chance(0.02)) supply.reset();
  }
  assert.deepEqual([...rehearsal.rows.keys()], [], `seed ${seed}: rows were left behind`);
  assert.equal(rehearsal.metrics.heldInMemory, 0, `seed ${seed}: memory was not given back`);
  for (let i = 0; i < 20; i++) rehearsal.read();
  assert.ok(supply.isIdle, `seed ${seed}: it does not know that it is done`);
  return rehearsal;
}

const ORDERINGS: Ordering[] = [
  { scope: 'endpoint', onFailure: 'block' },
  { scope: 'key', onFailure: 'block' },
  { scope: 'endpoint', onFailure: 'skip' },
  { scope: 'key', onFailure: 'skip' },
];

test('a parallel supply gives every row out until it is settled, and none twice at once', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    play(seed, (budget) => new ParallelSupply(budget), { resends: true });
  }
});

for (const ordering of ORDERINGS) {
  const Kind = ordering.onFailure === 'block' ? BlockingSupply : PassingSupply;
  const name = `${ordering.onFailure} by ${ordering.scope}`;
  test(`${name}: every row is given out until it is settled, also with resends`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      play(seed, (budget) => new Kind(budget, ordering), { resends: true });
    }
  });
}

test('block settles each line in order of acceptance', () => {
  for (const ordering of ORDERINGS.slice(0, 2)) {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const keyOf = new Map<number, string | null>();
      const rehearsal = play(
        seed,
        (budget) => {
          const supply = new BlockingSupply(budget, ordering);
          const next = supply.next.bind(supply);
          supply.next = (now) => {
            const delivery = next(now);
            if (delivery) keyOf.set(deliveryKey(delivery), delivery.event.orderingKey);
            return delivery;
          };
          return supply;
        },
        { resends: false },
      );
      const lines = Map.groupBy(rehearsal.settled, (key) =>
        ordering.scope === 'key' ? keyOf.get(key) : null,
      );
      for (const line of lines.values())
        assert.deepEqual(
          line,
          line.toSorted((a, b) => a - b),
          `seed ${seed}`,
        );
    }
  }
});
