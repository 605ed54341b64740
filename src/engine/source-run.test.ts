import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { EngineParts } from './engine.ts';
import { SourceRun } from './source-run.ts';

/** A run on a node whose lease holds, until the test says otherwise. */
function started() {
  const clock = new FakeClock({ startAt: 0 });
  const cluster = { epoch: 1, isFresh: true, mayBegin: () => cluster.isFresh };
  const run = new SourceRun({ clock, storage: { cluster } } as unknown as EngineParts);
  return { clock, cluster, run };
}

test('a run passes while the lease of its node holds', async () => {
  const { run } = started();
  await run.pass();
  run.mustGoOn();
});

test('it waits for a lease that is being renewed', async () => {
  const { run, cluster, clock } = started();
  cluster.isFresh = false;
  let hasPassed = false;
  const passing = run.pass().then(() => (hasPassed = true));
  await clock.advance(1_000);
  assert.equal(hasPassed, false);
  assert.throws(() => run.mustGoOn(), { code: 'unavailable' });
  cluster.isFresh = true;
  await clock.advance(100);
  await passing;
});

test('it passes no more when the node has joined anew: another may have gone further', async () => {
  const { run, cluster, clock } = started();
  cluster.isFresh = false;
  const passing = assert.rejects(run.pass(), { code: 'unavailable' });
  cluster.epoch = 2;
  cluster.isFresh = true;
  await clock.advance(100);
  await passing;
  assert.equal(run.isOver, true);
  assert.throws(() => run.mustGoOn(), { code: 'unavailable' });
});

test('it passes no more when it was stopped, or when the store is away', async () => {
  const { run, cluster, clock } = started();
  cluster.isFresh = false;
  const passing = assert.rejects(run.pass(), { code: 'unavailable' });
  await clock.advance(3_000);
  await passing;
  cluster.isFresh = true;
  await run.pass();
  run.end();
  await assert.rejects(run.pass(), { code: 'unavailable' });
});
