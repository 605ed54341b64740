import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { type ApiException, messageInRaw } from 'svix';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';
import { startReceiver, type TestReceiver } from '../../../../test/support/receiver.ts';

let posthorn: TestPosthorn;
let receiver: TestReceiver;
before(async () => {
  posthorn = await startPosthorn({ http: { bodyBytesMax: 64 * 1024 } });
  receiver = await startReceiver();
});
after(async () => {
  await posthorn.stop();
  await receiver.stop();
});

let apps = 0;
async function newApp(): Promise<string> {
  const uid = `app-${++apps}`;
  await posthorn.sdk.application.create({ name: uid, uid });
  return uid;
}
/** An application with an endpoint at the receiver, and how to wait for what reaches it. */
async function newEndpoint(more: object = {}) {
  const app = await newApp();
  const { id } = await posthorn.sdk.endpoint.create(app, { url: `${receiver.url}/${app}`, ...more });
  const { key } = await posthorn.sdk.endpoint.getSecret(app, id);
  const arrived = () => receiver.requests.filter(({ url }) => url === `/${app}`);
  const next = async (count = 1) => {
    for (let round = 0; arrived().length < count; round++) {
      assert.ok(round < 200, `${arrived().length} of ${count} arrived`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return arrived();
  };
  return { app, id, key, arrived, next };
}
const path = (app: string, rest = '') => `/api/v1/app/${app}/msg${rest}`;
const JSON_HEADERS = { 'content-type': 'application/json' };

async function refused(promise: Promise<unknown>): Promise<ApiException<{ code?: string }>> {
  return promise.then(
    () => assert.fail('was accepted'),
    (error: ApiException<{ code?: string }>) => error,
  );
}

test('a published message arrives, signed, byte for byte', async () => {
  const { app, key, next } = await newEndpoint();
  const payload = '{ "n": 12345678901234567890.10 ,  "é": "\\u00e9", "n": 2 }';
  const body = `{"eventType":"user.signup","payload":${payload},"eventId":"e-1","channels":["a"],"tags":["t"]}`;
  const answer = await posthorn.call('POST', path(app), { body, headers: JSON_HEADERS });
  assert.equal(answer.status, 202, answer.text);
  assert.ok(answer.text.includes(`"payload":${payload},`), 'the answer has the very same text');
  const [request] = await next();
  assert.equal(request!.body.toString(), payload);
  assert.equal(request!.headers['content-type'], 'application/json');
  assert.equal(request!.headers['webhook-id'], answer.json.id);
  new Webhook(key).verify(payload, request!.headers as Record<string, string>);
  assert.deepEqual([answer.json.eventId, answer.json.channels, answer.json.tags], ['e-1', ['a'], ['t']]);
});

test('the SDK gets an empty payload unless it asks for contents', async () => {
  const app = await newApp();
  const message = { eventType: 'a.b', payload: { a: 1 } };
  const quiet = await posthorn.sdk.message.create(app, message);
  assert.deepEqual(quiet.payload, {});
  const told = await posthorn.sdk.message.create(app, message, { withContent: true });
  assert.deepEqual(told.payload, { a: 1 });
  assert.deepEqual((await posthorn.sdk.message.get(app, told.id)).payload, {});
  assert.deepEqual((await posthorn.sdk.message.get(app, told.id, { withContent: true })).payload, { a: 1 });
});

test('only endpoints of the type and channel get it, and precheck tells beforehand', async () => {
  await posthorn.sdk.eventType.create({ name: 'only.this', description: '' });
  const { app, next } = await newEndpoint({ eventTypes: ['only.this'], channels: ['eu'] });
  const active = (eventType: string, channels?: string[]) =>
    posthorn.sdk.message.precheck(app, { eventType, ...(channels === undefined ? {} : { channels }) });
  assert.equal((await active('only.this', ['eu', 'us'])).active, true);
  assert.equal((await active('only.this')).active, false);
  assert.equal((await active('other', ['eu'])).active, false);
  await posthorn.sdk.message.create(app, { eventType: 'other', payload: { n: 1 }, channels: ['eu'] });
  await posthorn.sdk.message.create(app, { eventType: 'only.this', payload: { n: 2 } });
  await posthorn.sdk.message.create(app, { eventType: 'only.this', payload: { n: 3 }, channels: ['eu'] });
  assert.deepEqual(
    (await next()).map(({ body }) => body.toString()),
    ['{"n":3}'],
  );
});

test('an event id is taken once in its application', async () => {
  const [one, two] = [await newApp(), await newApp()];
  const message = { eventType: 'a', payload: {}, eventId: 'order-1' };
  const { id } = await posthorn.sdk.message.create(one, message);
  const { code, body } = await refused(
    posthorn.sdk.message.create(one, { ...message, payload: { other: 1 } }),
  );
  assert.deepEqual([code, body.code], [409, 'conflict']);
  assert.equal((await posthorn.sdk.message.get(one, 'order-1')).id, id);
  await posthorn.sdk.message.create(two, message);
});

test('the same idempotency key publishes once, with another body it is 409', async () => {
  const { app, next } = await newEndpoint();
  const options = { idempotencyKey: 'same', withContent: true };
  const first = await posthorn.sdk.message.create(app, { eventType: 'a', payload: { n: 1 } }, options);
  const again = await posthorn.sdk.message.create(app, { eventType: 'a', payload: { n: 1 } }, options);
  assert.deepEqual(again, first);
  const other = await refused(
    posthorn.sdk.message.create(app, { eventType: 'a', payload: { n: 2 } }, options),
  );
  assert.equal(other.code, 409);
  await posthorn.sdk.message.create(app, { eventType: 'a', payload: { n: 3 } });
  assert.deepEqual((await next(2)).map(({ body }) => body.toString()).sort(), ['{"n":1}', '{"n":3}']);
});

test('an application that the message brings along is made once', async () => {
  const uid = `inline-${++apps}`;
  const message = { eventType: 'a', payload: {}, application: { name: 'Inline', uid } };
  await Promise.all([posthorn.sdk.message.create(uid, message), posthorn.sdk.message.create(uid, message)]);
  await posthorn.sdk.message.create(uid, { ...message, application: { name: 'Ignored', uid } });
  assert.equal((await posthorn.sdk.application.get(uid)).name, 'Inline');
  assert.equal((await posthorn.sdk.message.list(uid)).data.length, 3);
  const other = await refused(
    posthorn.sdk.message.create(`x${uid}`, { ...message, application: { name: 'n', uid: 'other' } }),
  );
  assert.equal(other.code, 422);
  const nameless = await posthorn.call('POST', path(`y${uid}`), {
    body: { eventType: 'a', payload: {}, application: {} },
  });
  assert.equal(nameless.status, 422);
  assert.deepEqual(nameless.json.detail[0].loc, ['body', 'application', 'name']);
});

test('a raw payload of the SDK is sent as it is, with its own type', async () => {
  const { app, next } = await newEndpoint();
  const { id } = await posthorn.sdk.message.create(app, messageInRaw('a', '<a>1</a>', 'application/xml'));
  const [request] = await next();
  assert.equal(request!.body.toString(), '<a>1</a>');
  assert.equal(request!.headers['content-type'], 'application/xml');
  assert.equal((await posthorn.sdk.message.get(app, id, { withContent: true })).payload, '<a>1</a>');
});

test('any bytes can be published with their own Content-Type', async () => {
  const { app, key, next } = await newEndpoint();
  const bytes = Uint8Array.of(0, 255, 128, 10, 13);
  const query = '?eventType=a.b&eventId=raw-1&channels=x,y&tags=t&method=PUT&payloadRetentionPeriod=5';
  const headers = { 'content-type': 'application/x-thing; v=1' };
  const answer = await posthorn.call('POST', path(app, `/raw${query}`), { body: bytes, headers });
  assert.equal(answer.status, 202, answer.text);
  const [request] = await next();
  assert.deepEqual([request!.method, request!.headers['content-type']], ['PUT', 'application/x-thing; v=1']);
  assert.deepEqual([...request!.body], [...bytes]);
  assert.ok(new Webhook(key).sign(answer.json.id, new Date(), 'x').startsWith('v1,'));
  const stored = await posthorn.sdk.message.get(app, 'raw-1', { withContent: true });
  assert.deepEqual(stored.payload, { encoding: 'base64', data: Buffer.from(bytes).toString('base64') });
  assert.deepEqual([stored.channels, stored.tags], [['x', 'y'], ['t']]);
});

test('a form published raw stays a form, and an empty or nameless one is refused', async () => {
  const { app, next } = await newEndpoint();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  await posthorn.call('POST', path(app, '/raw?eventType=f'), { body: 'a=1&b=2', headers });
  assert.equal((await next())[0]!.body.toString(), 'a=1&b=2');
  const empty = await posthorn.call('POST', path(app, '/raw?eventType=f'), { headers });
  assert.deepEqual([empty.status, empty.json.code], [400, 'missing_payload']);
  const bad = [
    '',
    '?eventType=a%20b',
    '?eventType=f&eventId=msg_x',
    '?eventType=f&method=BREW',
    '?eventType=f&payloadRetentionPeriod=4',
  ];
  for (const query of bad) {
    const answer = await posthorn.call('POST', path(app, `/raw${query}`), { body: 'x', headers });
    assert.ok(answer.status === 422 || answer.status === 400, `${query}: ${answer.status}`);
  }
  assert.equal((await posthorn.sdk.message.list(app)).data.length, 1);
});

test('a message for later is not delivered before, and says when', async () => {
  const { app, arrived } = await newEndpoint();
  const deliverAt = new Date(Date.now() + 3_600_000);
  const told = await posthorn.sdk.message.create(app, { eventType: 'a', payload: {}, deliverAt });
  assert.equal(told.deliverAt?.getTime(), deliverAt.getTime());
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(arrived().length, 0);
  const [states] = (await posthorn.sdk.messageAttempt.listAttemptedDestinations(app, told.id)).data;
  assert.equal(states?.status, 1);
  const tooFar = { eventType: 'a', payload: {}, deliverAt: new Date(Date.now() + 90_000_000) };
  assert.equal((await refused(posthorn.sdk.message.create(app, tooFar))).code, 422);
});

test('lists are newest first, page both ways and filter', async () => {
  const app = await newApp();
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) {
    const more = i % 2 === 0 ? { channels: ['even'], tags: ['e'] } : {};
    const { id } = await posthorn.sdk.message.create(app, { eventType: `t${i}`, payload: { i }, ...more });
    ids.unshift(id);
  }
  const sorted = [...ids].sort().reverse();
  const idsOf = (page: { data: { id: string }[] }) => page.data.map(({ id }) => id);
  const first = await posthorn.sdk.message.list(app, { limit: 2, withContent: true });
  assert.deepEqual([idsOf(first), first.done], [sorted.slice(0, 2), false]);
  assert.deepEqual(Object.keys(first.data[0]?.payload), ['i']);
  const second = await posthorn.sdk.message.list(app, { limit: 2, iterator: first.iterator });
  assert.deepEqual(idsOf(second), sorted.slice(2, 4));
  const back = await posthorn.sdk.message.list(app, { limit: 2, iterator: second.prevIterator ?? '' });
  assert.deepEqual(idsOf(back), sorted.slice(0, 2));
  const count = async (options: object) => (await posthorn.sdk.message.list(app, options)).data.length;
  assert.equal(await count({ channel: 'even' }), 3);
  assert.equal(await count({ tag: 'e' }), 3);
  assert.equal(await count({ eventTypes: ['t0', 't1'] }), 2);
  assert.equal(await count({ before: new Date(Date.now() - 60_000) }), 0);
  assert.equal(await count({ after: new Date(Date.now() - 60_000) }), 5);
  const repeated = await posthorn.call('GET', path(app, '?event_types=t0&event_types=t1&with_content=false'));
  assert.deepEqual(
    repeated.json.data.map((one: { payload: unknown }) => one.payload),
    [{}, {}],
  );
});

test('bad list queries are refused', async () => {
  const app = await newApp();
  const status = async (query: string) => (await posthorn.call('GET', path(app, query))).status;
  assert.equal(await status('?limit=251'), 422);
  assert.equal(await status('?before=tomorrow'), 422);
  assert.equal(await status(`?before=${new Date(Date.now() + 7_200_000).toISOString()}`), 422);
  assert.equal(await status('?iterator=atmpt_1srOrx2ZWZBpBUvZwXKQmoEYga2'), 422);
  assert.equal(await status('?channel=a%20b'), 422);
  assert.equal(await status('?with_content=perhaps'), 400);
});

test('an expunged payload is gone for good', async () => {
  const app = await newApp();
  const { id } = await posthorn.sdk.message.create(app, {
    eventType: 'a',
    payload: { secret: 1 },
    eventId: 'gone',
  });
  await posthorn.sdk.message.expungeContent(app, 'gone');
  assert.deepEqual((await posthorn.sdk.message.get(app, id, { withContent: true })).payload, {
    expired: true,
  });
  await posthorn.sdk.message.expungeContent(app, id);
  assert.equal((await refused(posthorn.sdk.message.expungeContent(app, 'unknown'))).code, 404);
});

test('several payloads are expunged at once, each with its own result', async () => {
  const app = await newApp();
  const { id } = await posthorn.sdk.message.create(app, {
    eventType: 'a',
    payload: { a: 1 },
    eventId: 'b-1',
  });
  const other = await posthorn.sdk.message.create(app, { eventType: 'a', payload: { a: 2 } });
  const { results } = await posthorn.sdk.message.bulkExpungeContent(app, {
    ids: ['b-1', 'nothing', other.id],
  });
  assert.deepEqual(results, { 'b-1': 'expunged', nothing: 'not-found', [other.id]: 'expunged' });
  assert.deepEqual((await posthorn.sdk.message.get(app, id, { withContent: true })).payload, {
    expired: true,
  });
});

test('expunging everything is a task that can be watched', async () => {
  const app = await newApp();
  const { id } = await posthorn.sdk.message.create(app, { eventType: 'a', payload: { a: 1 } });
  const task = await posthorn.sdk.message.expungeAllContents(app);
  assert.equal(task.task, 'application.purge_content');
  for (let round = 0; (await posthorn.sdk.backgroundTask.get(task.id)).status === 'running'; round++) {
    assert.ok(round < 200);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.deepEqual((await posthorn.sdk.message.get(app, id, { withContent: true })).payload, {
    expired: true,
  });
});

const BAD: readonly (readonly [string, object, string])[] = [
  ['no event type', { payload: {} }, 'eventType'],
  ['an event type with a space', { eventType: 'a b', payload: {} }, 'eventType'],
  ['an event type too long', { eventType: 'x'.repeat(257), payload: {} }, 'eventType'],
  ['no payload', { eventType: 'a' }, 'payload'],
  ['a payload that is no object', { eventType: 'a', payload: [1] }, 'payload'],
  ['a payload that is null', { eventType: 'a', payload: null }, 'payload'],
  ['an event id like an id', { eventType: 'a', payload: {}, eventId: 'msg_1' }, 'eventId'],
  ['six channels', { eventType: 'a', payload: {}, channels: ['1', '2', '3', '4', '5', '6'] }, 'channels'],
  ['no channels at all', { eventType: 'a', payload: {}, channels: [] }, 'channels'],
  ['a channel with a slash', { eventType: 'a', payload: {}, channels: ['a/b'] }, 'channels'],
  [
    'a retention of 4 days',
    { eventType: 'a', payload: {}, payloadRetentionPeriod: 4 },
    'payloadRetentionPeriod',
  ],
  [
    'a retention of 91 days',
    { eventType: 'a', payload: {}, payloadRetentionPeriod: 91 },
    'payloadRetentionPeriod',
  ],
  [
    'two retentions',
    { eventType: 'a', payload: {}, payloadRetentionPeriod: 5, payloadRetentionHours: 5 },
    'payloadRetentionHours',
  ],
  ['an instant that is none', { eventType: 'a', payload: {}, deliverAt: 'later' }, 'deliverAt'],
  [
    'a raw payload that is no text',
    { eventType: 'a', payload: {}, transformationsParams: { rawPayload: 1 } },
    'transformationsParams',
  ],
];

for (const [what, body, member] of BAD) {
  test(`a message with ${what} is 422 at that member, and nothing is stored`, async () => {
    const app = await newApp();
    const answer = await posthorn.call('POST', path(app), { body });
    assert.equal(answer.status, 422, answer.text);
    assert.deepEqual(answer.json.detail[0].loc.slice(0, 2), ['body', member], answer.text);
    assert.deepEqual((await posthorn.sdk.message.list(app)).data, []);
  });
}

test('a body that is broken, cut short, no UTF-8 or too large is refused', async () => {
  const app = await newApp();
  const send = (body: string | Uint8Array) =>
    posthorn.call('POST', path(app), { body, headers: JSON_HEADERS });
  const broken = [
    '{"eventType":"a","payload":{',
    '{"eventType":"a","payload":{}}x',
    '',
    '[]',
    "{'eventType':'a'}",
  ];
  for (const body of broken) {
    const answer = await send(body);
    assert.deepEqual([answer.status, answer.json.detail[0].type], [422, 'value_error.jsondecode'], body);
  }
  const latin1 = Buffer.from('{"eventType":"a","payload":{"n":"é"}}', 'latin1');
  assert.equal((await send(latin1)).status, 422);
  const large = await send(JSON.stringify({ eventType: 'a', payload: { x: 'x'.repeat(70_000) } }));
  assert.deepEqual([large.status, large.json.code], [413, 'payload_too_large']);
  assert.deepEqual((await posthorn.sdk.message.list(app)).data, []);
});

test('an unknown application, another organization and an app token cannot publish', async () => {
  const app = await newApp();
  const message = { eventType: 'a', payload: {} };
  assert.equal((await refused(posthorn.sdk.message.create('nobody', message))).code, 404);
  const stranger = posthorn.sdkFor(await posthorn.tokenOf('org_stranger00000000000000000'));
  assert.equal((await refused(stranger.message.create(app, message))).code, 404);
  const { token } = await posthorn.sdk.authentication.appPortalAccess(app, {});
  const { code, body } = await refused(posthorn.sdkFor(token).message.create(app, message));
  assert.deepEqual([code, body.code], [403, 'insufficient access']);
  assert.equal((await posthorn.sdkFor(token).message.list(app)).data.length, 0);
});
