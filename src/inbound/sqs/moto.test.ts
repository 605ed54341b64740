/** Against Moto, which others wrote from Amazon's own descriptions. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startMoto } from '../../../test/support/peers/moto.ts';
import { queueRig, storeIsAway, textsOf } from '../../../test/support/queue-rig.ts';
import { openWeb } from '../../outbound/open-web.ts';
import { sqsKind } from './sqs-kind.ts';

const web = openWeb({ allowSubnets: ['127.0.0.0/8'], proxyUrl: null, noProxy: [] });
let server: Awaited<ReturnType<typeof startMoto>>;
before(async () => {
  server = await startMoto();
});
after(async () => {
  if (!('missing' in server)) await server[Symbol.asyncDispose]();
  await web.close();
});

/** A call that Moto answers without a signature. */
async function call(port: number, action: string, body: object): Promise<Record<string, string>> {
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `AmazonSQS.${action}`,
      authorization: 'AWS4-HMAC-SHA256 Credential=test/20300101/eu-west-1/sqs/aws4_request',
    },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, action);
  return (await response.json()) as Record<string, string>;
}

for (const isFifo of [false, true])
  test(`a ${isFifo ? 'FIFO' : 'standard'} queue of Moto: taken once stored, deleted, and not lost before`, async (t) => {
    if ('missing' in server) return t.skip(server.missing);
    const { port } = server;
    const name = isFifo ? 'orders.fifo' : 'orders';
    const made = await call(port, 'CreateQueue', {
      QueueName: name,
      ...(isFifo && { Attributes: { FifoQueue: 'true', ContentBasedDeduplication: 'true' } }),
    });
    const queueUrl = made.QueueUrl!;
    const sent = ['1', '2', '3', '4'];
    for (const MessageBody of sent)
      await call(port, 'SendMessage', {
        QueueUrl: queueUrl,
        MessageBody,
        ...(isFifo && { MessageGroupId: 'g' }),
      });
    const rig = queueRig(sqsKind, { ask: web.ask });
    // Moto forgets the order of a group that is shown again, so only the other queue is tried without a store.
    let isAway = !isFifo;
    rig.answer = () => (isAway ? storeIsAway() : { kind: 'accepted', eventId: 'evt_1', reply: null });
    const running = rig.start({
      ...{ queueUrl, endpoint: `http://127.0.0.1:${port}`, region: 'eu-west-1' },
      ...{ accessKeyId: 'test', secretAccessKey: 'test', visibilitySeconds: 10 },
    });
    if (isAway) await rig.until('one comes again', () => rig.offered.length > 4);
    isAway = false;
    await rig.until('all are taken', () => new Set(textsOf(rig.stored)).size === 4);
    await running.stop();
    if (isFifo) assert.deepEqual(textsOf(rig.stored), sent);
    const left = await call(port, 'GetQueueAttributes', { QueueUrl: queueUrl, AttributeNames: ['All'] });
    const attributes = left.Attributes as unknown as Record<string, string>;
    assert.equal(attributes.ApproximateNumberOfMessages, '0');
    assert.equal(attributes.ApproximateNumberOfMessagesNotVisible, '0');
  });
