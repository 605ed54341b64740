import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Aedes } from 'aedes';
import { connectAsync, type IClientPublishOptions } from 'mqtt';
import { type QueueRig, queueRig, refuse, storeIsAway, textsOf } from '../../../test/support/queue-rig.ts';
import { mqttKind } from './mqtt-kind.ts';

/** Aedes speaks 3.1.1 only; `mosquitto.test.ts` has version 5. */
async function startBroker(t: TestContext) {
  const aedes = await Aedes.createBroker();
  const sockets = new Set<import('node:net').Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    aedes.handle(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  t.after(async () => {
    cut();
    server.close();
    await new Promise<void>((resolve) => aedes.close(() => resolve()));
  });
  return { aedes, port, cut };
}

async function publish(
  port: number,
  topic: string,
  texts: readonly string[],
  options: IClientPublishOptions = {},
) {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
  for (const text of texts) await client.publishAsync(topic, text, { qos: 1, ...options });
  await client.endAsync();
}

const settingsOf = (port: number, more = {}) => ({
  url: `mqtt://broker.test:${port}`,
  protocol: '3.1.1',
  topics: [{ filter: 'home/#', qos: 1 }],
  ...more,
});
const isRunning =
  (rig: QueueRig, times = 1) =>
  () =>
    rig.health.filter(([state, detail]) => state === 'running' && detail === null).length >= times;

test('a message is taken with its bytes, its topic and what the broker says of it', async (t) => {
  const { port } = await startBroker(t);
  const rig = queueRig(mqttKind);
  const running = rig.start(settingsOf(port));
  await rig.until('it runs', isRunning(rig));
  await publish(port, 'home/kitchen', ['21.5']);
  await rig.until('it is taken', () => rig.stored.length === 1);
  await running.stop();
  const item = rig.stored.at(0);
  assert.deepEqual(textsOf(rig.stored), ['21.5']);
  assert.equal(item!.type, 'mqtt.message');
  assert.equal(item!.contentType, '');
  assert.equal(item!.dedupeKey, null);
  assert.equal(item!.orderingKey, 'home/kitchen');
  assert.deepEqual(item!.meta, { topic: 'home/kitchen', qos: 1, retain: false, dup: false, properties: {} });
  assert.deepEqual(rig.asked, ['broker.test']);
});

test('what was not stored is not acknowledged: it comes again with the next connection', async (t) => {
  const { port } = await startBroker(t);
  const rig = queueRig(mqttKind);
  rig.answer = storeIsAway;
  const first = rig.start(settingsOf(port));
  await rig.until('it runs', isRunning(rig));
  await publish(port, 'home/a', ['lost?']);
  await rig.until('the trouble is told', () => rig.health.at(-1)?.[0] === 'failing');
  assert.match(rig.health.at(-1)![1]!, /The store is away/);
  await first.stop();
  assert.deepEqual(rig.stored, []);

  rig.answer = () => ({ kind: 'accepted', eventId: 'evt_1', reply: null });
  const second = rig.start(settingsOf(port));
  await rig.until('it comes again', () => rig.stored.length === 1);
  await second.stop();
  assert.deepEqual(textsOf(rig.stored), ['lost?']);
});

test('while the store is away the message is held, and taken when it is back', async (t) => {
  const { port } = await startBroker(t);
  const rig = queueRig(mqttKind);
  let refusals = 2;
  rig.answer = () => (refusals-- > 0 ? storeIsAway() : { kind: 'accepted', eventId: 'evt_1', reply: null });
  const running = rig.start(settingsOf(port));
  await rig.until('it runs', isRunning(rig));
  await publish(port, 'home/a', ['held', 'behind it']);
  await rig.until('both are taken', () => rig.stored.length === 2);
  assert.deepEqual(textsOf(rig.stored), ['held', 'behind it']);
  assert.equal(rig.health.at(-1)![0], 'running');
  await running.stop();
});

test('the session outlives the node: what came meanwhile is taken by whoever goes on, once', async (t) => {
  const { port } = await startBroker(t);
  const rig = queueRig(mqttKind);
  const first = rig.start(settingsOf(port));
  await rig.until('it runs', isRunning(rig));
  await publish(port, 'home/a', ['before']);
  await rig.until('it is taken', () => rig.stored.length === 1);
  await first.stop();
  await publish(port, 'home/a', ['meanwhile']);
  const second = rig.start(settingsOf(port));
  await rig.until('what came meanwhile is taken', () => rig.stored.length === 2);
  await publish(port, 'home/a', ['after']);
  await rig.until('all are taken', () => rig.stored.length >= 3);
  await second.stop();
  assert.deepEqual(textsOf(rig.stored), ['before', 'meanwhile', 'after']);
});

test('a broken connection is dialled again, and nothing is lost', async (t) => {
  const { port, cut } = await startBroker(t);
  const rig = queueRig(mqttKind);
  const running = rig.start(settingsOf(port));
  await rig.until('it runs', isRunning(rig));
  cut();
  await rig.until('it is told', () => rig.health.at(-1)?.[0] === 'failing');
  await publish(port, 'home/a', ['through']);
  await rig.until('it is taken', () => rig.stored.length === 1);
  await running.stop();
  assert.equal(rig.asked.length, 2); // The guard is asked for each connection.
});

test('a message of QoS 2 is taken before the broker may forget it', async (t) => {
  const { port } = await startBroker(t);
  const rig = queueRig(mqttKind);
  rig.answer = storeIsAway;
  const settings = settingsOf(port, { topics: [{ filter: 'home/#', qos: 2 }] });
  const first = rig.start(settings);
  await rig.until('it runs', isRunning(rig));
  await publish(port, 'home/a', ['twice checked'], { qos: 2 });
  await rig.until('it was offered', () => rig.offered.length > 0);
  await first.stop();
  rig.answer = () => ({ kind: 'accepted', eventId: 'evt_1', reply: null });
  const second = rig.start(settings);
  await rig.until('it comes again', () => rig.stored.length === 1);
  await publish(port, 'home/a', ['next'], { qos: 2 });
  await rig.until('the next is taken', () => rig.stored.length === 2);
  await second.stop();
  assert.deepEqual(textsOf(rig.stored), ['twice checked', 'next']);
});

test('what the source will never take is acknowledged, and told', async (t) => {
  const { port } = await startBroker(t);
  const rig = queueRig(mqttKind);
  rig.answer = refuse(true);
  const running = rig.start(settingsOf(port));
  await rig.until('it runs', isRunning(rig));
  await publish(port, 'home/a', ['too large']);
  await rig.until('it is told', () => /too large/.test(rig.health.at(-1)?.[1] ?? ''));
  await running.stop();
  rig.answer = () => ({ kind: 'accepted', eventId: 'evt_1', reply: null });
  const again = rig.start(settingsOf(port));
  await rig.until('it runs again', isRunning(rig, 2));
  await publish(port, 'home/a', ['small']);
  await rig.until('the next is taken', () => rig.stored.length === 1);
  await again.stop();
  assert.deepEqual(textsOf(rig.stored), ['small']);
});

test('retained messages are taken, or ignored where the source says so', async (t) => {
  const { port } = await startBroker(t);
  await publish(port, 'home/a', ['last value'], { retain: true });
  for (const [retained, expected] of [
    ['ignore', ['live']],
    ['take', ['last value', 'live']],
  ] as const) {
    const rig = queueRig(mqttKind);
    const running = rig.start(settingsOf(port, { retained, clientId: `reads-${retained}` }));
    await rig.until('it runs', isRunning(rig));
    await publish(port, 'home/b', ['live']);
    await rig.until('it is taken', () => textsOf(rig.stored).includes('live'));
    await running.stop();
    assert.deepEqual(textsOf(rig.stored), expected);
  }
});

test('a broker that refuses is told in its own words', async (t) => {
  const { aedes, port } = await startBroker(t);
  aedes.authenticate = (_client, username, _password, done) => done(null, username === 'known');
  const rig = queueRig(mqttKind);
  const running = rig.start(settingsOf(port, { username: 'stranger', password: 'x' }));
  await rig.until('it is told', () => rig.health.at(-1)?.[0] === 'failing');
  await running.stop();
  assert.match(rig.health.at(-1)![1]!, /not authorized|bad user/i);
});

test('no broker, or a private address, is told and the stop is quick', async () => {
  const rig = queueRig(mqttKind, { addresses: { 'inner.test': null } });
  const running = rig.start(settingsOf(1, { url: 'mqtt://inner.test' }));
  await rig.until('it is told', () => rig.health.at(-1)?.[0] === 'failing');
  assert.match(rig.health.at(-1)![1]!, /inner\.test leads to a private address/);
  const other = rig.start(settingsOf(1));
  await rig.until('it is told', () => /refused the connection/.test(rig.health.at(-1)?.[1] ?? ''));
  const before = Date.now();
  await Promise.all([running.stop(), other.stop(), sleep(0)]);
  assert.ok(Date.now() - before < 20_000);
});
