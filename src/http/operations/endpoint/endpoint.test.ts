import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ApiException, Ordering } from 'svix';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';

let posthorn: TestPosthorn;
before(async () => {
  posthorn = await startPosthorn();
  await posthorn.sdk.eventType.create({ name: 'user.signup', description: '' });
  await posthorn.sdk.eventType.create({ name: 'user.gone', description: '' });
  await posthorn.sdk.eventType.delete('user.gone');
});
after(() => posthorn.stop());

const URL_A = 'https://receiver.example/a';
let apps = 0;
async function newApp(): Promise<{ id: string; uid: string }> {
  const uid = `customer-${++apps}`;
  const { id } = await posthorn.sdk.application.create({ name: uid, uid });
  return { id, uid };
}
const path = (app: string, rest = '') => `/api/v1/app/${app}/endpoint${rest}`;

async function refused(promise: Promise<unknown>): Promise<ApiException<{ code?: string; detail: unknown }>> {
  return promise.then(
    () => assert.fail('was accepted'),
    (error: ApiException<{ code?: string; detail: unknown }>) => error,
  );
}

test('an endpoint is created, read by id and uid, and listed', async () => {
  const app = await newApp();
  const created = await posthorn.sdk.endpoint.create(app.uid, {
    url: URL_A,
    uid: 'main',
    description: 'first',
    throttleRate: 5,
    eventTypes: ['user.signup'],
    channels: ['eu'],
    metadata: { team: 'blue' },
  });
  assert.match(created.id, /^ep_[0-9A-Za-z]{27}$/);
  assert.deepEqual(await posthorn.sdk.endpoint.get(app.id, created.id), created);
  assert.deepEqual(await posthorn.sdk.endpoint.get(app.uid, 'main'), created);
  const list = await posthorn.sdk.endpoint.list(app.id);
  assert.deepEqual(list.data, [created]);
  assert.equal(list.done, true);
  const { id, createdAt, updatedAt, ...rest } = created;
  assert.deepEqual(rest, {
    url: URL_A,
    uid: 'main',
    description: 'first',
    throttleRate: 5,
    disabled: false,
    eventTypes: ['user.signup'],
    channels: ['eu'],
    metadata: { team: 'blue' },
  });
});

test('a created endpoint answers 201, with a trailing slash too, and shows no secret', async () => {
  const app = await newApp();
  const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
  const body = { url: URL_A, secret, headers: { Authorization: 'Bearer hidden' } };
  const created = await posthorn.call('POST', path(app.id, '/'), { body });
  assert.equal(created.status, 201);
  assert.ok(!created.text.includes(secret) && !created.text.includes('hidden'));
  assert.equal((await posthorn.call('GET', path(app.id, `/${created.json.id}/`))).status, 200);
});

test('lists page both ways and in both orders', async () => {
  const app = await newApp();
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.push((await posthorn.sdk.endpoint.create(app.id, { url: URL_A })).id);
  ids.sort();
  const idsOf = (page: { data: { id: string }[] }) => page.data.map(({ id }) => id);
  const first = await posthorn.sdk.endpoint.list(app.id, { limit: 2 });
  assert.deepEqual(idsOf(first), ids.slice(0, 2));
  assert.equal(first.done, false);
  const second = await posthorn.sdk.endpoint.list(app.id, { limit: 2, iterator: first.iterator });
  assert.deepEqual(idsOf(second), ids.slice(2, 4));
  const back = await posthorn.sdk.endpoint.list(app.id, { limit: 2, iterator: second.prevIterator ?? '' });
  assert.deepEqual(idsOf(back), ids.slice(0, 2));
  const last = await posthorn.sdk.endpoint.list(app.id, { limit: 2, iterator: second.iterator });
  assert.deepEqual([idsOf(last), last.done], [ids.slice(4), true]);
  const turned = await posthorn.sdk.endpoint.list(app.id, { order: Ordering.Descending });
  assert.deepEqual(idsOf(turned), [...ids].reverse());
});

test('a limit over 250 is 422, an unreadable one and a foreign iterator are refused', async () => {
  const app = await newApp();
  assert.equal((await posthorn.call('GET', path(app.id, '?limit=251'))).status, 422);
  assert.equal((await posthorn.call('GET', path(app.id, '?limit=many'))).status, 400);
  assert.equal((await posthorn.call('GET', path(app.id, '?iterator=msg_1'))).status, 422);
});

