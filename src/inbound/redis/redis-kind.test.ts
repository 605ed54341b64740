import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { createClient } from 'redis';
import { type Redis, startRedis } from '../../../test/support/peers/redis.ts';
import { queueRig, refuse, storeIsAway, textsOf } from '../../../test/support/queue-rig.ts';
import { TEST_CA } from '../../../test/support/tls/certificates.ts';
import { redisKind } from './redis-kind.ts';

let server: Awaited<ReturnType<typeof startRedis>>;
before(async () => {
  server = await startRedis();
});
after(async () => {
  if (!('missing' in server)) await server[Symbol.asyncDispose]();
});

function redis(t: TestContext): Redis | null {
  if (!('missing' in server)) return server;
  t.skip(server.missing);
  return null;
}

const settingsOf = ({ port, password }: Redis, more: object) => ({
  ...{ host: 'redis.test', port, password },
  ...more,
});
const streamOf = (key: string, more = {}) => ({ stream: { key, group: 'hub', from: 'earliest', ...more } });

/** One command after another; the reply of the last. */
async function commands({ port, password }: Redis, ...all: string[][]): Promise<unknown> {
  const client = createClient({ socket: { host: '127.0.0.1', port }, password, RESP: 2 });
  await client.connect();
  let reply: unknown;
  for (const command of all) reply = await client.sendCommand(command);
  await client.close();
  return reply;
}

const pendingOf = async (server: Redis, key: string): Promise<number> =>
  ((await commands(server, ['XPENDING', key, 'hub'])) as [number])[0];

test('an entry is taken as a JSON object, or as the bytes of one field', async (t) => {
  const server = redis(t);
  if (!server) return;
  const id = await commands(server, ['XADD', 'taken', '*', 'order', '7', 'payload', '<paid/>']);
  const rig = queueRig(redisKind);
  const running = rig.start(settingsOf(server, streamOf('taken')));
  await rig.until('it is taken', () => rig.stored.length === 1);
  await running.stop();
  const [item] = rig.stored;
  assert.deepEqual(textsOf(rig.stored), ['{"order":"7","payload":"<paid/>"}']);
  assert.equal(item!.contentType, 'application/json');
  assert.equal(item!.type, 'redis.message');
  assert.equal(item!.dedupeKey, `taken/${id}`);
  assert.deepEqual(item!.meta, { stream: 'taken', group: 'hub', id, redelivered: false });
  assert.deepEqual(rig.asked, ['redis.test', 'redis.test']);
  assert.equal(await pendingOf(server, 'taken'), 0);

  const field = queueRig(redisKind);
  const other = field.start(
    settingsOf(server, { stream: { key: 'taken', group: 'two', from: 'earliest', field: 'payload' } }),
  );
  await field.until('it is taken', () => field.stored.length === 1);
  await other.stop();
  assert.deepEqual(textsOf(field.stored), ['<paid/>']);
  assert.equal(field.stored[0]!.contentType, '');
  assert.deepEqual(field.stored[0]!.meta!.fields, { order: '7' });
});

test('what is not stored stays pending, and is taken first after a restart, in order', async (t) => {
  const server = redis(t);
  if (!server) return;
  const rig = queueRig(redisKind);
  rig.answer = storeIsAway;
  const input = settingsOf(server, { ...streamOf('away'), prefetch: 1 });
  for (const n of ['a', 'b', 'c']) await commands(server, ['XADD', 'away', '*', 'n', n]);
  const running = rig.start(input);
  await rig.until('it is offered twice', () => rig.offered.length > 1);
  assert.ok(rig.health.some(([state, detail]) => state === 'failing' && /store is away/.test(detail!)));
  assert.equal(new Set(rig.offered.map(({ dedupeKey }) => dedupeKey)).size, 1);
  await running.stop();
  assert.equal(await pendingOf(server, 'away'), 1);

  const next = queueRig(redisKind);
  const again = next.start(input);
  await next.until('all are taken', () => next.stored.length === 3);
  await again.stop();
  assert.deepEqual(textsOf(next.stored), ['{"n":"a"}', '{"n":"b"}', '{"n":"c"}']);
  assert.equal(next.stored[0]!.dedupeKey, rig.offered[0]!.dedupeKey);
  assert.equal(next.stored[0]!.meta!.redelivered, true);
  assert.equal(await pendingOf(server, 'away'), 0);
});

test('what a dead consumer of the group left alone is taken over', async (t) => {
  const server = redis(t);
  if (!server) return;
  await commands(
    server,
    ['XGROUP', 'CREATE', 'left', 'hub', '0', 'MKSTREAM'],
    ['XADD', 'left', '*', 'n', 'orphan'],
    ['XREADGROUP', 'GROUP', 'hub', 'somebody', 'STREAMS', 'left', '>'],
  );
  const rig = queueRig(redisKind);
  const running = rig.start(settingsOf(server, streamOf('left', { claimAfterSeconds: 1 })));
  await rig.until('it is taken over', () => rig.stored.length === 1);
  await running.stop();
  assert.deepEqual(textsOf(rig.stored), ['{"n":"orphan"}']);
  assert.equal(await pendingOf(server, 'left'), 0);
});

