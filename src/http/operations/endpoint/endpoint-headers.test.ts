import assert from 'node:assert/strict';
import { createPublicKey, verify as verifySignature } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import type { ApiException } from 'svix';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';
import { type Received, startReceiver, type TestReceiver } from '../../../../test/support/receiver.ts';

let posthorn: TestPosthorn;
let receiver: TestReceiver;
before(async () => {
  posthorn = await startPosthorn();
  receiver = await startReceiver();
});
after(async () => {
  await posthorn.stop();
  await receiver.stop();
});

let apps = 0;
/** A fresh application with one endpoint of its own path at the receiver. */
async function newEndpoint(more: object = {}) {
  const app = `app-${++apps}`;
  await posthorn.sdk.application.create({ name: app, uid: app });
  const { id } = await posthorn.sdk.endpoint.create(app, { url: `${receiver.url}/${app}`, ...more });
  return { app, id };
}

/** Publishes and gives the request that arrived. */
async function deliver(app: string): Promise<Received> {
  const had = receiver.requests.length;
  await posthorn.sdk.message.create(app, { eventType: 'a.b', payload: { n: had } });
  await receiver.waitFor(had + 1);
  return receiver.requests[had]!;
}

function verify(request: Received, key: string): void {
  new Webhook(key).verify(request.body.toString(), request.headers as Record<string, string>);
}

/** As a receiver would, with the public key alone (the library of the specification checks only `v1`). */
function verifiesEd25519(request: Received, publicKey: string, signature: string): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp } = request.headers;
  const spki = Buffer.concat([
    Buffer.from('302a300506032b6570032100', 'hex'),
    Buffer.from(publicKey.slice('whpk_'.length), 'base64'),
  ]);
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), request.body]);
  return verifySignature(null, signed, key, Buffer.from(signature, 'base64'));
}

const statusOf = (promise: Promise<unknown>): Promise<number> =>
  promise.then(
    () => 0,
    (error: ApiException<unknown>) => error.code,
  );

test('headers go on every delivery in the case they were typed, from the next one on', async () => {
  const { app, id } = await newEndpoint({ headers: { 'x-First': '1' } });
  assert.ok((await deliver(app)).rawHeaders.includes('x-First'));
  await posthorn.sdk.endpoint.setHeaders(app, id, {
    headers: { 'X-tEnant': 'seven', Authorization: 'Bearer s3cret' },
  });
  const { rawHeaders, headers } = await deliver(app);
  assert.ok(rawHeaders.includes('X-tEnant') && !rawHeaders.includes('x-First'));
  assert.deepEqual([headers['x-tenant'], headers.authorization], ['seven', 'Bearer s3cret']);
});

test('sensitive headers are named but not shown, and a patch changes single ones', async () => {
  const { app, id } = await newEndpoint({ headers: { 'X-A': '1', 'X-B': '2', 'X-Api-Key': 's3cret' } });
  assert.deepEqual(await posthorn.sdk.endpoint.getHeaders(app, id), {
    headers: { 'X-A': '1', 'X-B': '2' },
    sensitive: ['X-Api-Key'],
  });
  await posthorn.sdk.endpoint.patchHeaders(app, id, { headers: { 'X-C': '3' }, deleteHeaders: ['x-a'] });
  const nulled = { headers: { 'X-B': null } };
  const answer = await posthorn.call('PATCH', `/api/v1/app/${app}/endpoint/${id}/headers`, { body: nulled });
  assert.equal(answer.status, 204);
  assert.deepEqual(await posthorn.sdk.endpoint.getHeaders(app, id), {
    headers: { 'X-C': '3' },
    sensitive: ['X-Api-Key'],
  });
});

test('headers that may not be set are 422 and change nothing', async () => {
  const { app, id } = await newEndpoint({ headers: { 'X-A': '1' } });
  const bad = [
    { 'Content-Type': 'x' },
    { 'svix-id': 'x' },
    { 'X-Amz-A': 'x' },
    { 'X-Long': 'x'.repeat(4097) },
  ];
  for (const headers of bad as Record<string, string>[]) {
    assert.equal(await statusOf(posthorn.sdk.endpoint.setHeaders(app, id, { headers })), 422);
    assert.equal(await statusOf(posthorn.sdk.endpoint.patchHeaders(app, id, { headers })), 422);
  }
  const noObject = await posthorn.call('PUT', `/api/v1/app/${app}/endpoint/${id}/headers`, {
    body: { headers: [] },
  });
  assert.equal(noObject.status, 422);
  assert.deepEqual((await posthorn.sdk.endpoint.getHeaders(app, id)).headers, { 'X-A': '1' });
});

test('deliveries verify with the secret that was made, or given', async () => {
  const made = await newEndpoint();
  const { key } = await posthorn.sdk.endpoint.getSecret(made.app, made.id);
  assert.match(key, /^whsec_/);
  verify(await deliver(made.app), key);
  const secret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
  const given = await newEndpoint({ secret });
  assert.equal((await posthorn.sdk.endpoint.getSecret(given.app, given.id)).key, secret);
  verify(await deliver(given.app), secret);
});

