import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from './fake-clock.ts';

test('timers fire in order of due time, then of insertion, each at its own instant', async () => {
  const clock = new FakeClock({ startAt: 1_000 });
  const seen: [string, number][] = [];
  for (const [name, delay] of [
    ['c', 30],
    ['a', 10],
    ['b', 10],
    ['late', 31],
  ] as const) {
    clock.after(delay, () => seen.push([name, clock.now()]));
  }
  await clock.advance(30);
  assert.deepEqual(seen, [
    ['a', 1_010],
    ['b', 1_010],
    ['c', 1_030],
  ]);
  assert.equal(clock.now(), 1_030);
  assert.equal(clock.armed, 1);
});

test('promises settle between timers, and timers that they arm fire within the same advance', async () => {
  const clock = new FakeClock({ startAt: 0 });
  const seen: number[] = [];
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));
  const loop = (async () => {
    for (let i = 0; i < 4; i++) {
      await sleep(10);
      seen.push(clock.now());
    }
  })();
  await clock.advance(35);
  assert.deepEqual(seen, [10, 20, 30]);
  await clock.advance(5);
  await loop;
  assert.deepEqual(seen, [10, 20, 30, 40]);
});

test('a canceled timer does not fire, and canceling after firing does nothing', async () => {
  const clock = new FakeClock();
  let fired = 0;
  const cancel = clock.after(5, () => fired++);
  const stale = clock.after(1, () => fired++);
  cancel();
  cancel();
  await clock.advance(10);
  stale();
  assert.equal(fired, 1);
  assert.equal(clock.armed, 0);
  assert.equal(await clock.advanceToNext(), false);
});

test('a killed process loses its timers while the others keep theirs', async () => {
  const clock = new FakeClock();
  const process1 = clock.forProcess();
  const seen: string[] = [];
  process1.after(5, () => seen.push('dead'));
  clock.after(5, () => seen.push('alive'));
  process1.kill();
  process1.after(6, () => seen.push('armed after death'));
  await clock.advance(10);
  assert.deepEqual(seen, ['alive']);
});

test('many timers with random delays come out sorted', async () => {
  const clock = new FakeClock({ startAt: 0, settle: async () => {} });
  const seen: number[] = [];
  for (let i = 0; i < 500; i++) clock.after((i * 7919) % 503, () => seen.push(clock.now()));
  while (await clock.advanceToNext(1_000)) {
    // Each turn fires one instant.
  }
  assert.equal(seen.length, 500);
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
});
