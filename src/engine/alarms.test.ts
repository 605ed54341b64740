import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { SeededDice } from '../../test/support/seeded-dice.ts';
import { Alarms, type Sleeper } from './alarms.ts';

interface Named extends Sleeper {
  readonly name: number;
}
const sleeper = (name: number): Named => ({ name, alarmAt: Number.POSITIVE_INFINITY, alarmIndex: -1 });

test('sleepers are woken in order of their last setting, however often they were moved', async () => {
  const clock = new FakeClock();
  const dice = new SeededDice(4);
  const start = clock.now();
  const woken: { name: number; at: number }[] = [];
  const alarms = new Alarms<Named>(clock, ({ name }) => woken.push({ name, at: clock.now() - start }));
  const sleepers = Array.from({ length: 50 }, (_, name) => sleeper(name));
  const wanted = new Map<number, number>();
  for (let i = 0; i < 500; i++) {
    const chosen = dice.pick(sleepers);
    const delayMs = dice.chance(0.2) ? Number.POSITIVE_INFINITY : dice.between(1, 1_000);
    alarms.set(chosen, start + delayMs);
    wanted.set(chosen.name, delayMs);
  }
  await clock.advance(2_000);
  const expected = [...wanted].filter(([, delayMs]) => delayMs !== Number.POSITIVE_INFINITY);
  assert.deepEqual(new Map(woken.map(({ name, at }) => [name, at])), new Map(expected));
  assert.deepEqual(
    woken.map(({ at }) => at),
    expected.map(([, at]) => at).toSorted((a, b) => a - b),
  );
});

test('one timer serves them all, and none is left after stop', () => {
  const clock = new FakeClock();
  const alarms = new Alarms<Named>(clock, () => {});
  for (let i = 0; i < 1_000; i++) alarms.set(sleeper(i), clock.now() + 5_000 - i);
  clock.nextAt();
  assert.equal(clock.armed, 1);
  alarms.stop();
  assert.equal(clock.armed, 0);
});
