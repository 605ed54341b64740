import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Svix } from 'svix';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';
import { refusal } from '../../../../test/support/refusal.ts';

let hub: TestPosthorn;
before(async () => {
  hub = await startPosthorn();
  for (const uid of ['a', 'b']) await hub.sdk.application.create({ name: uid, uid });
});
after(() => hub.stop());

async function portal(input: Parameters<Svix['authentication']['appPortalAccess']>[1] = {}): Promise<Svix> {
  return hub.sdkFor((await hub.sdk.authentication.appPortalAccess('a', input)).token);
}

test('a portal link carries a token that is confined to its application', async () => {
  const { url, token } = await hub.sdk.authentication.appPortalAccess('a', {});
  const key = /^http:\/\/posthorn\.test\/portal#key=([\w-]+)$/.exec(url)?.[1];
  assert.equal(JSON.parse(Buffer.from(key!, 'base64url').toString()).token, token);
  const sdk = hub.sdkFor(token);
  assert.equal((await sdk.application.get('a')).uid, 'a');
  await assert.rejects(sdk.application.get('b'), refusal(404, 'not_found'));
  await assert.rejects(sdk.application.list(), refusal(403, 'insufficient access'));
  await assert.rejects(sdk.endpoint.list('b'), refusal(404, 'not_found'));
});

test('a portal link may make its application on the way', async () => {
  const { authentication, application } = hub.sdk;
  await authentication.appPortalAccess('fresh', { application: { name: 'Fresh' } });
  assert.equal((await application.get('fresh')).name, 'Fresh');
  await assert.rejects(authentication.appPortalAccess('missing', {}), refusal(404, 'not_found'));
  await assert.rejects(
    authentication.appPortalAccess('other', { application: { name: 'x', uid: 'different' } }),
    refusal(422, 'body.application.uid'),
  );
});

test('a read-only link and a limited link can do no more than that', async () => {
  const url = 'https://example.com/hook';
  const reader = await portal({ readOnly: true });
  assert.deepEqual((await reader.endpoint.list('a')).data, []);
  await assert.rejects(reader.endpoint.create('a', { url }), refusal(403, 'insufficient access'));
  const limited = await portal({ capabilities: ['ViewBase', 'ManageEndpoint'] as never });
  const endpoint = await limited.endpoint.create('a', { url });
  await assert.rejects(limited.endpoint.getSecret('a', endpoint.id), refusal(403, 'insufficient access'));
  await assert.rejects(
    limited.endpoint.rotateSecret('a', endpoint.id, {}),
    refusal(403, 'insufficient access'),
  );
  const viewer = await portal({ capabilities: ['ViewBase', 'ViewEndpointSecret'] as never });
  assert.match((await viewer.endpoint.getSecret('a', endpoint.id)).key, /^whsec_/);
  await assert.rejects(viewer.endpoint.delete('a', endpoint.id), refusal(403, 'insufficient access'));
});

test('logging out ends that token at once, and no other', async () => {
  const [one, other] = [await portal(), await portal()];
  await one.authentication.logout();
  await assert.rejects(one.application.get('a'), refusal(401, 'authentication_failed'));
  assert.equal((await other.application.get('a')).uid, 'a');
  const limited = await portal({ capabilities: ['ManageEndpoint'] as never });
  await limited.authentication.logout();
  await assert.rejects(
    limited.endpoint.create('a', { url: 'https://x.example' }),
    refusal(401, 'authentication_failed'),
  );
  await assert.rejects(hub.sdk.authentication.logout(), refusal(403, 'insufficient access'));
});

test('expire-all ends every token made so far, or those of a session', async () => {
  const named = await portal({ sessionId: 's-1' });
  const plain = await portal();
  await hub.sdk.authentication.expireAll('a', { sessionIds: ['s-1'] });
  await assert.rejects(named.application.get('a'), refusal(401, 'authentication_failed'));
  assert.ok(await plain.application.get('a'));
  await hub.sdk.authentication.expireAll('a', { sessionIds: ['s-1'] });
  await hub.sdk.authentication.expireAll('a', { expiry: 3600 });
  assert.ok(await plain.application.get('a'));
  await hub.sdk.authentication.expireAll('a', {});
  await assert.rejects(plain.application.get('a'), refusal(401, 'authentication_failed'));
  await hub.sdk.authentication.expireAll('a', { expiry: 3600 });
  await assert.rejects(plain.application.get('a'), refusal(401, 'authentication_failed'));
  assert.ok(await (await portal()).application.get('a'));
});

test('the tokens of a deleted application end with it', async () => {
  await hub.sdk.application.create({ name: 'gone', uid: 'gone' });
  const { token } = await hub.sdk.authentication.appPortalAccess('gone', {});
  await hub.sdk.application.delete('gone');
  await assert.rejects(hub.sdkFor(token).application.get('gone'), refusal(401, 'authentication_failed'));
});

test('a repeated request for a link gives another link, since tokens are not stored', async () => {
  const options = { idempotencyKey: 'portal-1' };
  const one = await hub.sdk.authentication.appPortalAccess('a', {}, options);
  const other = await hub.sdk.authentication.appPortalAccess('a', {}, options);
  assert.notEqual(one.token, other.token);
});

test('the older name dashboard-access still works', async () => {
  const answer = await hub.call('POST', '/api/v1/auth/dashboard-access/a/');
  assert.equal(answer.status, 200);
  assert.ok(await hub.sdkFor(answer.json.token).application.get('a'));
});

test('a signing secret passed as token gets a sentence of its own', async () => {
  const answer = await hub.call('GET', '/api/v1/app', { token: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' });
  assert.equal(answer.status, 401);
  assert.match(answer.json.detail, /signing secret/);
});
