import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, test } from 'node:test';
import { SQS_KEYS, type SqsServer, startSqsServer } from '../../../test/support/peers/sqs-server.ts';
import { queueRig, refuse, storeIsAway, textsOf } from '../../../test/support/queue-rig.ts';
import { openWeb } from '../../outbound/open-web.ts';
import { sqsKind } from './sqs-kind.ts';

const web = openWeb({ allowSubnets: ['127.0.0.0/8'], proxyUrl: null, noProxy: [] });
let server: SqsServer;
beforeEach(async () => {
  server = await startSqsServer();
});
afterEach(() => server[Symbol.asyncDispose]());
after(() => web.close());

const rigOf = () => queueRig(sqsKind, { ask: web.ask });
const settings = (more = {}) => ({ queueUrl: server.queueUrl, region: 'eu-west-1', ...SQS_KEYS, ...more });

test('a message is taken and deleted, with its attributes as headers', async () => {
  const id = server.send('{"id":"ä"}', {
    attributes: {
      contentType: { DataType: 'String', StringValue: 'application/json' },
      tenant: { DataType: 'String', StringValue: 'acme' },
      blob: { DataType: 'Binary', BinaryValue: '/wA=' },
    },
  });
  const rig = rigOf();
  const running = rig.start(settings());
  await rig.until('it is deleted', () => server.count() === 0);
  await running.stop();
  const [item] = rig.stored;
  assert.deepEqual(textsOf(rig.stored), ['{"id":"ä"}']);
  assert.equal(item!.type, 'sqs.message');
  assert.equal(item!.dedupeKey, id);
  assert.equal(item!.contentType, 'application/json');
  assert.deepEqual(
    item!.headers.find(([name]) => name === 'tenant'),
    ['tenant', 'acme'],
  );
  assert.deepEqual(item!.meta!.headers, { blob: 'base64:/wA=' });
  assert.equal(item!.meta!.queue, 'orders');
  assert.equal(item!.meta!.receiveCount, 1);
});

test('many are deleted in batches, and never more than the prefetch are under way', async () => {
  for (let n = 0; n < 95; n++) server.send(`${n}`);
  const rig = rigOf();
  let underWay = 0;
  let most = 0;
  rig.answer = async () => {
    most = Math.max(most, ++underWay);
    await new Promise((resolve) => setTimeout(resolve, 2));
    underWay--;
    return { kind: 'accepted', eventId: 'evt_1', reply: null };
  };
  const running = rig.start(settings({ prefetch: 12 }));
  await rig.until('all are deleted', () => server.count() === 0);
  await running.stop();
  assert.equal(new Set(rig.stored.map(({ dedupeKey }) => dedupeKey)).size, 95);
  assert.ok(most > 1 && most <= 12, `${most} were under way`);
  const deletes = server.calls.filter(({ action }) => action === 'DeleteMessageBatch');
  assert.ok(deletes.length < 95, 'each was deleted by itself');
});

test('what is not stored is not deleted, and comes again with the same key', async () => {
  const id = server.send('a');
  const rig = rigOf();
  rig.answer = storeIsAway;
  const running = rig.start(settings());
  await rig.until('it comes again', () => rig.offered.length >= 2);
  assert.ok(rig.health.some(([state, detail]) => state === 'failing' && /store is away/.test(detail!)));
  await running.stop();
  assert.equal(server.count(), 1);

  const next = rigOf();
  const again = next.start(settings());
  await next.until('it is deleted', () => server.count() === 0);
  await again.stop();
  assert.deepEqual([next.stored[0]!.dedupeKey, rig.offered[0]!.dedupeKey], [id, id]);
  assert.ok((next.stored[0]!.meta!.receiveCount as number) > 2);
});

test('a group of a FIFO queue stays in order when one of it is not taken at first', async () => {
  for (const n of ['a1', 'a2', 'b1', 'a3', 'b2']) server.send(n, { group: n[0]! });
  const rig = rigOf();
  let isAway = true;
  rig.answer = (item) => {
    if (textsOf([item])[0] === 'a2' && isAway) {
      isAway = false;
      return storeIsAway();
    }
    return { kind: 'accepted', eventId: 'evt_1', reply: null };
  };
  const running = rig.start(settings());
  await rig.until('all are deleted', () => server.count() === 0);
  await running.stop();
  const texts = textsOf(rig.stored);
  assert.deepEqual(
    texts.filter((text) => text.startsWith('a')),
    ['a1', 'a2', 'a3'],
  );
  assert.deepEqual(
    texts.filter((text) => text.startsWith('b')),
    ['b1', 'b2'],
  );
  assert.equal(rig.stored.find((item) => textsOf([item])[0] === 'b1')!.orderingKey, 'b');
});

test('a message stays hidden for as long as the store takes', async () => {
  server.send('slow');
  const rig = rigOf();
  rig.answer = async () => {
    await new Promise((resolve) => setTimeout(resolve, 800));
    return { kind: 'accepted', eventId: 'evt_1', reply: null };
  };
  const running = rig.start(settings({ visibilitySeconds: 10 }));
  await rig.until('it is deleted', () => server.count() === 0);
  await running.stop();
  const renewed = server.calls.filter(({ action }) => action === 'ChangeMessageVisibility');
  assert.deepEqual(
    renewed.map(({ body }) => body.VisibilityTimeout),
    [10],
  );
  assert.equal(rig.offered.length, 1);
});

test('a refused message is left for the redrive policy, or deleted when told so', async () => {
  server.send('bad');
  const left = rigOf();
  left.answer = refuse(true);
  const leaving = left.start(settings());
  await left.until('it is told', () => /refused: It is too large/.test(left.health.at(-1)?.[1] ?? ''));
  await leaving.stop();
  assert.equal(server.count(), 1);
  server.send('also bad');
  const rig = rigOf();
  rig.answer = refuse(true);
  const running = rig.start(settings({ refused: 'delete' }));
  await rig.until('it is deleted', () => server.count() === 1);
  await running.stop();
});

test('wrong keys, a missing queue and an answer that is none are told, and it goes on when they are right', async () => {
  const told = async (more: object): Promise<string> => {
    const rig = rigOf();
    const running = rig.start(settings(more));
    await rig.until('it is told', () => rig.health.length > 0);
    await running.stop();
    assert.equal(rig.health[0]![0], 'failing');
    return rig.health[0]![1]!;
  };
  assert.match(await told({ secretAccessKey: 'wrong' }), /InvalidSignatureException: The request signature/);
  assert.match(await told({ queueUrl: `${server.queueUrl}x` }), /QueueDoesNotExist/);
  const rig = rigOf();
  server.answerWith({ status: 502, body: '<html>' });
  server.send('a');
  const running = rig.start(settings());
  await rig.until('it is told', () => rig.health.length > 0);
  assert.match(rig.health[0]![1]!, /SQS refused ReceiveMessage: status 502/);
  server.answerWith(null);
  await rig.until('it is taken', () => server.count() === 0);
  await running.stop();
});

test('stopping does not wait for the poll, and shows again what that brings', async () => {
  const rig = rigOf();
  const running = rig.start(settings());
  await rig.until('it polls', () => server.calls.some(({ body }) => body.WaitTimeSeconds === 20));
  const before = Date.now();
  await running.stop();
  assert.ok(Date.now() - before < 20_000);
  server.send('late');
  await rig.until('it is shown again', () =>
    server.calls.some(
      ({ action, body }) => action === 'ChangeMessageVisibility' && body.VisibilityTimeout === 0,
    ),
  );
  assert.equal(rig.offered.length, 0);
  assert.equal(server.count(), 1);
});
