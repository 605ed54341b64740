import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { Admin, Producer } from '@platformatic/kafka';
import { type Kafka, startKafka } from '../../../test/support/peers/kafka.ts';
import { queueRig, refuse, storeIsAway, textsOf } from '../../../test/support/queue-rig.ts';
import { TEST_CA } from '../../../test/support/tls/certificates.ts';
import { kafkaKind } from './kafka-kind.ts';

let server: Awaited<ReturnType<typeof startKafka>>;
before(async () => {
  server = await startKafka();
});
after(async () => {
  if (!('missing' in server)) await server[Symbol.asyncDispose]();
});

function kafka(t: TestContext): Kafka | null {
  if (!('missing' in server)) return server;
  t.skip(server.missing);
  return null;
}

const settingsOf = ({ port }: Kafka, topic: string, more = {}) => ({
  ...{ brokers: [`kafka.test:${port}`], groupId: `${topic}-group`, topics: [topic], from: 'earliest' },
  ...more,
});

async function makeTopic({ port }: Kafka, topic: string, partitions = 1): Promise<void> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [`127.0.0.1:${port}`] });
  await admin.createTopics({ topics: [topic], partitions, replicas: 1 });
  await admin.close();
}

interface Sent {
  readonly value: string;
  readonly key?: string;
  readonly partition?: number;
  readonly headers?: Record<string, string>;
}

async function produce({ port }: Kafka, topic: string, messages: readonly Sent[]): Promise<void> {
  const producer = new Producer({ clientId: 'test', bootstrapBrokers: [`127.0.0.1:${port}`] });
  const bytes = (text: string): Buffer => Buffer.from(text);
  await producer.send({
    messages: messages.map(({ value, key, partition, headers }) => ({
      topic,
      value: bytes(value),
      ...(key !== undefined && { key: bytes(key) }),
      ...(partition !== undefined && { partition }),
      headers: new Map(Object.entries(headers ?? {}).map(([name, text]) => [bytes(name), bytes(text)])),
    })),
  });
  await producer.close();
}

test('messages are taken with their key and place, in order within a partition', async (t) => {
  const server = kafka(t);
  if (!server) return;
  await makeTopic(server, 'orders', 2);
  const messages = Array.from({ length: 40 }, (_, n) => ({ value: `${n}`, partition: n % 2 }));
  await produce(server, 'orders', messages);
  const rig = queueRig(kafkaKind);
  const running = rig.start(settingsOf(server, 'orders', { prefetch: 4 }));
  await rig.until('all are taken', () => rig.stored.length === 40);
  await produce(server, 'orders', [
    { value: '{}', key: 'acme', partition: 1, headers: { 'content-type': 'application/json', 'x-n': '1' } },
  ]);
  await rig.until('the next is taken', () => rig.stored.length === 41);
  await running.stop();
  for (const partition of [0, 1]) {
    const own = rig.stored.slice(0, 40).filter(({ meta }) => meta!.partition === partition);
    assert.deepEqual(
      textsOf(own),
      messages.filter((message) => message.partition === partition).map(({ value }) => value),
    );
  }
  const item = rig.stored[40]!;
  assert.equal(item.type, 'kafka.message');
  assert.equal(item.dedupeKey, 'orders/1/20');
  assert.equal(item.orderingKey, 'acme');
  assert.equal(item.contentType, 'application/json');
  assert.deepEqual(item.headers[1], ['x-n', '1']);
  assert.equal(item.meta!.offset, '20');

  const next = queueRig(kafkaKind);
  const again = next.start(settingsOf(server, 'orders'));
  await produce(server, 'orders', [{ value: 'after', partition: 0 }]);
  await next.until('it goes on', () => next.stored.length > 0);
  await again.stop();
  assert.deepEqual(textsOf(next.stored), ['after'], 'what was committed came again');
});

test('every broker that the cluster announces is guarded, not only the first', async (t) => {
  const server = kafka(t);
  if (!server) return;
  await makeTopic(server, 'guarded');
  const rig = queueRig(kafkaKind, { addresses: { localhost: null } });
  const running = rig.start(settingsOf(server, 'guarded'));
  await rig.until('it is told', () => rig.health.length > 0);
  await running.stop();
  assert.equal(rig.health[0]![0], 'failing');
  assert.match(rig.health[0]![1]!, /localhost leads to a private address/);
  assert.ok(rig.asked.includes('kafka.test'));
});

test('what is not stored is not committed: it is tried again in place, and comes again after a restart', async (t) => {
  const server = kafka(t);
  if (!server) return;
  await makeTopic(server, 'away');
  await produce(server, 'away', [{ value: 'a' }, { value: 'b' }, { value: 'c' }]);
  const rig = queueRig(kafkaKind);
  rig.answer = (item) =>
    item.dedupeKey === 'away/0/0' ? { kind: 'accepted', eventId: 'evt_1', reply: null } : storeIsAway();
  const running = rig.start(settingsOf(server, 'away'));
  await rig.until('b is offered twice', () => textsOf(rig.offered).filter((text) => text === 'b').length > 1);
  assert.ok(rig.health.some(([state, detail]) => state === 'failing' && /store is away/.test(detail!)));
  await running.stop();
  assert.ok(!textsOf(rig.offered).includes('c'), 'c overtook b');

  const next = queueRig(kafkaKind);
  const again = next.start(settingsOf(server, 'away'));
  await next.until('the rest is taken', () => next.stored.length === 2);
  await again.stop();
  assert.deepEqual(
    next.stored.map(({ dedupeKey }) => dedupeKey),
    ['away/0/1', 'away/0/2'],
  );
});

