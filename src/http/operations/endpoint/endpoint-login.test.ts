import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';
import { startReceiver } from '../../../../test/support/receiver.ts';

const folder = mkdtempSync(join(tmpdir(), 'posthorn-login-'));
let posthorn: TestPosthorn;
before(async () => {
  posthorn = await startPosthorn({ path: join(folder, 'posthorn.db') });
  await posthorn.sdk.application.create({ name: 'a', uid: 'a' });
});
after(async () => {
  await posthorn.stop();
  rmSync(folder, { recursive: true, force: true });
});

const endpoint = (method: string, uid: string, body?: unknown) =>
  posthorn.call(method, `/api/v1/app/a/endpoint/${uid}`, { body });
const create = (uid: string, body: object) =>
  posthorn.call('POST', '/api/v1/app/a/endpoint', { body: { uid, ...body } });
const BASIC = { type: 'basic', username: 'me', password: '••••••••' };

test('user and password of a URL arrive as basic authentication and are in clear nowhere', async () => {
  await using receiver = await startReceiver();
  const url = receiver.url.replace('http://', 'http://me:p%40ssw0rd-unseen@');
  const made = await create('login', { url });
  assert.equal(made.status, 201);
  assert.deepEqual([made.json.url, made.json.auth], [receiver.url, BASIC]);
  await posthorn.sdk.message.create('a', { eventType: 'x', payload: {} });
  const [delivery] = await receiver.waitFor(1);
  const header = delivery!.headers.authorization!;
  assert.equal(Buffer.from(header.slice('Basic '.length), 'base64').toString(), 'me:p@ssw0rd-unseen');
  const answers = await Promise.all([
    posthorn.call('GET', '/api/v1/app/a/endpoint'),
    posthorn.call('GET', '/api/v1/audit'),
    posthorn.call('GET', '/api/v1/app/a/attempt/endpoint/login'),
    posthorn.call('POST', '/api/v1/environment/export?include_applications=true', { body: {} }),
  ]);
  for (const { text } of answers) assert.ok(!text.includes('ssw0rd-unseen'), text);
  assert.ok(!JSON.stringify(posthorn.lines).includes('ssw0rd-unseen'));
  for (const name of readdirSync(folder))
    assert.ok(!readFileSync(join(folder, name), 'latin1').includes('ssw0rd-unseen'), name);
});

test('the login stays while the URL leads to the same origin, and goes to no other', async () => {
  await create('stays', { url: 'https://me:secret@x.example/a' });
  const auth = async (method: string, body: object) => (await endpoint(method, 'stays', body)).json.auth;
  assert.deepEqual(await auth('PUT', { url: 'https://x.example/a', description: 'as it was shown' }), BASIC);
  assert.deepEqual(await auth('PATCH', { url: 'https://x.example/b' }), BASIC);
  assert.deepEqual(await auth('PATCH', { url: 'https://you:secret@x.example/b' }), {
    ...BASIC,
    username: 'you',
  });
  assert.equal(await auth('PATCH', { url: 'https://y.example/b' }), null);
  await auth('PATCH', { url: 'https://me:secret@y.example/b' });
  assert.equal(await auth('PATCH', { auth: null }), null);
});

test('authentication that was given as such stays wherever the URL leads', async () => {
  await create('given', {
    url: 'https://x.example/',
    auth: { type: 'basic', username: 'me', password: 's' },
  });
  assert.deepEqual((await endpoint('PATCH', 'given', { url: 'https://y.example/' })).json.auth, BASIC);
});

test('a login beside `auth`, in a token URL, or behind a backslash is refused', async () => {
  const both = { url: 'https://me:s@x.example/', auth: { type: 'bearer', token: 't' } };
  assert.equal((await create('both', both)).json.detail[0].loc.join('.'), 'body.auth');
  assert.equal((await create('slash', { url: 'https://a\\@x.example/' })).status, 422);
  const auth = { type: 'oauth2', tokenUrl: 'https://u:p@x.example/', clientId: 'a', clientSecret: 'b' };
  const token = await create('token', { url: 'https://x.example/', auth });
  assert.equal(token.json.detail[0].loc.join('.'), 'body.auth.tokenUrl');
  const extraParams = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`p${i}`, 'v']));
  const many = { ...auth, tokenUrl: 'https://x.example/', extraParams };
  assert.equal((await create('many', { url: 'https://x.example/', auth: many })).status, 422);
});