test('a refused entry is added to the dead-letter stream, and told', async (t) => {
  const server = redis(t);
  if (!server) return;
  await commands(server, ['XADD', 'refused', '*', 'n', 'bad']);
  const rig = queueRig(redisKind);
  rig.answer = refuse(true);
  const running = rig.start(settingsOf(server, { ...streamOf('refused'), deadLetter: 'dead' }));
  await rig.until('it is told', () => /refused: It is too large/.test(rig.health.at(-1)?.[1] ?? ''));
  await running.stop();
  assert.equal(await pendingOf(server, 'refused'), 0);
  const [entry] = (await commands(server, ['XRANGE', 'dead', '-', '+'])) as [[string, string[]]];
  assert.deepEqual(entry[1], ['n', 'bad']);
});

test('it connects again when the server was killed, and what was not acknowledged comes with the same key', async (t) => {
  const server = redis(t);
  if (!server) return;
  await commands(server, ['XADD', 'killed', '*', 'n', '1']);
  const rig = queueRig(redisKind);
  let release = (): void => {};
  rig.answer = async () => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    return { kind: 'accepted', eventId: 'evt_1', reply: null };
  };
  const running = rig.start(settingsOf(server, streamOf('killed')));
  await rig.until('it is being taken', () => rig.offered.length === 1);
  await server.kill();
  release();
  await server.start();
  await rig.until('it comes again', () => rig.offered.length === 2);
  release();
  await rig.until('it is stored again', () => rig.stored.length === 2);
  await rig.until('it runs', () => rig.health.at(-1)?.[0] === 'running');
  await running.stop();
  assert.equal(rig.stored[0]!.dedupeKey, rig.stored[1]!.dedupeKey);
  assert.ok(rig.health.some(([state]) => state === 'failing'));
  assert.equal(await pendingOf(server, 'killed'), 0);
});

test('a list is emptied through a processing list, from which nothing is lost', async (t) => {
  const server = redis(t);
  if (!server) return;
  for (const text of ['a', 'b', 'c']) await commands(server, ['LPUSH', 'jobs', text]);
  const input = settingsOf(server, { list: { key: 'jobs', processing: 'jobs:now' }, prefetch: 1 });
  const rig = queueRig(redisKind);
  rig.answer = storeIsAway;
  const running = rig.start(input);
  await rig.until('it is offered', () => rig.offered.length > 0);
  await running.stop();
  assert.deepEqual(await commands(server, ['LRANGE', 'jobs:now', '0', '-1']), ['a']);

  const next = queueRig(redisKind);
  const again = next.start(input);
  await next.until('all are taken', () => next.stored.length === 3);
  await again.stop();
  assert.deepEqual(textsOf(next.stored), ['a', 'b', 'c']);
  assert.deepEqual(
    next.stored.map(({ meta }) => meta!.redelivered),
    [true, false, false],
  );
  assert.equal(await commands(server, ['LLEN', 'jobs:now']), 0);
});

test('a wrong password, a wrong type and a refused address are told, and tried again', async (t) => {
  const server = redis(t);
  if (!server) return;
  await commands(server, ['SET', 'text', 'x']);
  const told = async (input: unknown, addresses = {}): Promise<string> => {
    const rig = queueRig(redisKind, { addresses });
    const running = rig.start(input);
    await rig.until('it is told twice', () => rig.health.length >= 2);
    await running.stop();
    assert.ok(rig.health.every(([state]) => state === 'failing'));
    return rig.health[0]![1]!;
  };
  assert.match(await told(settingsOf(server, { ...streamOf('x'), password: 'wrong' })), /WRONGPASS/);
  assert.match(await told(settingsOf(server, streamOf('text'))), /WRONGTYPE/);
  assert.match(await told(settingsOf(server, streamOf('x')), { 'redis.test': null }), /private address/);
});

test('over TLS the certificate must be that of the name, whatever its address', async (t) => {
  const server = redis(t);
  if (!server) return;
  const input = (host: string) =>
    settingsOf(server, { ...streamOf('sealed'), host, port: server.tlsPort, tls: true, tlsCa: TEST_CA });
  const good = queueRig(redisKind);
  const running = good.start(input('receiver.test'));
  await good.until('it runs', () => good.health.at(-1)?.[0] === 'running');
  await running.stop();
  const wrong = queueRig(redisKind);
  const failing = wrong.start(input('somebody-else.test'));
  await wrong.until('it is told', () => wrong.health.length > 0);
  await failing.stop();
  assert.equal(wrong.health[0]![0], 'failing');
  assert.match(wrong.health[0]![1]!, /somebody-else\.test/);
});
