import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/properties.ts';
import { assignShards, type ShardState } from './assign-shards.ts';

const NOBODY = { holder: 0, taker: 0 };
const held = (...holders: number[]): ShardState[] => holders.map((holder) => ({ holder, taker: 0 }));

function assigned(shards: readonly ShardState[], members: readonly number[]): ShardState[] {
  const after = [...shards];
  for (const { shard, from, to } of assignShards(shards, members)) {
    assert.deepEqual(after[shard], from);
    after[shard] = to;
  }
  return after;
}

/** Every holder gives what is wanted. */
const moved = (shards: readonly ShardState[]): ShardState[] =>
  shards.map(({ holder, taker }) => ({ holder: taker || holder, taker: 0 }));

const loads = (shards: readonly ShardState[], members: readonly number[]): number[] =>
  members.map((member) => shards.filter(({ holder, taker }) => (taker || holder) === member).length);

const epochs = fc.integer({ min: 0, max: 9 });
const anyShards = fc.array(fc.record({ holder: epochs, taker: epochs }), { minLength: 1, maxLength: 40 });
const anyMembers = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 });
const always = (law: (shards: ShardState[], members: number[]) => void) =>
  fc.assert(fc.property(anyShards, anyMembers, law), { numRuns: 500 });

test('one member gets everything', () => {
  assert.deepEqual(assigned([NOBODY, NOBODY, NOBODY], [7]), held(7, 7, 7));
});

test('without members nothing changes', () => {
  assert.deepEqual(assignShards([NOBODY, ...held(1)], []), []);
});

test('shards of the dead go to the living, the poorest first', () => {
  assert.deepEqual(assigned(held(1, 1, 2, 3, 3, 3), [1, 2]), held(1, 1, 2, 2, 1, 2));
});

test('who comes later is given its part by those who have more, and by nobody else', () => {
  const after = assigned(held(1, 1, 1, 1, 2, 2), [1, 2, 3]);
  assert.deepEqual(
    after.map(({ taker }) => taker),
    [0, 0, 3, 3, 0, 0],
  );
});

test('a taker that is gone gets nothing', () => {
  assert.deepEqual(assigned([{ holder: 1, taker: 3 }, ...held(2)], [1, 2]), held(1, 2));
});

test('a shard whose holder died on the way goes to its taker', () => {
  assert.deepEqual(assigned([{ holder: 3, taker: 2 }, ...held(1)], [1, 2]), held(2, 1));
});

test('a move that is no longer needed is called off', () => {
  const before = [{ holder: 1, taker: 2 }, { holder: 1, taker: 2 }, ...held(2, 2)];
  assert.deepEqual(assigned(before, [1, 2]), held(1, 1, 2, 2));
});

test('every shard is a member’s, and no member has two more than another', () =>
  always((shards, members) => {
    const after = assigned(shards, members);
    for (const { holder, taker } of after) {
      assert.ok(members.includes(holder));
      assert.ok(taker === 0 || (members.includes(taker) && taker !== holder));
    }
    const due = loads(after, members);
    assert.ok(Math.max(...due) - Math.min(...due) <= 1);
  }));

test('what is assigned stays, also when it has moved', () =>
  always((shards, members) => {
    const after = assigned(shards, members);
    assert.deepEqual(assignShards(after, members), []);
    assert.deepEqual(assignShards(moved(after), members), []);
  }));

test('a living holder is never passed over', () =>
  always((shards, members) => {
    const after = assigned(shards, members);
    shards.forEach(({ holder }, shard) => {
      if (members.includes(holder)) assert.equal(after[shard]!.holder, holder);
    });
  }));

test('no more shards move than there is surplus', () =>
  always((shards, members) => {
    const before = moved(shards);
    const surplus = loads(before, members)
      .map((load) => load - Math.floor(shards.length / members.length))
      .filter((over) => over > 0)
      .reduce((sum, over) => sum + over, 0);
    const moving = assigned(before, members).filter(({ taker }) => taker !== 0);
    assert.ok(moving.length <= surplus);
  }));

test('the order of the members decides nothing', () =>
  always((shards, members) => {
    assert.deepEqual(assignShards(shards, members.toReversed()), assignShards(shards, members));
  }));
