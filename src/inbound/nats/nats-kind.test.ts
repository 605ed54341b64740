import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection, nkeys } from '@nats-io/transport-node';
import { type Nats, startNats } from '../../../test/support/peers/nats.ts';
import { natsLogin } from '../../../test/support/peers/nats-jwts.ts';
import { queueRig, refuse, storeIsAway, textsOf } from '../../../test/support/queue-rig.ts';
import { certificate, TEST_CA } from '../../../test/support/tls/certificates.ts';
import { natsKind } from './nats-kind.ts';

let server: Awaited<ReturnType<typeof startNats>>;
before(async () => {
  server = await startNats();
});
after(async () => {
  if (!('missing' in server)) await server[Symbol.asyncDispose]();
});

function nats(t: TestContext): Nats | null {
  if (!('missing' in server)) return server;
  t.skip(server.missing);
  return null;
}

const settingsOf = ({ port, user, password }: Nats, more: object) => ({
  ...{ host: 'nats.test', port, username: user, password },
  ...more,
});

async function using<Result>(
  { port, user, password }: Nats,
  work: (connection: NatsConnection, manager: JetStreamManager) => Promise<Result>,
): Promise<Result> {
  const connection = await connect({ servers: `127.0.0.1:${port}`, user, pass: password });
  try {
    return await work(connection, await jetstreamManager(connection));
  } finally {
    await connection.close();
  }
}

const makeStream = (server: Nats, name: string) =>
  using(server, (_, manager) => manager.streams.add({ name, subjects: [`${name}.>`] }));

const publish = (server: Nats, subject: string, texts: readonly string[]) =>
  using(server, async (connection) => {
    for (const text of texts) await jetstream(connection).publish(subject, text);
  });

/** Of a durable consumer: delivered and not acknowledged, and not delivered yet. */
const openOf = (server: Nats, stream: string, consumer = 'posthorn') =>
  using(server, async (_, manager) => {
    const { num_ack_pending, num_pending } = await manager.consumers.info(stream, consumer);
    return num_ack_pending + num_pending;
  });

/** The server counts an acknowledgement a moment after it has read it. */
async function isEmpty(server: Nats, stream: string): Promise<void> {
  for (let tries = 0; (await openOf(server, stream)) > 0; tries++)
    if (tries > 50) assert.fail('not all is acknowledged');
}

test('a message of a stream is taken, with what the stream knows of it', async (t) => {
  const server = nats(t);
  if (!server) return;
  await makeStream(server, 'taken');
  await using(server, async (connection) => {
    const lines = headers();
    lines.append('X-Tenant', 'acme');
    lines.append('content-type', 'application/cloudevents+json');
    await jetstream(connection).publish('taken.order.paid', '{"id":1}', { headers: lines });
    await jetstream(connection).publish('taken.other', 'not for us');
  });
  const rig = queueRig(natsKind);
  const running = rig.start(
    settingsOf(server, {
      jetstream: { stream: 'taken', consumer: 'posthorn', subjects: ['taken.order.*'] },
    }),
  );
  await rig.until('it is taken', () => rig.stored.length === 1);
  await running.stop();
  const [item] = rig.stored;
  assert.deepEqual(textsOf(rig.stored), ['{"id":1}']);
  assert.equal(item!.type, 'nats.message');
  assert.equal(item!.contentType, 'application/cloudevents+json');
  assert.equal(item!.dedupeKey, 'taken/1');
  assert.deepEqual(item!.headers[0], ['X-Tenant', 'acme']);
  const { subject, stream, sequence, deliveries } = item!.meta!;
  assert.deepEqual(
    { subject, stream, sequence, deliveries },
    { subject: 'taken.order.paid', stream: 'taken', sequence: 1, deliveries: 1 },
  );
  assert.deepEqual(rig.asked, ['nats.test']);
  await isEmpty(server, 'taken');
});

test('what is not stored comes again with the same key, after a restart too', async (t) => {
  const server = nats(t);
  if (!server) return;
  await makeStream(server, 'away');
  const input = settingsOf(server, { jetstream: { stream: 'away', consumer: 'posthorn' }, prefetch: 2 });
  const rig = queueRig(natsKind);
  rig.answer = storeIsAway;
  await publish(server, 'away.x', ['a', 'b', 'c']);
  const running = rig.start(input);
  await rig.until(
    'it comes again',
    () => rig.offered.filter((item) => item.dedupeKey === 'away/1').length > 1,
  );
  assert.ok(
    rig.health.some(([state, detail]) => state === 'failing' && detail === 'The store is away; try again.'),
  );
  await running.stop();
  assert.ok((await openOf(server, 'away')) >= 3);

  const next = queueRig(natsKind);
  const again = next.start(input);
  await next.until('all are taken', () => next.stored.length === 3);
  await again.stop();
  assert.deepEqual(next.stored.map(({ dedupeKey }) => dedupeKey).sort(), ['away/1', 'away/2', 'away/3']);
  await isEmpty(server, 'away');
});