test('PUT to a uid creates it once, then replaces it', async () => {
  const app = await newApp();
  const put = (body: object, ref = 'mine') => posthorn.call('PUT', path(app.id, `/${ref}`), { body });
  const created = await put({ url: URL_A, description: 'x', timeoutSeconds: 7 });
  assert.deepEqual([created.status, created.json.uid], [201, 'mine']);
  const replaced = await put({ url: `${URL_A}/2` });
  assert.equal(replaced.status, 200);
  assert.equal(replaced.json.id, created.json.id);
  assert.equal(replaced.json.description, '', 'what the compatible API knows goes back to its default');
  assert.equal(replaced.json.timeoutSeconds, 7, 'what it does not know stays');
  assert.equal(replaced.json.uid, 'mine');
  const upserted = await posthorn.sdk.endpoint.upsert(app.id, 'mine', { url: URL_A, uid: 'renamed' });
  assert.equal(upserted.uid, 'renamed');
  assert.equal((await posthorn.sdk.endpoint.list(app.id)).data.length, 1);
});

test('PUT to an id that is not there is 404, to an impossible uid 422', async () => {
  const app = await newApp();
  const body = { url: URL_A };
  const unknown = await posthorn.call('PUT', path(app.id, '/ep_1srOrx2ZWZBpBUvZwXKQmoEYga2'), { body });
  assert.deepEqual([unknown.status, unknown.json.code], [404, 'not_found']);
  assert.equal((await posthorn.call('PUT', path(app.id, '/a%20b'), { body })).status, 422);
});

test('PATCH keeps what it leaves out and clears what is null', async () => {
  const app = await newApp();
  const { id } = await posthorn.sdk.endpoint.create(app.id, {
    url: URL_A,
    uid: 'u',
    throttleRate: 5,
    channels: ['a'],
  });
  const patched = await posthorn.sdk.endpoint.patch(app.id, id, { description: 'new', channels: null });
  assert.deepEqual(
    [patched.url, patched.uid, patched.throttleRate, patched.description, patched.channels],
    [URL_A, 'u', 5, 'new', null],
  );
  assert.equal((await posthorn.sdk.endpoint.patch(app.id, 'u', { uid: null })).uid, null);
});

test('disabling by hand says so, and enabling clears it', async () => {
  const app = await newApp();
  const { id } = await posthorn.sdk.endpoint.create(app.id, { url: URL_A });
  const patch = (body: object) => posthorn.call('PATCH', path(app.id, `/${id}`), { body });
  assert.equal((await patch({ disabled: true })).json.disabledReason, 'by hand');
  assert.equal((await patch({ disabled: false })).json.disabledReason, null);
});

test('a deleted endpoint is gone', async () => {
  const app = await newApp();
  const { id } = await posthorn.sdk.endpoint.create(app.id, { url: URL_A });
  await posthorn.sdk.endpoint.delete(app.id, id);
  // One after the other: two calls at once could refuse in either order, the second with nobody waiting for it.
  for (const ask of ['get', 'delete'] as const) {
    const { code, body } = await refused(posthorn.sdk.endpoint[ask](app.id, id));
    assert.deepEqual([code, body.code], [404, 'not_found']);
  }
});

test('a uid taken by another endpoint is 409, the same uid in another application is fine', async () => {
  const [one, two] = [await newApp(), await newApp()];
  await posthorn.sdk.endpoint.create(one.id, { url: URL_A, uid: 'same' });
  const { code, body } = await refused(posthorn.sdk.endpoint.create(one.id, { url: URL_A, uid: 'same' }));
  assert.deepEqual([code, body.code], [409, 'conflict']);
  await posthorn.sdk.endpoint.create(two.id, { url: URL_A, uid: 'same' });
});

test('what lies beyond the compatible API is kept and shown, secrets masked', async () => {
  const app = await newApp();
  const body = {
    url: URL_A,
    retrySchedule: [5, '5m', '250ms'],
    timeoutSeconds: 20,
    concurrency: 3,
    ordering: { scope: 'key' },
    method: 'PUT',
    auth: { type: 'basic', username: 'ada', password: 'hunter2' },
    http2: true,
  };
  const created = await posthorn.call('POST', path(app.id), { body });
  assert.equal(created.status, 201);
  assert.deepEqual(created.json.retrySchedule, [5, 300, 0.25]);
  assert.deepEqual(created.json.ordering, { scope: 'key', onFailure: 'block' });
  assert.deepEqual(created.json.auth, { type: 'basic', username: 'ada', password: '••••••••' });
  assert.deepEqual(
    [created.json.timeoutSeconds, created.json.concurrency, created.json.method, created.json.http2],
    [20, 3, 'PUT', true],
  );
  const reset = await posthorn.call('PATCH', path(app.id, `/${created.json.id}`), {
    body: { retrySchedule: null, auth: null, ordering: null },
  });
  assert.deepEqual(
    [reset.json.retrySchedule, reset.json.auth, reset.json.ordering.scope],
    [null, null, 'none'],
  );
});

