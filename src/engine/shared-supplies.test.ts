/**
 * The supplies on a store that several nodes write: commits get their seqs in one order, appear in another, and are told
 * of in a third. fast-check makes up the interleavings and makes one that fails short.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/properties.ts';
import { SeededDice } from '../../test/support/seeded-dice.ts';
import { Rehearsal } from '../../test/support/supply-rehearsal.ts';
import type { Ordering } from '../core/catalog/resources.ts';
import type { QueuedDelivery } from '../ports/queue.ts';
import { BlockingSupply } from './blocking-supply.ts';
import type { Budget } from './budget.ts';
import { ParallelSupply } from './parallel-supply.ts';
import { PassingSupply } from './passing-supply.ts';
import { SharedCatchUp } from './shared-catch-up.ts';
import { deliveryKey } from './supply.ts';

const RUNS = 300;
const MOVES_MAX = 250;
/** Enough to settle all that the moves have begun. */
const DRAIN_STEPS = 20_000;

type Move = (rehearsal: Rehearsal) => void;
const MOVES: Record<string, Move> = {
  'commit here': (rehearsal) => rehearsal.commit(true),
  'commit elsewhere': (rehearsal) => rehearsal.commit(false),
  'begin elsewhere': (rehearsal) => rehearsal.beginElsewhere(),
  'end elsewhere': (rehearsal) => rehearsal.endElsewhere(),
  land: (rehearsal) => rehearsal.land(),
  tell: (rehearsal) => rehearsal.tell(),
  read: (rehearsal) => rehearsal.read(),
  start: (rehearsal) => rehearsal.start(),
  finish: (rehearsal) => rehearsal.finish(),
};
const RARE_MOVES: Record<string, Move> = {
  'commit a delayed one here': (rehearsal) => rehearsal.commit(true, 20),
  'commit a delayed one elsewhere': (rehearsal) => rehearsal.commit(false, 20),
  mark: ({ supply }) => supply.mark(),
  release: ({ supply }) => supply.release(),
  reset: ({ supply }) => supply.reset(),
  'look for due': ({ supply, now }) => supply.lookForDue(now + 5),
  wait: (rehearsal) => {
    rehearsal.now += 30;
  },
};
const ALL_MOVES = { ...MOVES, ...RARE_MOVES };

const moves = fc.array(
  fc.tuple(
    fc.oneof(
      { arbitrary: fc.constantFrom(...Object.keys(MOVES)), weight: 10 },
      { arbitrary: fc.constantFrom(...Object.keys(RARE_MOVES)), weight: 1 },
    ),
    fc.nat(10_000),
  ),
  { maxLength: MOVES_MAX, size: 'max' },
);

type Made = readonly (readonly [string, number])[];

function play(rehearsal: Rehearsal, made: Made): void {
  for (const [name, seed] of made) {
    rehearsal.now++;
    rehearsal.dice = new SeededDice(seed);
    ALL_MOVES[name]!(rehearsal);
  }
  const { dice, supply } = rehearsal;
  for (let step = 0; step < DRAIN_STEPS && !(rehearsal.isDone && supply.isIdle); step++) {
    rehearsal.now++;
    dice.pick([MOVES.land, MOVES.tell, MOVES.read, MOVES.read, MOVES.start, MOVES.finish])!(rehearsal);
    // The others take longest: nothing that happens here tells that they have ended.
    if (dice.chance(0.02)) rehearsal.endElsewhere();
  }
  assert.deepEqual([...rehearsal.rows.keys()], [], 'rows were left behind');
  assert.ok(supply.isIdle, 'it does not know that it is done');
  assert.equal(rehearsal.metrics.heldInMemory, 0, 'memory was not given back');
}

function holds(claim: (made: Made) => void): void {
  fc.assert(fc.property(moves, claim), { numRuns: RUNS, seed: 1 });
}

test('a parallel supply gives every row out until it is settled, and none twice at once', () => {
  holds((made) => {
    const newSupply = (budget: Budget) =>
      new ParallelSupply(budget, new SharedCatchUp(budget, { keepsOrder: false }));
    play(new Rehearsal(1, newSupply, { isShared: true }), made);
  });
});

const ORDERINGS: Ordering[] = [
  { scope: 'endpoint', onFailure: 'block' },
  { scope: 'key', onFailure: 'block' },
  { scope: 'endpoint', onFailure: 'skip' },
  { scope: 'key', onFailure: 'skip' },
];

for (const ordering of ORDERINGS) {
  const Kind = ordering.onFailure === 'block' ? BlockingSupply : PassingSupply;
  test(`${ordering.onFailure} by ${ordering.scope}: every line goes out in order of acceptance`, () => {
    holds((made) => {
      const lineOf = ({ event }: QueuedDelivery) => (ordering.scope === 'key' ? event.orderingKey : null);
      const started = new Map<string | null, number[]>();
      const rehearsal = new Rehearsal(
        1,
        (budget) => {
          const supply = new Kind(budget, ordering, new SharedCatchUp(budget, { keepsOrder: true }));
          const next = supply.next.bind(supply);
          supply.next = (now) => {
            const delivery = next(now);
            // A retry of one that may be passed comes when it comes.
            if (delivery === undefined || delivery.attempts > 0) return delivery;
            const line = lineOf(delivery);
            const before = started.get(line) ?? [];
            // A delayed one is passed by those behind it, but passes none before it.
            if (delivery.dueAt === 0 || ordering.onFailure === 'block')
              started.set(line, [...before, delivery.seq]);
            else assertFirst(delivery, line);
            return delivery;
          };
          return supply;
        },
        { isShared: true },
      );
      const assertFirst = (delivery: QueuedDelivery, line: string | null) => {
        for (const row of rehearsal.rows.values()) {
          const isBefore = row.seq < delivery.seq && row.dueAt === 0 && lineOf(row) === line;
          assert.ok(!isBefore || rehearsal.given.has(deliveryKey(row)), `${delivery.seq} passed ${row.seq}`);
        }
      };
      play(rehearsal, made);
      for (const line of started.values())
        assert.deepEqual(
          line,
          line.toSorted((a, b) => a - b),
        );
    });
  });
}
