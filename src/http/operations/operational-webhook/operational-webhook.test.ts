import assert from 'node:assert/strict';
import test from 'node:test';
import { Webhook } from 'standardwebhooks';
import type { ApiException } from 'svix';
import { startPosthorn } from '../../../../test/support/posthorn.ts';
import { startReceiver } from '../../../../test/support/receiver.ts';

const is = (code: number) => (error: ApiException<unknown>) => error.code === code;

test('an operational endpoint is created, read, replaced, listed and deleted by id and uid', async () => {
  await using posthorn = await startPosthorn();
  const { endpoint } = posthorn.sdk.operationalWebhook;
  const made = await endpoint.create({
    url: 'https://ops.example/in',
    uid: 'ops',
    eventTypes: ['endpoint.disabled'],
  });
  assert.match(made.id, /^ep_/);
  assert.deepEqual(made.eventTypes, ['endpoint.disabled']);
  assert.deepEqual(await endpoint.get('ops'), made);
  const replaced = await endpoint.upsert('ops', { url: 'https://ops.example/two', description: 'second' });
  assert.deepEqual(
    [replaced.id, replaced.uid, replaced.url, replaced.eventTypes ?? null],
    [made.id, 'ops', 'https://ops.example/two', null],
  );
  const { key } = await endpoint.getSecret(made.id);
  assert.match(key, /^whsec_/);
  assert.equal((await endpoint.upsert('more', { url: 'https://ops.example/3' })).uid, 'more');
  assert.deepEqual(
    (await endpoint.list()).data.map(({ uid }) => uid),
    ['ops', 'more'],
  );
  await endpoint.delete('ops');
  await assert.rejects(endpoint.get(made.id), is(404));
});

test('headers and secrets are set, masked and rotated', async () => {
  await using posthorn = await startPosthorn();
  const { endpoint } = posthorn.sdk.operationalWebhook;
  const { id } = await endpoint.create({ url: 'https://ops.example/in' });
  await endpoint.setHeaders(id, { headers: { 'X-Team': 'ops', Authorization: 'Bearer hidden' } });
  assert.deepEqual(await endpoint.getHeaders(id), {
    headers: { 'X-Team': 'ops' },
    sensitive: ['Authorization'],
  });
  const before = await endpoint.getSecret(id);
  await endpoint.rotateSecret(id, {});
  const after = await endpoint.getSecret(id);
  assert.notEqual(after.key, before.key);
  await endpoint.rotateSecret(id, { key: before.key });
  assert.deepEqual(await endpoint.getSecret(id), before);
});

test('what happens to an application’s endpoint is delivered, signed, to those who asked for it', async () => {
  await using posthorn = await startPosthorn();
  await using receiver = await startReceiver();
  const { sdk } = posthorn;
  const ops = await sdk.operationalWebhook.endpoint.create({
    url: receiver.url,
    eventTypes: ['endpoint.created'],
  });
  const { key } = await sdk.operationalWebhook.endpoint.getSecret(ops.id);
  const app = await sdk.application.create({ name: 'Ada', uid: 'ada' });
  const made = await sdk.endpoint.create(app.id, { url: 'https://ada.example/in', uid: 'main' });
  await sdk.endpoint.patch(app.id, made.id, { description: 'an update, which was not asked for' });
  await receiver.waitFor(1);
  const [call] = receiver.requests;
  const body = new Webhook(key).verify(call!.body, call!.headers as Record<string, string>) as Record<
    string,
    unknown
  >;
  assert.equal(body.type, 'endpoint.created');
  assert.deepEqual(body.data, { appId: app.id, appUid: 'ada', endpointId: made.id, endpointUid: 'main' });
});

test('event types that are none, and callers who are confined to an application, are refused', async () => {
  await using posthorn = await startPosthorn();
  const { sdk } = posthorn;
  const { endpoint } = sdk.operationalWebhook;
  await assert.rejects(
    endpoint.create({ url: 'https://ops.example/in', eventTypes: ['user.signup'] }),
    is(422),
  );
  await assert.rejects(endpoint.create({ url: 'no url' }), is(422));
  await assert.rejects(
    endpoint.upsert('ep_2V4tX0cVbOdcS6oKPGZvVEYzDuA', { url: 'https://ops.example/in' }),
    is(404),
  );
  assert.deepEqual((await endpoint.list()).data, []);
  const unchecked = { url: 'https://ops.example/in', channels: 7, filterTypes: ['user.signup'] };
  const made = await posthorn.call('POST', '/api/v1/operational-webhook/endpoint', { body: unchecked });
  assert.deepEqual([made.status, made.json.eventTypes, made.json.channels], [201, null, undefined]);
  const app = await sdk.application.create({ name: 'Ada' });
  const { token } = await sdk.authentication.appPortalAccess(app.id, {});
  await assert.rejects(posthorn.sdkFor(token).operationalWebhook.endpoint.list(), is(403));
  const called = await sdk.endpoint.create(app.id, { url: 'https://ada.example/in' });
  await assert.rejects(endpoint.get(called.id), is(404));
});
