/** Calls that are being verified while their source is changed. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';
import { makeFlow, makeSource, type SourceAnswer, type TestSource } from '../../../../test/support/source.ts';
import type { InboundItem, InboundKind, Taken } from '../../../ports/inbound.ts';

/** PayPal, asked whether it sent that, takes its time. */
let asked = Promise.withResolvers<void>();
let says = Promise.withResolvers<void>();
/** Has one more message in its hands when it is stopped. */
const started = Promise.withResolvers<void>();
const lastWord = Promise.withResolvers<Taken>();
const QUEUE: InboundKind = {
  kind: 'nats',
  secretMembers: [],
  check() {},
  run(host) {
    started.resolve();
    return { stop: async () => lastWord.resolve(await host.take(MESSAGE)) };
  },
};
const MESSAGE: InboundItem = {
  ...{ type: null, dedupeKey: null, orderingKey: null, method: 'POST', contentType: 'text/plain' },
  ...{ headers: [], body: Buffer.from('x'), peer: null, meta: null },
};

let posthorn: TestPosthorn;
before(async () => {
  posthorn = await startPosthorn({
    inboundKinds: () => [QUEUE],
    web: (real) => ({
      ...real,
      async ask({ url }) {
        asked.resolve();
        await says.promise;
        return { kind: 'answered', status: 200, headers: {}, body: Buffer.from('VERIFIED'), url };
      },
    }),
  });
});
after(() => posthorn.stop());

async function changeUnderWay(change: (source: TestSource) => Promise<unknown>): Promise<SourceAnswer> {
  asked = Promise.withResolvers();
  says = Promise.withResolvers();
  const source = await makeSource(posthorn, { provider: 'paypal-ipn' });
  await makeFlow(posthorn, 'http://127.0.0.1:9/', { flow: { sources: [source.id] } });
  const headers = [['Content-Type', 'application/x-www-form-urlencoded']] as const;
  const answering = source.send({ headers, body: `txn_id=${source.id}` });
  await asked.promise;
  await change(source);
  says.resolve();
  return answering;
}

test('what is stored after its source was paused is not delivered, although it came before', async () => {
  const answer = await changeUnderWay(({ id }) => posthorn.call('POST', `/api/v1/source/${id}/pause`));
  assert.equal(answer.status, 200);
  const { json } = await posthorn.call('GET', `/api/v1/event/${answer.headers['posthorn-event-id']}`);
  assert.deepEqual(json.deliveries, []);
});

test('nothing is stored after its source was deleted or disabled', async () => {
  const deleted = await changeUnderWay(({ id }) => posthorn.call('DELETE', `/api/v1/source/${id}`));
  assert.equal(deleted.status, 404);
  const disabled = await changeUnderWay(({ id }) =>
    posthorn.call('PATCH', `/api/v1/source/${id}`, { body: { disabled: true } }),
  );
  assert.equal(disabled.status, 404);
});

test('a message for a source that was just disabled is left to its queue', async () => {
  const { id } = await makeSource(posthorn, { kind: 'nats', input: {} });
  await started.promise;
  await posthorn.call('PATCH', `/api/v1/source/${id}`, { body: { disabled: true } });
  const taken = await lastWord.promise;
  assert.deepEqual([taken.kind, taken.kind === 'refused' && taken.isFinal], ['refused', false]);
});