test('a refused message is passed over and told', async (t) => {
  const server = kafka(t);
  if (!server) return;
  await makeTopic(server, 'refused');
  await produce(server, 'refused', [{ value: 'bad' }]);
  const rig = queueRig(kafkaKind);
  rig.answer = refuse(true);
  const running = rig.start(settingsOf(server, 'refused'));
  await rig.until('it is told', () => /refused: It is too large/.test(rig.health.at(-1)?.[1] ?? ''));
  await running.stop();
  const next = queueRig(kafkaKind);
  const again = next.start(settingsOf(server, 'refused'));
  await produce(server, 'refused', [{ value: 'good' }]);
  await next.until('the next is taken', () => next.stored.length > 0);
  await again.stop();
  assert.deepEqual(textsOf(next.stored), ['good']);
});

test('members of a group share the partitions, and take over from one that leaves', async (t) => {
  const server = kafka(t);
  if (!server) return;
  await makeTopic(server, 'shared', 2);
  const [one, other] = [queueRig(kafkaKind), queueRig(kafkaKind, { sourceId: 'other' })];
  const first = one.start(settingsOf(server, 'shared'));
  await one.until('it runs', () => one.health.at(-1)?.[0] === 'running');
  const second = other.start(settingsOf(server, 'shared'));
  await other.until('it runs', () => other.health.at(-1)?.[0] === 'running');
  const both = [0, 1].map((partition) => ({ value: `${partition}`, partition }));
  let sent = 0;
  await one.until('each has got some', () => {
    if (sent++ % 50 === 0) void produce(server, 'shared', both);
    return one.stored.length > 0 && other.stored.length > 0;
  });
  await first.stop();
  const partitions = new Set<unknown>();
  await produce(server, 'shared', both);
  await other.until('the other has both', () => {
    for (const { meta } of other.stored) partitions.add(meta!.partition);
    return partitions.size === 2;
  });
  await second.stop();
});

test('SASL logs in; a wrong password and a missing topic are told, and tried again', async (t) => {
  const server = kafka(t);
  if (!server) return;
  await makeTopic(server, 'secret');
  await produce(server, 'secret', [{ value: 'x' }]);
  const login = { sasl: 'plain', username: server.user, password: server.password };
  const input = settingsOf(server, 'secret', { ...login, brokers: [`kafka.test:${server.saslPort}`] });
  for (const sasl of ['plain', 'scram-sha-512']) {
    const rig = queueRig(kafkaKind);
    const running = rig.start({ ...input, sasl, groupId: `by-${sasl}` });
    await rig.until('it is taken', () => rig.stored.length === 1);
    await running.stop();
  }
  const told = async (wrong: object): Promise<string> => {
    const failing = queueRig(kafkaKind);
    const stopped = failing.start({ ...input, ...wrong });
    await failing.until('it is told', () => failing.health.length >= 1);
    await stopped.stop();
    assert.ok(failing.health.every(([state]) => state === 'failing'));
    return failing.health[0]![1]!;
  };
  assert.match(await told({ password: 'wrong-one' }), /authentication/i);
  assert.match(await told({ topics: ['nowhere'] }), /nowhere|topic/i);
});

test('it connects again when the broker was killed, and what was not committed comes with the same key', async (t) => {
  const server = kafka(t);
  if (!server) return;
  await makeTopic(server, 'killed');
  await produce(server, 'killed', [{ value: 'x' }]);
  const rig = queueRig(kafkaKind);
  let release = (): void => {};
  rig.answer = async () => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    return { kind: 'accepted', eventId: 'evt_1', reply: null };
  };
  const running = rig.start(settingsOf(server, 'killed'));
  await rig.until('it is being taken', () => rig.offered.length === 1);
  await server.kill();
  release();
  await server.start();
  await rig.until('it comes again', () => rig.offered.length === 2);
  release();
  await rig.until('it is stored', () => rig.stored.length === 2);
  await rig.until('it runs', () => rig.health.at(-1)?.[0] === 'running');
  await running.stop();
  assert.deepEqual(
    rig.stored.map(({ dedupeKey }) => dedupeKey),
    ['killed/0/0', 'killed/0/0'],
  );
});

test('over TLS each broker must have the certificate of its own name', async (t) => {
  const server = kafka(t);
  if (!server) return;
  await makeTopic(server, 'sealed');
  await produce(server, 'sealed', [{ value: 'x' }]);
  const input = (host: string) =>
    settingsOf(server, 'sealed', { brokers: [`${host}:${server.tlsPort}`], tls: true, tlsCa: TEST_CA });
  const rig = queueRig(kafkaKind);
  const running = rig.start(input('receiver.test'));
  await rig.until('it is taken', () => rig.stored.length === 1);
  await running.stop();
  assert.deepEqual([...new Set(rig.asked)].sort(), ['localhost', 'receiver.test']);
  const wrong = queueRig(kafkaKind);
  const failing = wrong.start(input('somebody-else.test'));
  await wrong.until('it is told', () => wrong.health.length > 0);
  await failing.stop();
  assert.match(wrong.health[0]![1]!, /somebody-else\.test/);
});
