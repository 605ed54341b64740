import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { paced } from './paced.ts';

test('four lines are said at once, then one a second, and after a rest four again', async () => {
  const clock = new FakeClock();
  const said: string[] = [];
  const out = paced<string>(clock, (line) => said.push(line));
  out.say(['1', '2', '3', '4', '5', '6']);
  assert.equal(said.length, 4);
  await clock.advance(999);
  assert.equal(said.length, 4);
  await clock.advance(1);
  assert.equal(said.length, 5);
  out.say(['7']);
  await clock.advance(2_000);
  assert.deepEqual(said, ['1', '2', '3', '4', '5', '6', '7']);
  await clock.advance(10_000);
  out.say(['a', 'b', 'c', 'd', 'e']);
  assert.equal(said.length, 11);
});

test('what would wait too long is not said at all, and nothing after the stop', async () => {
  const clock = new FakeClock();
  const said: number[] = [];
  const out = paced<number>(clock, (line) => said.push(line));
  assert.ok(out.say(Array.from({ length: 50 }, (_, at) => at)));
  assert.ok(!out.say([50, 51, 52, 53, 54]));
  await clock.advance(2_000);
  assert.equal(said.length, 6);
  out.stop();
  await clock.advance(60_000);
  assert.equal(said.length, 6);
});
