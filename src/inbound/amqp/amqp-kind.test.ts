import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import type { Options } from 'amqplib';
import { connect } from 'amqplib';
import { type RabbitMq, startRabbitMq } from '../../../test/support/peers/rabbitmq.ts';
import { queueRig, refuse, storeIsAway, textsOf } from '../../../test/support/queue-rig.ts';
import { TEST_CA } from '../../../test/support/tls/certificates.ts';
import { amqpKind } from './amqp-kind.ts';

let server: Awaited<ReturnType<typeof startRabbitMq>>;
before(async () => {
  server = await startRabbitMq();
});
after(async () => {
  if (!('missing' in server)) await server[Symbol.asyncDispose]();
});

function rabbit(t: TestContext): RabbitMq | null {
  if (!('missing' in server)) return server;
  t.skip(server.missing);
  return null;
}

const settingsOf = ({ port, user, password }: RabbitMq, queue: string, more = {}) => ({
  ...{ host: 'broker.test', port, username: user, password, queue, declare: {} },
  ...more,
});

async function withChannel<Result>(
  { port, user, password }: RabbitMq,
  work: (
    channel: Awaited<ReturnType<Awaited<ReturnType<typeof connect>>['createConfirmChannel']>>,
  ) => Promise<Result>,
): Promise<Result> {
  const connection = await connect({ hostname: '127.0.0.1', port, username: user, password });
  const channel = await connection.createConfirmChannel();
  try {
    return await work(channel);
  } finally {
    await connection.close();
  }
}

const publish = (server: RabbitMq, queue: string, texts: readonly string[], options: Options.Publish = {}) =>
  withChannel(server, async (channel) => {
    for (const text of texts)
      channel.sendToQueue(queue, Buffer.from(text), {
        persistent: true,
        messageId: `id-${text}`,
        ...options,
      });
    await channel.waitForConfirms();
  });

const countOf = (server: RabbitMq, queue: string): Promise<number> =>
  withChannel(server, async (channel) => (await channel.checkQueue(queue)).messageCount);

test('a message is taken with its bytes, its type, its headers and what the server knows of it', async (t) => {
  const server = rabbit(t);
  if (!server) return;
  const rig = queueRig(amqpKind);
  await withChannel(server, (channel) => channel.assertExchange('orders', 'topic', { durable: true }));
  const running = rig.start(
    settingsOf(server, 'taken', {
      declare: { exchange: 'orders', routingKey: 'order.*' },
    }),
  );
  await rig.until('it runs', () => rig.health.at(-1)?.[0] === 'running');
  await withChannel(server, async (channel) => {
    channel.publish('orders', 'order.paid', Buffer.from([0, 255, 10]), {
      contentType: 'application/x-thing',
      messageId: 'm-1',
      headers: { 'x-tenant': 'acme', tries: 3, 'x-table': { deep: 'yes' } },
    });
    await channel.waitForConfirms();
  });
  await rig.until('it is taken', () => rig.stored.length === 1);
  await running.stop();
  const [item] = rig.stored;
  assert.deepEqual([...item!.body], [0, 255, 10]);
  assert.equal(item!.type, 'amqp.message');
  assert.equal(item!.contentType, 'application/x-thing');
  assert.equal(item!.dedupeKey, 'm-1');
  assert.deepEqual(item!.headers, [['x-tenant', 'acme']]);
  assert.equal(item!.meta!.exchange, 'orders');
  assert.equal(item!.meta!.routingKey, 'order.paid');
  assert.deepEqual(item!.meta!.headers, { tries: 3, 'x-table': { deep: 'yes' } });
  assert.deepEqual(rig.asked, ['broker.test']);
  assert.equal(await countOf(server, 'taken'), 0);
});

test('what is not stored is not acknowledged, and comes again when the store is back', async (t) => {
  const server = rabbit(t);
  if (!server) return;
  const rig = queueRig(amqpKind);
  rig.answer = storeIsAway;
  const running = rig.start(settingsOf(server, 'away', { prefetch: 2 }));
  await rig.until('it runs', () => rig.health.at(-1)?.[0] === 'running');
  await publish(server, 'away', ['a', 'b', 'c']);
  await rig.until(
    'it is offered twice',
    () => textsOf(rig.offered).filter((text) => text === 'a').length > 1,
  );
  assert.deepEqual(rig.health.at(-1), ['failing', 'The store is away; try again.']);
  assert.ok(!textsOf(rig.offered).includes('c'), 'more than the prefetch were handed over');
  await running.stop();
  assert.equal(await countOf(server, 'away'), 3);

  const next = queueRig(amqpKind);
  const again = next.start(settingsOf(server, 'away'));
  await next.until('all are taken', () => next.stored.length === 3);
  await again.stop();
  assert.deepEqual(next.stored.map(({ dedupeKey }) => dedupeKey).sort(), ['id-a', 'id-b', 'id-c']);
  assert.equal(await countOf(server, 'away'), 0);
});

