import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededDice } from './seeded-dice.ts';

test('the same seed gives the same rolls, another seed gives others', () => {
  const roll = (seed: number): number[] => {
    const dice = new SeededDice(seed);
    return Array.from({ length: 20 }, () => dice.uniform());
  };
  assert.deepEqual(roll(7), roll(7));
  assert.notDeepEqual(roll(7), roll(8));
});

test('uniform rolls are in [0, 1) and spread over it', () => {
  const dice = new SeededDice(1);
  const buckets = new Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i++) {
    const value = dice.uniform();
    assert.ok(value >= 0 && value < 1);
    buckets[Math.floor(value * 10)]! += 1;
  }
  for (const count of buckets) assert.ok(count > 850 && count < 1_150, `uneven: ${buckets}`);
});

test('handed-out bytes never repeat and belong to the caller', () => {
  const dice = new SeededDice(3);
  const seen = new Set<string>();
  for (let i = 0; i < 5_000; i++) seen.add(Buffer.from(dice.bytes(15)).toString('hex'));
  assert.equal(seen.size, 5_000);
  const first = dice.bytes(8);
  const copy = Uint8Array.from(first);
  dice.bytes(8).fill(0);
  assert.deepEqual(first, copy);
  assert.equal(dice.bytes(3).length, 3);
});

test('whole numbers stay within their bounds', () => {
  const dice = new SeededDice(5);
  const seen = new Set<number>();
  for (let i = 0; i < 500; i++) seen.add(dice.between(2, 5));
  assert.deepEqual([...seen].toSorted(), [2, 3, 4, 5]);
});