test('after a rotation the new key comes first and the old one still verifies', async () => {
  const { app, id } = await newEndpoint();
  const old = (await posthorn.sdk.endpoint.getSecret(app, id)).key;
  await posthorn.sdk.endpoint.rotateSecret(app, id, {});
  const { key } = await posthorn.sdk.endpoint.getSecret(app, id);
  assert.notEqual(key, old);
  const request = await deliver(app);
  verify(request, key);
  verify(request, old);
  assert.equal(request.headers['webhook-signature']?.split(' ').length, 2);
});

test('a rotation without grace ends the old key at once', async () => {
  const { app, id } = await newEndpoint();
  const old = (await posthorn.sdk.endpoint.getSecret(app, id)).key;
  const key = `whsec_${Buffer.alloc(24, 3).toString('base64')}`;
  await posthorn.sdk.endpoint.rotateSecret(app, id, { key, gracePeriodSeconds: 0 });
  const request = await deliver(app);
  verify(request, key);
  assert.throws(() => verify(request, old));
});

test('one key of each type signs v1 and v1a side by side', async () => {
  const { app, id } = await newEndpoint();
  const path = `/api/v1/app/${app}/endpoint/${id}/secret`;
  // `signatureTypes` is ours: the SDK does not pass it on.
  assert.equal((await posthorn.call('GET', path)).json.publicKey, null);
  const both = { signatureTypes: ['hmac256', 'ed25519'], gracePeriodSeconds: 0 };
  assert.equal((await posthorn.call('POST', `${path}/rotate`, { body: both })).status, 204);
  const { key, publicKey } = (await posthorn.call('GET', path)).json;
  assert.match(publicKey, /^whpk_/);
  const request = await deliver(app);
  verify(request, key);
  const signatures = (request.headers['webhook-signature'] ?? '').split(' ').map((one) => one.split(','));
  assert.deepEqual(
    signatures.map(([version]) => version),
    ['v1', 'v1a'],
  );
  assert.ok(verifiesEd25519(request, publicKey, signatures[1]![1]!));
});

test('giving the current key again beside one of the other type keeps it', async () => {
  const { app, id } = await newEndpoint();
  const path = `/api/v1/app/${app}/endpoint/${id}/secret`;
  const { key } = await posthorn.sdk.endpoint.getSecret(app, id);
  const pair = `whsk_${Buffer.alloc(32, 5).toString('base64')}`;
  await posthorn.sdk.endpoint.rotateSecret(app, id, { key: `${key} ${pair}` });
  const now = (await posthorn.call('GET', path)).json;
  assert.equal(now.key, key);
  assert.match(now.publicKey, /^whpk_/);
  assert.equal((await deliver(app)).headers['webhook-signature']?.split(' ').length, 2);
});

test('only the public half of an Ed25519 key is ever shown', async () => {
  await using asymmetric = await startPosthorn({ http: { defaultSignatureType: 'ed25519' } });
  await asymmetric.sdk.application.create({ name: 'a', uid: 'a' });
  const { id } = await asymmetric.sdk.endpoint.create('a', { url: 'https://receiver.example/' });
  assert.match((await asymmetric.sdk.endpoint.getSecret('a', id)).key, /^whpk_/);
});

test('eleven old keys are too many, and a bad rotation changes nothing', async () => {
  const { app, id } = await newEndpoint();
  for (let i = 0; i < 10; i++) await posthorn.sdk.endpoint.rotateSecret(app, id, {});
  const { key } = await posthorn.sdk.endpoint.getSecret(app, id);
  const path = `/api/v1/app/${app}/endpoint/${id}/secret/rotate`;
  const full = await posthorn.call('POST', path, { body: {} });
  assert.deepEqual([full.status, full.json.code], [400, 'limit_reached']);
  for (const body of [
    { key: 'whsec_short' },
    { key: 7 },
    { gracePeriodSeconds: 604_801 },
    { gracePeriodSeconds: -1 },
  ]) {
    const answer = await posthorn.call('POST', path, { body });
    assert.equal(answer.status, 422, JSON.stringify(body));
    assert.equal(answer.json.detail[0].loc[0], 'body');
  }
  assert.equal((await posthorn.sdk.endpoint.getSecret(app, id)).key, key);
  const atOnce = await posthorn.call('POST', path, { body: { gracePeriodSeconds: 0 } });
  assert.equal(atOnce.status, 204, 'a key that expires at once is no old key');
});

test('credentials, method and schedule of the endpoint hold for its deliveries', async () => {
  const { app, id } = await newEndpoint();
  const patch = async (body: object) => {
    const answer = await posthorn.call('PATCH', `/api/v1/app/${app}/endpoint/${id}`, { body });
    assert.equal(answer.status, 200, answer.text);
  };
  await patch({ auth: { type: 'basic', username: 'ada', password: 'hunter2' }, method: 'PUT' });
  const basic = await deliver(app);
  assert.equal(basic.headers.authorization, `Basic ${Buffer.from('ada:hunter2').toString('base64')}`);
  assert.equal(basic.method, 'PUT');
  await patch({ auth: { type: 'bearer', token: 't0ken' }, method: null });
  const bearer = await deliver(app);
  assert.deepEqual([bearer.headers.authorization, bearer.method], ['Bearer t0ken', 'POST']);
  await patch({ auth: null });
  assert.equal((await deliver(app)).headers.authorization, undefined);
});
