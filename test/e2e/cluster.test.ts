import assert from 'node:assert/strict';
import { after, before, describe, it, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { type Received, startReceiver, type TestReceiver } from '../support/receiver.ts';
import { buildOfVersion, skewedClock, startCluster, type TestCluster, until } from './cluster.ts';
import { startTraffic } from './traffic.ts';

const HOUR_MS = 3_600_000;
const WITHIN_MS = 30_000;

let cluster: TestCluster;
before(async () => {
  cluster = await startCluster();
  await cluster.settled();
});
after(() => cluster?.[Symbol.asyncDispose]());

interface Message {
  readonly id: string;
}

let applications = 0;
/** An application of its own; returns its path. */
async function newApplication(settings: Record<string, unknown> = {}): Promise<string> {
  const uid = `app-${++applications}`;
  await cluster.ok(0, 'POST', '/api/v1/app', { name: uid, uid, ...settings });
  return `/api/v1/app/${uid}`;
}

const addEndpoint = (
  application: string,
  url: string,
  { node = 0, ...settings }: { node?: number; [name: string]: unknown } = {},
) => cluster.ok<Message>(node, 'POST', `${application}/endpoint`, { url, ...settings });

const publish = (node: number, application: string, payload: unknown = {}) =>
  cluster.ok<Message>(node, 'POST', `${application}/msg`, { eventType: 'cluster.test', payload });

const idOf = (request: Received): string => request.headers['webhook-id']!;
const arrived = (receiver: TestReceiver, id: string, path = '/'): number =>
  receiver.requests.filter((request) => idOf(request) === id && request.url === path).length;

/** An endpoint whose deliveries are made by this node. */
async function endpointHeldBy(
  node: number,
  application: string,
  url: string,
  settings: Record<string, unknown> = {},
): Promise<Message> {
  for (;;) {
    const endpoint = await addEndpoint(application, url, settings);
    if ((await cluster.holderOf(endpoint.id)) === node) return endpoint;
    await cluster.ok(0, 'DELETE', `${application}/endpoint/${endpoint.id}`);
  }
}

test('a change made on one node holds for what another accepts right after', async () => {
  await using receiver = await startReceiver();
  const application = await newApplication();
  await addEndpoint(application, `${receiver.url}/witness`);
  for (let round = 0; round < 6; round++) {
    const [here, there] = [round % 3, (round + 1) % 3];
    const path = `/${round}`;
    const endpoint = await addEndpoint(application, receiver.url + path, { node: here });
    const wanted = await publish(there, application);
    await until('the new endpoint gets it', () => arrived(receiver, wanted.id, path) > 0);
    await cluster.ok(here, 'PATCH', `${application}/endpoint/${endpoint.id}`, { disabled: true });
    const unwanted = await publish(there, application);
    await until('the witness gets it', () => arrived(receiver, unwanted.id, '/witness') > 0);
    await cluster.ok(there, 'PATCH', `${application}/endpoint/${endpoint.id}`, { disabled: false });
    const again = await publish(here, application);
    await until('the enabled endpoint gets it', () => arrived(receiver, again.id, path) > 0);
    assert.equal(arrived(receiver, unwanted.id, path), 0, 'a disabled endpoint gets nothing');
  }
});

const spanMs = ({ requests }: TestReceiver): number => requests.at(-1)!.at - requests[0]!.at;

async function took(receiver: TestReceiver, count: number): Promise<string> {
  await receiver.waitFor(count, WITHIN_MS);
  return `${count} deliveries in ${spanMs(receiver)} ms`;
}

describe('limits and order hold over all nodes', { concurrency: true }, () => {
  it('an endpoint’s throttleRate holds over all nodes', async (t) => {
    await using receiver = await startReceiver();
    const application = await newApplication();
    await addEndpoint(application, receiver.url, { throttleRate: 20 });
    await Promise.all(Array.from({ length: 80 }, (_, n) => publish(n % 3, application)));
    t.diagnostic(await took(receiver, 80));
    // A full bucket of 20, then 20 a second: 3 s for 80.
    assert.ok(spanMs(receiver) >= 2_500, `${spanMs(receiver)} ms`);
  });

  it('an application’s throttleRate holds over all its endpoints on all nodes', async (t) => {
    await using receiver = await startReceiver();
    const application = await newApplication({ throttleRate: 20 });
    for (let n = 0; n < 6; n++) await addEndpoint(application, receiver.url);
    await Promise.all(Array.from({ length: 15 }, (_, n) => publish(n % 3, application)));
    t.diagnostic(await took(receiver, 90));
    // 3.5 s for 90; tokens that a node took but did not use are good for a second.
    assert.ok(spanMs(receiver) >= 2_500, `${spanMs(receiver)} ms`);
  });

  it('an endpoint’s concurrency holds over all nodes', async () => {
    await using receiver = await startReceiver();
    const application = await newApplication();
    await addEndpoint(application, receiver.url, { concurrency: 3 });
    const delayMs = 40;
    let open = 0;
    let most = 0;
    receiver.answer(() => {
      most = Math.max(most, ++open);
      // Before its answer can have reached the sender.
      setTimeout(() => open--, delayMs - 1);
      return { delayMs };
    });
    await Promise.all(Array.from({ length: 60 }, (_, n) => publish(n % 3, application)));
    await receiver.waitFor(60, WITHIN_MS);
    assert.ok(most <= 3, `${most} at once`);
    assert.ok(most >= 2, 'they were made side by side');
  });

  it('a dead endpoint’s circuit is one for all nodes', async () => {
    await using receiver = await startReceiver();
    receiver.answer(500);
    const application = await newApplication();
    await addEndpoint(application, receiver.url, { concurrency: 1 });
    await Promise.all(Array.from({ length: 60 }, (_, n) => publish(n % 3, application)));
    await receiver.waitFor(10, WITHIN_MS);
    await sleep(1_500);
    const came = receiver.requests.map((request) => `${idOf(request)} at ${request.at}`);
    assert.equal(
      came.length,
      10,
      `ten failures in a row open it for 30 s, but there came\n${came.join('\n')}`,
    );
  });

  it('an endpoint that keeps order gets events in the order of acceptance, whichever node accepted them', async () => {
    await using receiver = await startReceiver();
    const application = await newApplication();
    await addEndpoint(application, receiver.url, { ordering: { scope: 'endpoint' } });
    let count = 0;
    receiver.answer(() => (++count % 10 === 0 ? 500 : 200));
    const published: string[] = [];
    for (let n = 0; n < 60; n++) published.push((await publish(n % 3, application)).id);
    const came = (): string[] => [...new Set(receiver.requests.map(idOf))];
    await until('all come', () => came().length === 60);
    assert.deepEqual(came(), published);
  });
});

test('work of a killed node is taken over', async (t) => {
  await using receiver = await startReceiver();
  const application = await newApplication();
  const victim = 2;
  const settings = { retrySchedule: [1, 1, 1, 1] };
  const endpoint = await endpointHeldBy(victim, application, receiver.url, settings);
  // One waits for its retry when the node dies, and one comes when it is dead.
  receiver.answer(500, 200);
  const waiting = await publish(0, application);
  await receiver.waitFor(1, WITHIN_MS);
  await cluster.nodes[victim]!.end('SIGKILL');
  const killedAt = Date.now();
  const fresh = await publish(1, application);
  await until('both come', () => arrived(receiver, waiting.id) > 1 && arrived(receiver, fresh.id) > 0);
  t.diagnostic(`taken over ${((Date.now() - killedAt) / 1000).toFixed(2)} s after the kill`);
  assert.notEqual(await cluster.holderOf(endpoint.id), victim);
  await cluster.nodes[victim]!.start();
  await cluster.settled();
});

interface Attempt {
  readonly status: number;
  readonly responseStatusCode: number;
}

test('what a node records after it was paused past its lease is fenced off', async () => {
  await using receiver = await startReceiver();
  const application = await newApplication();
  const paused = 1;
  const node = cluster.nodes[paused]!;
  const endpoint = await endpointHeldBy(paused, application, receiver.url);
  let answerLate = (): void => {};
  const late = new Promise<void>((resolve) => (answerLate = resolve));
  // The first attempt hangs until the node that made it runs again, and then fails.
  receiver.answer(() => (receiver.requests.length === 1 ? { status: 500, after: late } : 200));
  const message = await publish(0, application);
  await receiver.waitFor(1, WITHIN_MS);
  node.pause();
  await receiver.waitFor(2, WITHIN_MS);
  const attempts = async (): Promise<readonly Attempt[]> =>
    (await cluster.ok<{ data: Attempt[] }>(0, 'GET', `${application}/attempt/msg/${message.id}`)).data;
  await until('the new holder records its attempt', async () => (await attempts()).length > 0);
  answerLate();
  node.resume();
  await until('the late record is fenced', () => node.log.includes('delivery.fenced'));
  assert.deepEqual(
    (await attempts()).map(({ status, responseStatusCode }) => [status, responseStatusCode]),
    [[0, 200]],
    'history has what the new holder made of it',
  );
  await cluster.settled();
  const next = await publish(paused, application);
  await until('the endpoint goes on', () => arrived(receiver, next.id) === 1);
  assert.equal(arrived(receiver, message.id), 2);
  assert.notEqual(await cluster.holderOf(endpoint.id), -1);
});

test('wrong clocks of nodes change nothing: the database’s time decides', async () => {
  await using receiver = await startReceiver();
  const skews = [HOUR_MS, -HOUR_MS];
  await Promise.all(skews.map((ms, index) => cluster.replace(index + 1, { nodeOptions: skewedClock(ms) })));
  await cluster.settled();
  const application = await newApplication();
  const byPath = new Map<string, Message>();
  for (const node of [0, 1, 2])
    byPath.set(`/${node}`, await endpointHeldBy(node, application, `${receiver.url}/${node}`));
  for (const [path, { id }] of byPath) {
    receiver.answer(500, 200);
    const count = receiver.requests.length;
    // Wrong clocks accept and deliver, and one of the three has to wait for its retry.
    const message = await publish((Number(path.slice(1)) + 1) % 3, application);
    await receiver.waitFor(count + 4, WITHIN_MS);
    const { key } = await cluster.ok<{ key: string }>(1, 'GET', `${application}/endpoint/${id}/secret`);
    const request = receiver.requests.find((each) => each.url === path && idOf(each) === message.id)!;
    // Refuses timestamps that are more than five minutes off.
    new Webhook(key).verify(request.body.toString(), request.headers as Record<string, string>);
    assert.ok(Math.abs(Number(request.headers['webhook-timestamp']) * 1000 - request.at) < 60_000);
  }
  const deliverAt = Date.now() + 1_500;
  const later = await cluster.ok<Message>(1, 'POST', `${application}/msg`, {
    eventType: 'cluster.test',
    payload: {},
    deliverAt: new Date(deliverAt).toISOString(),
  });
  await until('it comes to all', () =>
    ['/0', '/1', '/2'].every((path) => arrived(receiver, later.id, path) > 0),
  );
  const first = receiver.requests.find((request) => idOf(request) === later.id)!;
  assert.ok(first.at > deliverAt - 200, 'not before its time');
});

test('nodes are replaced by another version one by one: no gap, nothing twice, nothing late', async (t) => {
  using build = buildOfVersion('99.0.0');
  await cluster.settled();
  await using traffic = await startTraffic({
    urls: cluster.nodes.map(({ url }) => url),
    token: cluster.token,
    applications: 8,
    publishers: 6,
    keys: 2,
    pauseMs: 20,
  });
  for (const node of [0, 1, 2]) {
    await until('some traffic', () => traffic.accepted > (node + 1) * 50);
    assert.equal(await cluster.nodes[node]!.end('SIGTERM'), 0);
    assert.equal((await cluster.shards())[node], 0, 'its shards are handed over before it ends');
    await cluster.replace(node, { command: build.command });
    const health = await cluster.ok<{ version: string }>(node, 'GET', '/api/v1/health/deep');
    assert.equal(health.version, '99.0.0');
    await cluster.settled();
  }
  const balance = await traffic.finish(WITHIN_MS);
  t.diagnostic(`${balance.accepted} accepted, longest wait ${balance.longestWaitMs} ms`);
  assert.deepEqual([balance.lost, balance.outOfOrder, balance.duplicated, balance.late], [[], [], 0, 0]);
  assert.deepEqual(
    Object.keys(balance.answers).filter((status) => !['0', '202', '503'].includes(status)),
    [],
  );
});