const BAD: readonly (readonly [string, object, string])[] = [
  ['no URL', {}, 'url'],
  ['a relative URL', { url: '/hook' }, 'url'],
  ['another scheme', { url: 'ftp://example.com' }, 'url'],
  ['a URL with a space', { url: 'https://example.com/a b' }, 'url'],
  ['a URL that is a number', { url: 7 }, 'url'],
  ['a uid like an id', { url: URL_A, uid: 'ep_mine' }, 'uid'],
  ['a uid with a slash', { url: URL_A, uid: 'a/b' }, 'uid'],
  ['a uid too long', { url: URL_A, uid: 'x'.repeat(257) }, 'uid'],
  ['no event types at all', { url: URL_A, eventTypes: [] }, 'eventTypes'],
  ['an unknown event type', { url: URL_A, eventTypes: ['no.such'] }, 'eventTypes'],
  ['an archived event type', { url: URL_A, eventTypes: ['user.gone'] }, 'eventTypes'],
  ['an unknown event type by its older name', { url: URL_A, filterTypes: ['no.such'] }, 'filterTypes'],
  ['no channels at all', { url: URL_A, channels: [] }, 'channels'],
  ['eleven channels', { url: URL_A, channels: Array.from({ length: 11 }, (_, i) => `c${i}`) }, 'channels'],
  ['a channel too long', { url: URL_A, channels: ['x'.repeat(129)] }, 'channels'],
  ['a rate of nothing', { url: URL_A, throttleRate: 0 }, 'throttleRate'],
  ['metadata that is no text', { url: URL_A, metadata: { a: 1 } }, 'metadata'],
  ['metadata too long', { url: URL_A, metadata: { a: 'x'.repeat(4096) } }, 'metadata'],
  ['a short secret', { url: URL_A, secret: `whsec_${Buffer.alloc(23).toString('base64')}` }, 'secret'],
  ['a secret too long', { url: URL_A, secret: `whsec_${Buffer.alloc(76).toString('base64')}` }, 'secret'],
  ['a secret that is no base64', { url: URL_A, secret: 'whsec_***' }, 'secret'],
  ['a forbidden header', { url: URL_A, headers: { 'User-Agent': 'me' } }, 'headers'],
  ['a header value with a line break', { url: URL_A, headers: { 'X-A': 'a\r\nb' } }, 'headers'],
  ['a delay over 7 days', { url: URL_A, retrySchedule: ['8d'] }, 'retrySchedule'],
  ['a delay that is none', { url: URL_A, retrySchedule: ['soon'] }, 'retrySchedule'],
  ['a timeout over a minute', { url: URL_A, timeoutSeconds: 61 }, 'timeoutSeconds'],
  ['too much at once', { url: URL_A, concurrency: 1001 }, 'concurrency'],
  ['an unknown order', { url: URL_A, ordering: { scope: 'luck' } }, 'ordering'],
  ['an unknown method', { url: URL_A, method: 'BREW' }, 'method'],
  ['unknown credentials', { url: URL_A, auth: { type: 'magic' } }, 'auth'],
  ['a certificate without its key', { url: URL_A, tls: { cert: 'x' } }, 'tls'],
  ['a certificate that is none', { url: URL_A, tls: { cert: 'x', key: 'y' } }, 'tls'],
];

for (const [what, body, member] of BAD) {
  test(`an endpoint with ${what} is 422 at that member, and nothing is created`, async () => {
    const app = await newApp();
    const answer = await posthorn.call('POST', path(app.id), { body });
    assert.equal(answer.status, 422, answer.text);
    assert.deepEqual(Object.keys(answer.json), ['detail']);
    const [item] = answer.json.detail;
    assert.deepEqual(item.loc.slice(0, 2), ['body', member], answer.text);
    assert.ok(item.msg.length > 0 && typeof item.type === 'string');
    assert.deepEqual((await posthorn.sdk.endpoint.list(app.id)).data, []);
  });
}

