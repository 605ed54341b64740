/** MQTT 5, TLS and WebSocket against Mosquitto; skipped with the reason where it cannot be had. */
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { connectAsync, type IClientPublishOptions } from 'mqtt';
import { type Mosquitto, startMosquitto } from '../../../test/support/peers/mosquitto.ts';
import { type QueueRig, queueRig, storeIsAway, textsOf } from '../../../test/support/queue-rig.ts';
import { certificate, TEST_CA } from '../../../test/support/tls/certificates.ts';
import { mqttKind } from './mqtt-kind.ts';

let started: Awaited<ReturnType<typeof startMosquitto>>;
before(async () => {
  started = await startMosquitto({ user: 'hub', password: 'sesame', tls: certificate('server') });
});
after(async () => {
  if (!('missing' in started)) await started[Symbol.asyncDispose]();
});

function mosquitto(t: TestContext): Mosquitto | null {
  if (!('missing' in started)) return started;
  t.skip(started.missing);
  return null;
}

async function publish(
  { port }: Mosquitto,
  topic: string,
  texts: readonly string[],
  options: IClientPublishOptions = {},
) {
  const login = { username: 'hub', password: 'sesame', protocolVersion: 5, reconnectPeriod: 0 } as const;
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, login);
  for (const text of texts) await client.publishAsync(topic, text, { qos: 1, ...options });
  await client.endAsync();
}

const settingsOf = ({ port }: Mosquitto, more = {}) => ({
  url: `mqtt://localhost:${port}`,
  username: 'hub',
  password: 'sesame',
  topics: [{ filter: 'home/#' }],
  ...more,
});
const isRunning =
  (rig: QueueRig, times = 1) =>
  () =>
    rig.health.filter(([state, detail]) => state === 'running' && detail === null).length >= times;

test('MQTT 5 says the content type, and user properties are headers', async (t) => {
  const server = mosquitto(t);
  if (!server) return;
  const rig = queueRig(mqttKind);
  const running = rig.start(settingsOf(server, { clientId: 'properties' }));
  await rig.until('it runs', isRunning(rig));
  const userProperties = { specversion: '1.0', id: 'e-1', source: '/door', room: ['a', 'b'] };
  await publish(server, 'home/door', ['{"open":true}'], {
    properties: {
      contentType: 'application/json',
      responseTopic: 'home/answer',
      correlationData: Buffer.from([255, 0]),
      userProperties,
    },
  });
  await rig.until('it is taken', () => rig.stored.length === 1);
  await running.stop();
  const item = rig.stored.at(0)!;
  assert.equal(item.contentType, 'application/json');
  assert.equal(item.dedupeKey, '/door e-1');
  assert.deepEqual(
    item.headers.filter(([name]) => name === 'room').map(([, value]) => value),
    ['a', 'b'],
  );
  assert.deepEqual(item.meta!.properties, { responseTopic: 'home/answer', correlationData: 'base64:/wA=' });
});

test('what was not acknowledged comes again, after the broker’s own restart too', async (t) => {
  const server = mosquitto(t);
  if (!server) return;
  const rig = queueRig(mqttKind);
  rig.answer = storeIsAway;
  const settings = settingsOf(server, { clientId: 'redelivery' });
  const first = rig.start(settings);
  await rig.until('it runs', isRunning(rig));
  await publish(server, 'home/a', ['one', 'two']);
  await rig.until('it was offered', () => rig.offered.length > 0);
  await first.stop();
  await server.stop();
  await server.start();
  rig.answer = () => ({ kind: 'accepted', eventId: 'evt_1', reply: null });
  const second = rig.start(settings);
  await rig.until('both come again', () => rig.stored.length === 2);
  await second.stop();
  assert.deepEqual(textsOf(rig.stored), ['one', 'two']);
});

test('a repetition is marked, within one run of the broker', async (t) => {
  const server = mosquitto(t);
  if (!server) return;
  const rig = queueRig(mqttKind);
  rig.answer = storeIsAway;
  const settings = settingsOf(server, { clientId: 'marked' });
  const first = rig.start(settings);
  await rig.until('it runs', isRunning(rig));
  await publish(server, 'home/a', ['one']);
  await rig.until('it was offered', () => rig.offered.length > 0);
  await first.stop();
  rig.answer = () => ({ kind: 'accepted', eventId: 'evt_1', reply: null });
  const second = rig.start(settings);
  await rig.until('it comes again', () => rig.stored.length === 1);
  await second.stop();
  assert.equal(rig.stored.at(0)!.meta!.dup, true);
});

test('a thousand messages are taken, each once and in the order of their topic', async (t) => {
  const server = mosquitto(t);
  if (!server) return;
  const rig = queueRig(mqttKind);
  rig.answer = () =>
    new Promise((resolve) => setImmediate(resolve, { kind: 'accepted', eventId: 'e', reply: null }));
  const running = rig.start(settingsOf(server, { clientId: 'many' }));
  await rig.until('it runs', isRunning(rig));
  const numbers = Array.from({ length: 500 }, (_, at) => String(at));
  await Promise.all([publish(server, 'home/a', numbers), publish(server, 'home/b', numbers)]);
  await rig.until('all are taken', () => rig.stored.length >= 1000);
  await running.stop();
  for (const topic of ['home/a', 'home/b'])
    assert.deepEqual(textsOf(rig.stored.filter(({ meta }) => meta!.topic === topic)), numbers);
});

test('TLS checks the broker’s name and the given authority; WebSocket works', async (t) => {
  const server = mosquitto(t);
  if (!server) return;
  for (const [url, tls] of [
    [`mqtts://localhost:${server.tlsPort}`, { tlsCa: TEST_CA }],
    [`ws://localhost:${server.wsPort}/mqtt`, {}],
  ] as const) {
    const rig = queueRig(mqttKind);
    const running = rig.start(settingsOf(server, { clientId: 'ways', url, ...tls }));
    await rig.until(`${url} runs`, isRunning(rig));
    await publish(server, 'home/a', ['hello']);
    await rig.until('it is taken', () => rig.stored.length === 1);
    await running.stop();
  }
  for (const more of [
    { url: `mqtts://localhost:${server.tlsPort}` },
    { url: `mqtts://other.test:${server.tlsPort}`, tlsCa: TEST_CA },
  ]) {
    const rig = queueRig(mqttKind);
    const running = rig.start(settingsOf(server, { clientId: 'distrust', ...more }));
    await rig.until('it is told', () => rig.health.at(-1)?.[0] === 'failing');
    assert.match(rig.health.at(-1)![1]!, /certificate|altname/i);
    await running.stop();
  }
});

test('a wrong password is told', async (t) => {
  const server = mosquitto(t);
  if (!server) return;
  const rig = queueRig(mqttKind);
  const running = rig.start(settingsOf(server, { password: 'wrong' }));
  await rig.until('it is told', () => rig.health.at(-1)?.[0] === 'failing');
  await running.stop();
  assert.match(rig.health.at(-1)![1]!, /not authorized/i);
});
