import assert from 'node:assert/strict';
import test from 'node:test';
import type { ApiException } from 'svix';
import { startPosthorn } from '../../../../test/support/posthorn.ts';
import { startReceiver } from '../../../../test/support/receiver.ts';

const CODE = 'function handler(webhook) { webhook.payload = {}; return webhook; }';

test('a transformation is kept and given back, and nothing is transformed', async () => {
  await using posthorn = await startPosthorn();
  await using receiver = await startReceiver();
  const { sdk } = posthorn;
  const app = await sdk.application.create({ name: 'Ada' });
  await sdk.eventType.create({ name: 'a.one', description: '' });
  const endpoint = await sdk.endpoint.create(app.id, { url: receiver.url });
  const { transformation } = sdk.endpoint;
  const none = await transformation.get(app.id, endpoint.id);
  assert.deepEqual([none.code, none.enabled], [null, false]);
  await transformation.patch(app.id, endpoint.id, { code: CODE, enabled: true, variables: { region: 'eu' } });
  const kept = await transformation.get(app.id, endpoint.id);
  assert.deepEqual([kept.code, kept.enabled, kept.variables], [CODE, true, { region: 'eu' }]);
  await sdk.message.create(app.id, { eventType: 'a.one', payload: { whole: true } });
  await receiver.waitFor(1);
  assert.equal(receiver.requests[0]?.body.toString(), '{"whole":true}');
});

test('every answer says that it does not run', async () => {
  await using posthorn = await startPosthorn();
  const app = await posthorn.sdk.application.create({ name: 'Ada', uid: 'ada' });
  await posthorn.sdk.endpoint.create(app.id, { url: 'https://ada.example/in', uid: 'e' });
  const path = '/api/v1/app/ada/endpoint/e/transformation';
  const patched = await posthorn.call('PATCH', path, { body: { code: CODE, enabled: true } });
  const got = await posthorn.call('GET', path);
  assert.deepEqual([patched.status, got.json.runs], [204, false]);
  for (const { headers } of [patched, got])
    assert.match(headers.get('posthorn-notice') ?? '', /does not run/);
});

test('what a patch leaves out stays, null clears, and nothing cannot be enabled', async () => {
  await using posthorn = await startPosthorn();
  const { sdk } = posthorn;
  const app = await sdk.application.create({ name: 'Ada' });
  const { id } = await sdk.endpoint.create(app.id, { url: 'https://ada.example/in' });
  const { transformation } = sdk.endpoint;
  const is422 = (error: ApiException<unknown>) => error.code === 422;
  await assert.rejects(transformation.patch(app.id, id, { enabled: true }), is422);
  await assert.rejects(transformation.patch(app.id, id, { code: 'x'.repeat(50_001) }), is422);
  await transformation.patch(app.id, id, { code: CODE, enabled: true, variables: { a: '1' } });
  await transformation.patch(app.id, id, { variables: { b: '2' } });
  const kept = await transformation.get(app.id, id);
  assert.deepEqual([kept.code, kept.enabled, kept.variables], [CODE, true, { b: '2' }]);
  await transformation.patch(app.id, id, { code: null, variables: null });
  const cleared = await transformation.get(app.id, id);
  assert.deepEqual([cleared.code, cleared.enabled], [null, false]);
});

test('a polling endpoint keeps one too', async () => {
  await using posthorn = await startPosthorn();
  const { sdk } = posthorn;
  const app = await sdk.application.create({ name: 'Ada' });
  const { id } = await sdk.destination.create(app.id, { type: 'pollingEndpoint', config: {} });
  await sdk.destination.transformation.patch(app.id, id, { code: CODE });
  assert.deepEqual(await sdk.destination.transformation.get(app.id, id), { code: CODE, enabled: true });
});
