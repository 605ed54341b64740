import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Holdings } from './holdings.ts';

const ME = 5;
const OTHER = 6;
const mine = { holder: ME, taker: 0 };
const wanted = { holder: ME, taker: OTHER };
const theirs = { holder: OTHER, taker: 0 };
const nothing = { gained: new Set(), wanted: new Set(), taken: new Set() };

test('what the table says is ours is gained once, and held', () => {
  const holdings = new Holdings(ME);
  assert.deepEqual(holdings.see([mine, theirs, mine]).gained, new Set([0, 2]));
  assert.deepEqual(
    [0, 1, 2].map((shard) => holdings.holds(shard)),
    [true, false, true],
  );
  assert.deepEqual(holdings.see([mine, theirs, mine]), nothing);
});

test('what another wants is drained once, and goes when it is', () => {
  const holdings = new Holdings(ME);
  holdings.see([mine]);
  assert.deepEqual(holdings.see([wanted]), { ...nothing, wanted: new Set([0]) });
  assert.equal(holdings.holds(0), false);
  assert.deepEqual(holdings.see([wanted]), nothing);
  assert.deepEqual(holdings.drained, []);
  holdings.hasDrained(0);
  assert.deepEqual(holdings.drained, [0]);
  assert.deepEqual(holdings.see([theirs]), nothing);
  assert.deepEqual(holdings.drained, []);
});

test('what nobody wants any more is held again, but not before it is drained', () => {
  const holdings = new Holdings(ME);
  holdings.see([mine]);
  holdings.see([wanted]);
  assert.deepEqual(holdings.see([mine]), nothing);
  holdings.hasDrained(0);
  assert.deepEqual(holdings.see([mine]), { ...nothing, gained: new Set([0]) });
  assert.equal(holdings.holds(0), true);
});

test('what is wanted before it was ever held goes at once', () => {
  const holdings = new Holdings(ME);
  assert.deepEqual(holdings.see([wanted]), nothing);
  assert.deepEqual(holdings.drained, [0]);
});

test('what drains late, after it went, changes nothing', () => {
  const holdings = new Holdings(ME);
  holdings.see([mine]);
  holdings.see([wanted]);
  holdings.see([theirs]);
  holdings.hasDrained(0);
  assert.deepEqual(holdings.drained, []);
});

test('what is held and another’s in the table is let go', () => {
  const holdings = new Holdings(ME);
  holdings.see([mine]);
  assert.deepEqual(holdings.see([theirs]), { ...nothing, taken: new Set([0]) });
  assert.equal(holdings.holds(0), false);
});
