import assert from 'node:assert/strict';
import test from 'node:test';
import { type ApiException, DestinationStatusIn } from 'svix';
import { startPosthorn } from '../../../../test/support/posthorn.ts';
import { startReceiver } from '../../../../test/support/receiver.ts';

const POLLER = { type: 'pollingEndpoint', config: {} } as const;
const is = (code: number) => (error: ApiException<unknown>) => error.code === code;

test('a polling endpoint is created, read, replaced, patched, listed and deleted by id and uid', async () => {
  await using posthorn = await startPosthorn();
  const { destination, application, eventType } = posthorn.sdk;
  const app = await application.create({ name: 'Ada', uid: 'ada' });
  await eventType.create({ name: 'a.one', description: '' });
  const made = await destination.create('ada', {
    ...POLLER,
    uid: 'p',
    eventTypes: ['a.one'],
    metadata: { k: 'v' },
  });
  assert.match(made.id, /^poll_/);
  assert.equal(made.type, 'pollingEndpoint');
  assert.equal(made.status, 'enabled');
  assert.deepEqual(made.eventTypes, ['a.one']);
  assert.deepEqual(await destination.get(app.id, 'p'), made);
  const patched = await destination.patch(app.id, made.id, {
    ...POLLER,
    channels: ['red'],
    status: DestinationStatusIn.Disabled,
  });
  assert.deepEqual([patched.status, patched.channels, patched.eventTypes], ['disabled', ['red'], ['a.one']]);
  const replaced = await destination.upsert(app.id, 'p', { ...POLLER });
  assert.deepEqual(
    [replaced.id, replaced.uid, replaced.status, replaced.eventTypes],
    [made.id, 'p', 'enabled', []],
  );
  const second = await destination.upsert(app.id, 'q', { ...POLLER });
  assert.equal(second.uid, 'q');
  const page = await destination.list(app.id, { limit: 1 });
  assert.deepEqual([page.data.map(({ uid }) => uid), page.done], [['p'], false]);
  const rest = await destination.list(app.id, { iterator: page.iterator });
  assert.deepEqual([rest.data.map(({ uid }) => uid), rest.done], [['q'], true]);
  await destination.delete(app.id, 'p');
  await assert.rejects(destination.get(app.id, made.id), is(404));
});

test('a polling endpoint gets no deliveries and is no endpoint, and an endpoint is no polling endpoint', async () => {
  await using posthorn = await startPosthorn();
  const { destination, application, endpoint, message, messageAttempt, eventType } = posthorn.sdk;
  const app = await application.create({ name: 'Ada' });
  await eventType.create({ name: 'a.one', description: '' });
  const poller = await destination.create(app.id, { ...POLLER, uid: 'p' });
  const { id } = await message.create(app.id, { eventType: 'a.one', payload: {} });
  assert.deepEqual((await messageAttempt.listAttemptedDestinations(app.id, id)).data, []);
  assert.deepEqual((await endpoint.list(app.id)).data, []);
  await assert.rejects(endpoint.get(app.id, 'p'), is(404));
  await assert.rejects(endpoint.get(app.id, poller.id), is(404));
  const called = await endpoint.create(app.id, { url: 'https://example.com/in', uid: 'e' });
  await assert.rejects(destination.get(app.id, 'e'), is(404));
  await assert.rejects(destination.get(app.id, called.id), is(404));
  await assert.rejects(destination.create(app.id, { ...POLLER, uid: 'e' }), is(409));
});

test('operational webhooks do not tell of polling endpoints, the audit log does', async () => {
  await using posthorn = await startPosthorn();
  await using receiver = await startReceiver();
  const { destination, application, endpoint, operationalWebhook } = posthorn.sdk;
  await operationalWebhook.endpoint.create({ url: receiver.url });
  const app = await application.create({ name: 'Ada' });
  const poller = await destination.create(app.id, { ...POLLER });
  const entries = await posthorn.storage.catalog.audit(posthorn.organization, { before: null, limit: 9 });
  const entry = entries.find(({ action }) => action === 'destination.create');
  assert.equal(entry?.subject, poller.id);
  const called = await endpoint.create(app.id, { url: 'https://example.com/in' });
  const [told] = await receiver.waitFor(1);
  assert.equal(JSON.parse(told!.body.toString()).data.endpointId, called.id);
});

test('other kinds of destination, unknown event types and bad uids are refused and nothing is made', async () => {
  await using posthorn = await startPosthorn();
  const { destination, application } = posthorn.sdk;
  const app = await application.create({ name: 'Ada' });
  await assert.rejects(
    destination.create(app.id, { type: 'otelTracing', config: { url: 'https://x.example' } }),
    is(422),
  );
  await assert.rejects(destination.create(app.id, { ...POLLER, eventTypes: ['gone'] }), is(422));
  await assert.rejects(destination.create(app.id, { ...POLLER, uid: 'poll_mine' }), is(422));
  await assert.rejects(
    destination.upsert(app.id, 'poll_2V4tX0cVbOdcS6oKPGZvVEYzDuA', { ...POLLER }),
    is(404),
  );
  assert.deepEqual((await destination.list(app.id)).data, []);
});
