import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';
import { refusal } from '../../../../test/support/refusal.ts';

let hub: TestPosthorn;
before(async () => {
  hub = await startPosthorn();
  for (const uid of ['a', 'b']) await hub.sdk.application.create({ name: uid, uid });
});
after(() => hub.stop());

async function make(
  body: object,
  token = hub.token,
): Promise<{ id: string; key: string; status: number; code?: string }> {
  const { status, json } = await hub.call('POST', '/api/v1/api-key', { body, token });
  return { ...json, status };
}

test('a key is shown once, works, is listed without its text, and stops when revoked', async () => {
  const made = await make({ name: 'ci', uid: 'ci' });
  assert.equal(made.status, 201);
  assert.match(made.key, /^phk_[\w-]{43}$/);
  const sdk = hub.sdkFor(made.key);
  assert.equal((await sdk.application.list()).data.length, 2);
  for (const path of [`/api/v1/api-key/${made.id}`, '/api/v1/api-key/ci/', '/api/v1/api-key']) {
    const { status, text } = await hub.call('GET', path);
    assert.equal(status, 200);
    assert.ok(text.includes(made.id) && !text.includes(made.key) && !text.includes('secretHash'), path);
  }
  assert.equal((await hub.call('DELETE', '/api/v1/api-key/ci')).status, 204);
  await assert.rejects(sdk.application.list(), refusal(401, 'authentication_failed'));
  assert.ok((await hub.call('GET', '/api/v1/api-key/ci')).json.revokedAt);
});

test('a key can do what its role, scopes and application allow', async () => {
  const viewer = hub.sdkFor((await make({ name: 'v', role: 'viewer' })).key);
  assert.ok(await viewer.application.get('a'));
  await assert.rejects(viewer.application.create({ name: 'x' }), refusal(403, 'insufficient access'));
  const narrow = hub.sdkFor((await make({ name: 'n', scopes: ['event-type:*'] })).key);
  assert.ok(await narrow.eventType.list());
  await assert.rejects(narrow.application.get('a'), refusal(403, 'insufficient access'));
  const confined = hub.sdkFor((await make({ name: 'c', appId: 'a' })).key);
  assert.ok(await confined.endpoint.list('a'));
  await assert.rejects(confined.endpoint.list('b'), refusal(404, 'not_found'));
  await assert.rejects(confined.application.list(), refusal(403, 'insufficient access'));
});

test('nobody gives more than they have', async () => {
  const { key } = await make({ name: 'keys', role: 'owner', scopes: ['api-key:*', 'endpoint:read'] });
  assert.equal((await make({ name: 'all' }, key)).code, 'insufficient access');
  assert.equal((await make({ name: 'more', scopes: ['endpoint:write'] }, key)).code, 'insufficient access');
  assert.equal((await make({ name: 'same', scopes: ['endpoint:read', 'api-key:read'] }, key)).status, 201);
  const editor = await make({ name: 'editor', role: 'editor' });
  assert.equal((await make({ name: 'x' }, editor.key)).status, 403);
});

test('bad input is refused with its fields, as a problem document', async () => {
  const answer = await hub.call('POST', '/api/v1/api-key', { body: { name: 'x', scopes: ['everything'] } });
  assert.equal(answer.status, 422);
  assert.match(answer.headers.get('content-type')!, /problem\+json/);
  assert.equal(answer.json.errors[0].pointer, '#/scopes/0');
  assert.equal((await make({ name: 'x', expiresAt: '2001-01-01T00:00:00Z' })).status, 422);
  assert.equal((await make({ name: 'x', appId: 'nowhere' })).status, 404);
  assert.equal((await hub.call('GET', '/api/v1/api-key/nothing')).status, 404);
});

test('a scope is no way around another: an application is not made along without its scope', async () => {
  const publisher = await make({ name: 'p', scopes: ['message:write', 'authentication:write'] });
  const application = { name: 'along', uid: 'along' };
  const ask = (path: string, body: object) => hub.call('POST', path, { body, token: publisher.key });
  const published = await ask('/api/v1/app/along/msg', { eventType: 'x', payload: {}, application });
  assert.deepEqual([published.status, published.json.code], [403, 'insufficient access']);
  assert.equal((await ask('/api/v1/auth/app-portal-access/along', { application })).status, 403);
  assert.equal((await hub.call('GET', '/api/v1/app/along')).status, 404);
  assert.equal((await ask('/api/v1/app/a/msg', { eventType: 'x', payload: {}, application })).status, 202);
});

test('a key that is confined to an application ends with it', async () => {
  await hub.sdk.application.create({ name: 'short', uid: 'short' });
  const sdk = hub.sdkFor((await make({ name: 'c', appId: 'short' })).key);
  assert.ok(await sdk.eventType.list());
  await hub.sdk.application.delete('short');
  await assert.rejects(sdk.eventType.list(), refusal(401, 'authentication_failed'));
});
