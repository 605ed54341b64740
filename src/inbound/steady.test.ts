import assert from 'node:assert/strict';
import test from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { Dice } from '../ports/dice.ts';
import { keepTrying, pauseAfter, TryLater } from './steady.ts';

const LOW: Dice = { uniform: () => 0, bytes: (count) => new Uint8Array(count) };
const HIGH: Dice = { ...LOW, uniform: () => 0.999 };

test('pauses double up to the longest, and the dice add up to a quarter', () => {
  assert.deepEqual(
    [1, 2, 3, 9, 10, 1_000].map((failures) => pauseAfter(failures, LOW)),
    [1_000, 2_000, 4_000, 256_000, 300_000, 300_000],
  );
  assert.equal(pauseAfter(1, HIGH, { firstMs: 100, longestMs: 1_000 }), 125);
});

test('work that throws is told and tried again later, and success starts the pauses anew', async () => {
  const clock = new FakeClock({ startAt: 0 });
  const runs: number[] = [];
  const told: [string, number][] = [];
  const running = keepTrying(
    { clock, dice: LOW, onFailure: (error, pause) => void told.push([(error as Error).message, pause]) },
    async (steady) => {
      runs.push(clock.now());
      if (runs.length === 3) {
        steady.succeeded();
        return steady.sleep(10_000);
      }
      throw new Error(`no ${runs.length}`);
    },
  );
  await clock.advance(14_000);
  await running.stop();
  assert.deepEqual(runs, [0, 1_000, 3_000, 13_000, 14_000]);
  assert.deepEqual(told.slice(0, 3), [
    ['no 1', 1_000],
    ['no 2', 2_000],
    ['no 4', 1_000],
  ]);
});

test('a failure can ask for a longer pause, but not for a shorter one', async () => {
  const clock = new FakeClock({ startAt: 0 });
  const pauses: number[] = [];
  let asks = [60_000, 0];
  const running = keepTrying(
    { clock, dice: LOW, onFailure: (_error, pause) => void pauses.push(pause) },
    async () => {
      const [afterMs = 0, ...rest] = asks;
      asks = rest;
      throw new TryLater('later', afterMs);
    },
  );
  await clock.advance(60_000);
  await running.stop();
  assert.deepEqual(pauses, [60_000, 2_000]);
});

test('stop wakes a sleep of any length, and waits for the work', async () => {
  const clock = new FakeClock();
  let finished = false;
  const running = keepTrying({ clock, dice: LOW, onFailure: () => assert.fail() }, async (steady) => {
    await steady.sleep(90 * 86_400_000);
    assert.ok(steady.isStopped);
    await Promise.resolve();
    finished = true;
  });
  await clock.advance(30 * 86_400_000);
  await running.stop();
  await running.stop();
  assert.ok(finished);
  assert.equal(clock.armed, 0);
});