test('a slow store does not make the server send twice', async (t) => {
  const server = nats(t);
  if (!server) return;
  await makeStream(server, 'slow');
  await publish(server, 'slow.x', ['a']);
  const rig = queueRig(natsKind);
  rig.answer = async () => {
    await new Promise((resolve) => setTimeout(resolve, 3_200));
    return { kind: 'accepted', eventId: 'evt_1', reply: null };
  };
  const running = rig.start(
    settingsOf(server, { jetstream: { stream: 'slow', consumer: 'posthorn', ackWaitSeconds: 2 } }),
  );
  await rig.until('it is taken', () => rig.stored.length === 1);
  await running.stop();
  assert.equal(rig.offered.length, 1);
  await isEmpty(server, 'slow');
});

test('a refused message is terminated and told', async (t) => {
  const server = nats(t);
  if (!server) return;
  await makeStream(server, 'refused');
  await publish(server, 'refused.x', ['a']);
  const rig = queueRig(natsKind);
  rig.answer = refuse(true);
  const running = rig.start(settingsOf(server, { jetstream: { stream: 'refused', consumer: 'posthorn' } }));
  await rig.until('it is told', () => /refused: It is too large/.test(rig.health.at(-1)?.[1] ?? ''));
  await running.stop();
  await isEmpty(server, 'refused');
  assert.equal(rig.offered.length, 1);
});

test('stopping gives back at once what it had not begun, and a deleted consumer is made again', async (t) => {
  const server = nats(t);
  if (!server) return;
  await makeStream(server, 'stopped');
  const texts = Array.from({ length: 60 }, (_, n) => `${n}`);
  await publish(server, 'stopped.x', texts);
  const input = settingsOf(server, { jetstream: { stream: 'stopped', consumer: 'posthorn' }, prefetch: 4 });
  const taken = new Set<string>();
  // Each run is stopped in the middle; what it leaves behind must not wait for the ack wait of 30 s.
  for (let runs = 0; runs < 3; runs++) {
    const rig = queueRig(natsKind);
    rig.answer = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return { kind: 'accepted', eventId: 'evt_1', reply: null };
    };
    const running = rig.start(input);
    await rig.until('some are taken', () => rig.stored.length >= 5);
    await running.stop();
    for (const text of textsOf(rig.stored)) taken.add(text);
  }
  const rig = queueRig(natsKind);
  const running = rig.start(input);
  await rig.until('the rest is taken', () => new Set([...taken, ...textsOf(rig.stored)]).size === 60);
  await using(server, (_, manager) => manager.consumers.delete('stopped', 'posthorn'));
  await rig.until('it is told', () => rig.health.some(([state]) => state === 'failing'));
  await rig.until('it runs again', () => rig.health.at(-1)?.[0] === 'running');
  await running.stop();
});

test('it connects again when the server was killed, and takes what was stored and not acknowledged', async (t) => {
  const server = nats(t);
  if (!server) return;
  await makeStream(server, 'killed');
  await publish(server, 'killed.x', ['a']);
  const rig = queueRig(natsKind);
  let release = (): void => {};
  rig.answer = async () => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    return { kind: 'accepted', eventId: 'evt_1', reply: null };
  };
  const running = rig.start(
    settingsOf(server, { jetstream: { stream: 'killed', consumer: 'posthorn', ackWaitSeconds: 2 } }),
  );
  await rig.until('it is being taken', () => rig.offered.length === 1);
  await server.kill();
  await server.start();
  release();
  await rig.until('it comes again', () => rig.offered.length === 2);
  release();
  await rig.until('it runs', () => rig.health.at(-1)?.[0] === 'running' && rig.stored.length === 2);
  await running.stop();
  assert.deepEqual(
    rig.stored.map(({ dedupeKey }) => dedupeKey),
    ['killed/1', 'killed/1'],
  );
  assert.ok(rig.health.some(([state]) => state === 'failing'));
  await isEmpty(server, 'killed');
});