test('a body that is no JSON, or cut short, is 422; PATCH and PUT check as POST does', async () => {
  const app = await newApp();
  const headers = { 'content-type': 'application/json' };
  for (const body of ['{"url": "https://exam', 'url=x', '[]', '"text"']) {
    assert.equal((await posthorn.call('POST', path(app.id), { body, headers })).status, 422, body);
  }
  const { id } = await posthorn.sdk.endpoint.create(app.id, { url: URL_A });
  for (const method of ['PUT', 'PATCH']) {
    const locOf = async (body: object) => {
      const answer = await posthorn.call(method, path(app.id, `/${id}`), { body });
      return [answer.status, answer.json.detail[0].loc];
    };
    assert.deepEqual(await locOf({ url: 'nowhere' }), [422, ['body', 'url']]);
    const unknown = await locOf({ url: URL_A, filterTypes: ['no.such'] });
    assert.deepEqual(unknown, [422, ['body', 'filterTypes']]);
  }
  assert.equal((await posthorn.sdk.endpoint.get(app.id, id)).url, URL_A);
});

test('a server that only takes https refuses http', async () => {
  await using strict = await startPosthorn({ http: { endpointHttpsOnly: true } });
  await strict.sdk.application.create({ name: 'a', uid: 'a' });
  const { code } = await refused(strict.sdk.endpoint.create('a', { url: 'http://receiver.example/' }));
  assert.equal(code, 422);
  await strict.sdk.endpoint.create('a', { url: URL_A });
});

test('a URL at a private address is stored: the guard judges it when it is called', async () => {
  const app = await newApp();
  assert.equal(
    (await posthorn.sdk.endpoint.create(app.id, { url: 'http://10.0.0.1/' })).url,
    'http://10.0.0.1/',
  );
});

test('another application, another organization and no token see nothing of it', async () => {
  const [one, two] = [await newApp(), await newApp()];
  const { id } = await posthorn.sdk.endpoint.create(one.id, { url: URL_A });
  const stranger = posthorn.sdkFor(await posthorn.tokenOf('org_stranger00000000000000000'));
  assert.equal((await refused(posthorn.sdk.endpoint.get(two.id, id))).code, 404);
  assert.equal((await refused(stranger.endpoint.get(one.id, id))).code, 404);
  assert.equal((await refused(stranger.endpoint.patch(one.id, id, { disabled: true }))).code, 404);
  assert.equal((await posthorn.call('GET', path(one.id), { token: null })).status, 401);
});

test('an app token manages the endpoints of its own application only', async () => {
  const [one, two] = [await newApp(), await newApp()];
  const { token } = await posthorn.sdk.authentication.appPortalAccess(one.id, {});
  const portal = posthorn.sdkFor(token);
  const { id } = await portal.endpoint.create(one.uid, { url: URL_A });
  await portal.endpoint.patch(one.id, id, { description: 'by the customer' });
  assert.equal((await refused(portal.endpoint.create(two.id, { url: URL_A }))).code, 404);
});

test('the same idempotency key creates one endpoint, with another body it is 409', async () => {
  const app = await newApp();
  const options = { idempotencyKey: 'once' };
  const first = await posthorn.sdk.endpoint.create(app.id, { url: URL_A }, options);
  const again = await posthorn.sdk.endpoint.create(app.id, { url: URL_A }, options);
  assert.equal(again.id, first.id);
  const other = await refused(posthorn.sdk.endpoint.create(app.id, { url: `${URL_A}/2` }, options));
  assert.equal(other.code, 409);
  assert.equal((await posthorn.sdk.endpoint.list(app.id)).data.length, 1);
});

test('a uid that clients would take for a step in the path is refused', async () => {
  const app = await newApp();
  for (const uid of ['.', '..']) {
    const body = { url: URL_A, uid };
    assert.equal((await posthorn.call('POST', path(app.id), { body })).status, 422, uid);
    const application = { name: 'x', uid };
    assert.equal((await posthorn.call('POST', '/api/v1/app', { body: application })).status, 422, uid);
  }
  await posthorn.sdk.endpoint.create(app.id, { url: URL_A, uid: '...' });
  assert.equal((await posthorn.sdk.endpoint.get(app.id, '...')).uid, '...');
});
