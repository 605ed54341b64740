/**
 * The three supplies against a table that is written, read and settled in every interleaving that a seed makes up:
 * reads answer late and from an old snapshot, memory is small, lanes are put to sleep and made to doubt.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rehearsal } from '../../test/support/supply-rehearsal.ts';
import type { Ordering } from '../core/catalog/resources.ts';
import { BlockingSupply } from './blocking-supply.ts';
import type { Budget } from './budget.ts';
import { CatchUp } from './catch-up.ts';
import { ParallelSupply } from './parallel-supply.ts';
import { PassingSupply } from './passing-supply.ts';
import { deliveryKey, type Supply } from './supply.ts';

const SEEDS = 150;
const COMMITS = 60;

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
    play(seed, (budget) => new ParallelSupply(budget, new CatchUp(budget)), { resends: true });
  }
});

for (const ordering of ORDERINGS) {
  const Kind = ordering.onFailure === 'block' ? BlockingSupply : PassingSupply;
  const name = `${ordering.onFailure} by ${ordering.scope}`;
  test(`${name}: every row is given out until it is settled, also with resends`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      play(seed, (budget) => new Kind(budget, ordering, new CatchUp(budget)), { resends: true });
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
          const supply = new BlockingSupply(budget, ordering, new CatchUp(budget));
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