test('a plain subject is shared in a queue group, and what the store could not take yet is kept here', async (t) => {
  const server = nats(t);
  if (!server) return;
  const input = settingsOf(server, { core: { subject: 'plain.*', queueGroup: 'hub' } });
  const [one, other] = [queueRig(natsKind), queueRig(natsKind)];
  one.answer = storeIsAway;
  other.answer = storeIsAway;
  const both = [one.start(input), other.start(input)];
  for (const rig of [one, other]) await rig.until('it runs', () => rig.health.at(-1)?.[0] === 'running');
  await using(server, async (connection) => {
    const lines = headers();
    lines.append('Nats-Msg-Id', 'm-1');
    connection.publish('plain.a', 'first', { headers: lines });
    for (let count = 0; count < 9; count++) connection.publish('plain.b', `more ${count}`);
    await connection.flush();
  });
  await one.until('all are offered', () => one.offered.length + other.offered.length >= 10);
  for (const rig of [one, other]) rig.answer = () => ({ kind: 'accepted', eventId: 'evt_1', reply: null });
  await one.until('all are taken', () => one.stored.length + other.stored.length === 10);
  for (const running of both) await running.stop();
  const items = [...one.stored, ...other.stored];
  assert.equal(new Set(textsOf(items)).size, 10);
  assert.equal(items.find(({ dedupeKey }) => dedupeKey !== null)!.dedupeKey, 'm-1');
});

test('a token, an nkey and a creds file log in', async (t) => {
  const nkey = nkeys.createUser();
  const { authorization, creds } = natsLogin();
  const ways = [
    [`authorization { token: "t0ken" }`, { token: 't0ken' }],
    [
      `authorization { users: [ {nkey: ${nkey.getPublicKey()}} ] }`,
      { nkeySeed: Buffer.from(nkey.getSeed()).toString() },
    ],
    [authorization, { creds }],
    [authorization, { creds: creds.replaceAll('\n', '\r\n').trim() }],
  ] as const;
  for (const [asked, given] of ways) {
    const server = await startNats({ authorization: asked });
    if ('missing' in server) return t.skip(server.missing);
    const input = { host: 'nats.test', port: server.port, core: { subject: 'x' } };
    const good = queueRig(natsKind);
    const running = good.start({ ...input, ...given });
    await good.until('it runs', () => good.health.at(-1)?.[0] === 'running');
    await running.stop();
    const stranger = queueRig(natsKind);
    const failing = stranger.start(input);
    await stranger.until('it is told', () => stranger.health.length > 0);
    await failing.stop();
    assert.match(stranger.health[0]![1]!, /authori/i);
    await server[Symbol.asyncDispose]();
  }
});

test('a wrong password, a missing stream and a refused address are told, and tried again', async (t) => {
  const server = nats(t);
  if (!server) return;
  const core = { subject: 'x' };
  const told = async (input: unknown, addresses = {}): Promise<string> => {
    const rig = queueRig(natsKind, { addresses });
    const failing = rig.start(input);
    await rig.until('it is told twice', () => rig.health.length >= 2);
    await failing.stop();
    assert.ok(rig.health.every(([state]) => state === 'failing'));
    return rig.health[0]![1]!;
  };
  assert.match(await told(settingsOf(server, { password: 'wrong', core })), /Authorization Violation/i);
  const nowhere = { jetstream: { stream: 'nowhere', consumer: 'posthorn' } };
  assert.match(await told(settingsOf(server, nowhere)), /stream not found/);
  assert.match(await told(settingsOf(server, { core }), { 'nats.test': null }), /private address/);
  assert.match(await told(settingsOf(server, { core, tls: true })), /does not support 'tls'/);
});

test('over TLS the certificate must be that of the name, whatever its address', async (t) => {
  const secure = await startNats({ tls: certificate('server') });
  if ('missing' in secure) return t.skip(secure.missing);
  try {
    const input = (host: string) =>
      settingsOf(secure, { host, tls: true, tlsCa: TEST_CA, core: { subject: 'x' } });
    const good = queueRig(natsKind);
    const running = good.start(input('receiver.test'));
    await good.until('it runs', () => good.health.at(-1)?.[0] === 'running');
    await running.stop();
    const wrong = queueRig(natsKind);
    const failing = wrong.start(input('somebody-else.test'));
    await wrong.until('it is told', () => wrong.health.length > 0);
    await failing.stop();
    assert.match(wrong.health[0]![1]!, /somebody-else\.test/);
    assert.equal(wrong.health[0]![0], 'failing');
  } finally {
    await secure[Symbol.asyncDispose]();
  }
});
