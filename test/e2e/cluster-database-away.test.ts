import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, startCluster, type TestCluster, until } from './cluster.ts';
import { startTraffic, type Traffic } from './traffic.ts';

const WITHIN_MS = 30_000;

let cluster: TestCluster;
before(async () => {
  cluster = await startCluster({ durable: true });
  for (const uid of ['away', 'flood']) await cluster.ok(0, 'POST', '/api/v1/app', { name: uid, uid });
});
after(() => cluster?.[Symbol.asyncDispose]());

const newTraffic = (): Promise<Traffic> =>
  startTraffic({
    urls: cluster.nodes.map(({ url }) => url),
    token: cluster.token,
    applications: 4,
    publishers: 6,
    keys: 2,
    pauseMs: 20,
  });

const publish = (node: number): Promise<Answer<{ id: string }>> =>
  cluster.call(node, 'POST', '/api/v1/app/away/msg', {
    body: { eventType: 'away.test', payload: {} },
    signal: AbortSignal.timeout(WITHIN_MS),
  });
const statusOf = async (node: number, path: string): Promise<number> =>
  (await cluster.call(node, 'GET', path)).status;

const NODES = [0, 1, 2];
const inAll = async (holds: (node: number) => Promise<boolean>): Promise<boolean> =>
  (await Promise.all(NODES.map(holds))).every(Boolean);

async function refuseFor(reason: string): Promise<void> {
  await until(`publishers are refused (${reason})`, () =>
    inAll(async (node) => {
      const { status, retryAfter } = await publish(node);
      if (status === 202) return false;
      assert.equal(status, 503);
      assert.match(retryAfter ?? '', /^\d+$/, 'they are told when to come back');
      return true;
    }),
  );
  await until('no node is ready', () => inAll(async (node) => (await statusOf(node, READY)) === 503));
  assert.ok(await inAll(async (node) => (await statusOf(node, '/api/v1/health/live')) === 200));
}

const READY = '/api/v1/health/ready';

const takeAgain = (): Promise<void> =>
  until('all nodes take events again', () =>
    inAll(async (node) => (await statusOf(node, READY)) === 200 && (await publish(node)).status === 202),
  );

test('while the database is away publishers get 503 and a time to come back; all goes on when it is back', async (t) => {
  await using traffic = await newTraffic();
  await until('traffic', () => traffic.accepted > 100);
  await cluster.postgres.kill();
  await refuseFor('the database was killed');
  await cluster.postgres.start();
  const backAt = Date.now();
  await takeAgain();
  t.diagnostic(`events are taken ${Date.now() - backAt} ms after the database is back`);
  const before = traffic.accepted;
  await until('traffic goes on', () => traffic.accepted > before + 100);
  await cluster.postgres.restart();
  await takeAgain();
  const balance = await traffic.finish(WITHIN_MS);
  t.diagnostic(
    `${balance.accepted} accepted, ${balance.duplicated} duplicated, answers ${JSON.stringify(balance.answers)}`,
  );
  assert.deepEqual([balance.lost, balance.outOfOrder], [[], []]);
  assert.deepEqual(Object.keys(balance.answers).sort(), ['202', '503']);
});

const PAUSE_MS = 8_000;
/** A request waits for a hot write, which is given up after 10 s and a few more when the database is silent. */
const ANSWERED_WITHIN_MS = 20_000;
const FLOOD = { publishers: 300, bytes: 96 * 1024, patienceMs: 300 };
const FLOOD_BODY = JSON.stringify({ eventType: 'away.test', payload: { text: 'x'.repeat(FLOOD.bytes) } });
/** 256 MB of bodies that handlers have, those that come in, and what is not collected yet; more than that is offered. */
const GROWTH_MB_MAX = 512;

test('while the database stands still requests end in time and memory is bounded', {
  timeout: 120_000,
}, async (t) => {
  await using traffic = await newTraffic();
  await until('traffic', () => traffic.accepted > 100);
  const pid = cluster.nodes[0]!.pid;
  const before = residentMb(pid);
  cluster.postgres.pause();
  const pausedAt = Date.now();
  const patient = NODES.map(async (node) => ({ ...(await publish(node)), tookMs: Date.now() - pausedAt }));
  const flood = Array.from({ length: FLOOD.publishers }, () => floodUntil(pausedAt + PAUSE_MS));
  let most = before;
  while (Date.now() < pausedAt + PAUSE_MS) {
    most = Math.max(most, residentMb(pid));
    await sleep(50);
  }
  cluster.postgres.resume();
  const offered = (await Promise.all(flood)).reduce((total, each) => total + each, 0);
  t.diagnostic(
    `a node grew from ${before.toFixed(0)} to ${most.toFixed(0)} MB while ${((offered * FLOOD.bytes) / 1e6).toFixed(0)} MB were offered`,
  );
  for (const { status, tookMs } of await Promise.all(patient)) {
    assert.ok(status === 202 || status === 503, String(status));
    assert.ok(tookMs < ANSWERED_WITHIN_MS, `${tookMs} ms`);
  }
  assert.ok(most - before < GROWTH_MB_MAX, `grew by ${(most - before).toFixed(0)} MB`);
  await takeAgain();
  const balance = await traffic.finish(WITHIN_MS);
  assert.deepEqual([balance.lost, balance.outOfOrder], [[], []]);
  assert.deepEqual(
    Object.keys(balance.answers).filter((status) => !['0', '202', '503'].includes(status)),
    [],
  );
});

/** One who posts again and again and never waits long; how many requests it made. */
async function floodUntil(end: number): Promise<number> {
  const url = `${cluster.nodes[0]!.url}/api/v1/app/flood/msg`;
  const headers = { authorization: `Bearer ${cluster.token}`, 'content-type': 'application/json' };
  let made = 0;
  while (Date.now() < end) {
    const signal = AbortSignal.timeout(FLOOD.patienceMs);
    await fetch(url, { method: 'POST', headers, body: FLOOD_BODY, signal })
      .then((response) => response.arrayBuffer())
      .catch(() => null);
    made++;
  }
  return made;
}

function residentMb(pid: number): number {
  const [, kb] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
  return Number(kb) / 1024;
}
