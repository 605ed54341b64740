import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Storage } from '../../src/ports/storage.ts';
import { FailingStorage, type Fate } from './failing-storage.ts';
import { threeTurns } from './fake-clock.ts';

/** A store of which only `upkeep.prune` matters: it counts how often it really ran. */
function countingStore(): { storage: Storage; runs: () => number } {
  let runs = 0;
  const upkeep = {
    async prune(): Promise<number> {
      return ++runs;
    },
  };
  return {
    storage: {
      intake: {},
      queue: {},
      catalog: {},
      history: {},
      upkeep,
      search: {},
      rejections: {},
    } as unknown as Storage,
    runs: () => runs,
  };
}

function withFates(fates: Fate[]): { storage: FailingStorage; runs: () => number; deaths: string[] } {
  const { storage: inner, runs } = countingStore();
  const deaths: string[] = [];
  const storage = new FailingStorage({
    inner,
    fate: () => fates.shift() ?? 'pass',
    onDeath: (call) => deaths.push(call?.name ?? 'between calls'),
  });
  return { storage, runs, deaths };
}

const prune = (storage: Storage): Promise<number> =>
  storage.upkeep.prune({ now: 0, historyBefore: 0, limit: 1 });

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(
    () => (settled = true),
    () => (settled = true),
  );
  await threeTurns();
  return settled;
}

test('a rejected call wrote nothing, a call whose reply is lost did write', async () => {
  const { storage, runs } = withFates(['reject', 'lose-reply', 'pass']);
  await assert.rejects(prune(storage), { code: 'unavailable' });
  assert.equal(runs(), 0);
  await assert.rejects(prune(storage), { code: 'unavailable' });
  assert.equal(runs(), 1);
  assert.equal(await prune(storage), 2);
  assert.equal(storage.busy, 0);
});

test('after a death before the call nothing is written and nothing is ever answered', async () => {
  const { storage, runs, deaths } = withFates(['die-before']);
  assert.equal(await isSettled(prune(storage)), false);
  assert.equal(await isSettled(prune(storage)), false);
  assert.equal(runs(), 0);
  assert.deepEqual(deaths, ['upkeep.prune']);
});

test('a death after the commit keeps what was written and answers nothing', async () => {
  const { storage, runs } = withFates(['die-after']);
  assert.equal(await isSettled(prune(storage)), false);
  assert.equal(runs(), 1);
  assert.equal(storage.isDead, true);
});

test('a call under way when the process is killed stays without an answer', async () => {
  const { storage, runs, deaths } = withFates([]);
  const call = prune(storage);
  storage.kill();
  assert.equal(await isSettled(call), false);
  assert.equal(runs(), 1);
  assert.deepEqual(deaths, ['between calls']);
});