test('a message that was stored and not acknowledged when the server was killed comes with the same key', async (t) => {
  const server = rabbit(t);
  if (!server) return;
  const rig = queueRig(amqpKind);
  await withChannel(server, (channel) => channel.assertQueue('dies', { durable: true }));
  let release = (): void => {};
  // Stored, and then the server is killed before the acknowledgement: at least once.
  rig.answer = async () => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    return { kind: 'accepted', eventId: 'evt_1', reply: null };
  };
  await publish(server, 'dies', ['x']);
  const running = rig.start(settingsOf(server, 'dies', { declare: undefined }));
  await rig.until('it is being taken', () => rig.offered.length === 1);
  await server.kill();
  await server.start();
  release();
  await rig.until('it comes again', () => rig.offered.length === 2);
  release();
  await rig.until('it runs again', () => rig.health.at(-1)?.[0] === 'running');
  await running.stop();
  assert.deepEqual(
    rig.stored.map(({ dedupeKey }) => dedupeKey),
    ['id-x', 'id-x'],
  );
  assert.equal(rig.stored[1]!.meta!.redelivered, true);
  assert.ok(rig.health.some(([state]) => state === 'failing'));
  assert.equal(await countOf(server, 'dies'), 0);
});

test('a refused message goes to the dead-letter exchange, and is told', async (t) => {
  const server = rabbit(t);
  if (!server) return;
  await withChannel(server, async (channel) => {
    await channel.assertExchange('dead', 'fanout', { durable: true });
    await channel.assertQueue('graveyard', { durable: true });
    await channel.bindQueue('graveyard', 'dead', '');
  });
  const rig = queueRig(amqpKind);
  rig.answer = refuse(true);
  const running = rig.start(
    settingsOf(server, 'refused', { declare: { deadLetterExchange: 'dead', queueType: 'quorum' } }),
  );
  await rig.until('it runs', () => rig.health.at(-1)?.[0] === 'running');
  await publish(server, 'refused', ['bad']);
  await rig.until('it is told', () => /refused: It is too large/.test(rig.health.at(-1)?.[1] ?? ''));
  await running.stop();
  const dead = await withChannel(server, (channel) => channel.get('graveyard', { noAck: true }));
  assert.equal(dead !== false && dead.content.toString(), 'bad');
  assert.equal(await countOf(server, 'refused'), 0);
});

test('a wrong password, a missing queue and a refused address are told, and tried again', async (t) => {
  const server = rabbit(t);
  if (!server) return;
  const told = async (input: unknown, addresses = {}): Promise<string> => {
    const rig = queueRig(amqpKind, { addresses });
    const running = rig.start(input);
    await rig.until('it is told twice', () => rig.health.length >= 2);
    await running.stop();
    assert.ok(rig.health.every(([state]) => state === 'failing'));
    return rig.health[0]![1]!;
  };
  assert.match(await told(settingsOf(server, 'q', { password: 'wrong-one' })), /ACCESS.REFUSED/);
  assert.match(await told(settingsOf(server, 'nowhere', { declare: undefined })), /NOT.FOUND.*nowhere/);
  assert.match(await told(settingsOf(server, 'q'), { 'broker.test': null }), /private address/);
});

test('over TLS the certificate must be that of the name, whatever its address', async (t) => {
  const server = rabbit(t);
  if (!server) return;
  const input = (host: string) =>
    settingsOf(server, 'sealed', { host, port: server.tlsPort, tls: true, tlsCa: TEST_CA });
  const good = queueRig(amqpKind);
  const running = good.start(input('receiver.test'));
  await good.until('it runs', () => good.health.at(-1)?.[0] === 'running');
  await running.stop();
  const wrong = queueRig(amqpKind);
  const failing = wrong.start(input('somebody-else.test'));
  await wrong.until('it is told', () => wrong.health.length > 0);
  await failing.stop();
  assert.equal(wrong.health[0]![0], 'failing');
  assert.match(wrong.health[0]![1]!, /somebody-else\.test/);
});
