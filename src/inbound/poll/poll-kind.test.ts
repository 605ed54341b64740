import assert from 'node:assert/strict';
import test from 'node:test';
import { applyPatch, type Operation } from 'rfc6902';
import { askingRig } from '../../../test/support/asking-rig.ts';
import { refuse, storeIsAway } from '../../../test/support/queue-rig.ts';
import { type ScriptedAnswer, startReceiver, type TestReceiver } from '../../../test/support/receiver.ts';
import { makePollKind } from './poll-kind.ts';

const json = (body: unknown, headers: Record<string, string> = {}): ScriptedAnswer => ({
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});
const settingsOf = ({ url }: TestReceiver, more = {}) => ({
  ...{ url: `${url}/orders`, items: '/data', everySeconds: 60, jitterSeconds: 0 },
  ...more,
});
const order = (id: number, state: string, more = {}) => ({ id, state, ...more });

test('the first run is silent; then what is new and what changed become events, with the difference', async () => {
  await using api = await startReceiver();
  await using rig = askingRig(makePollKind);
  api.answer(json({ data: [order(1, 'open')] }));
  rig.start(settingsOf(api));
  await rig.asleep();
  assert.equal(rig.stored.length, 0);
  api.answer(json({ data: [order(2, 'open'), order(1, 'paid', { by: 'ann' })] }));
  await rig.round();
  assert.deepEqual(
    rig.stored.map(({ type, orderingKey }) => [type, orderingKey]),
    [
      ['poll.created', '2'],
      ['poll.updated', '1'],
    ],
  );
  const [created, updated] = rig.news();
  assert.deepEqual(created, {
    change: 'created',
    id: '2',
    before: null,
    after: order(2, 'open'),
    diff: null,
  });
  assert.deepEqual(updated?.before, order(1, 'open'));
  const patched = structuredClone(updated?.before);
  applyPatch(patched, updated?.diff as Operation[]);
  assert.deepEqual(patched, order(1, 'paid', { by: 'ann' }));
  await rig.round();
  assert.deepEqual([rig.news(), rig.cursorWrites], [[], 2]);
});

test('what is missing is gone where that was asked for, and only when no page was left out', async () => {
  await using api = await startReceiver();
  await using rig = askingRig(makePollKind);
  const more = { emitDeleted: true, firstRun: 'emit', pages: 'link', pagesMax: 1, typePrefix: 'order' };
  api.answer(json({ data: [order(1, 'open'), order(2, 'open')] }));
  rig.start(settingsOf(api, more));
  await rig.asleep();
  assert.deepEqual(
    rig.stored.map(({ type }) => type),
    ['order.created', 'order.created'],
  );
  api.answer(json({ data: [order(2, 'open')] }, { link: '</orders?page=2>; rel="next"' }));
  await rig.round();
  assert.equal(rig.stored.length, 2);
  api.answer(json({ data: [order(2, 'open')] }));
  await rig.round();
  rig.news();
  assert.equal(rig.stored[2]?.type, 'order.deleted');
  api.answer(json({ data: [order(1, 'open'), order(2, 'open')] }));
  await rig.round();
  assert.deepEqual(
    rig.news().map(({ change }) => change),
    ['created'],
  );
});

test('an item that goes there and back makes an event each time, and ignored members make none', async () => {
  await using api = await startReceiver();
  await using rig = askingRig(makePollKind);
  api.answer(
    ...['a', 'b', 'a', 'b', 'b'].map((state, at) =>
      json({ data: [{ id: 1, state, seenAt: at, stats: { views: at, kind: 'x' } }] }),
    ),
  );
  rig.start(settingsOf(api, { ignore: ['seenAt', '/stats/views'] }));
  for (let i = 0; i < 4; i++) await rig.round();
  assert.deepEqual(
    rig.news().map(({ after }) => (after as { state: string }).state),
    ['b', 'a', 'b'],
  );
});

test('conditions are sent back, and 304 changes and writes nothing', async () => {
  await using api = await startReceiver();
  await using rig = askingRig(makePollKind);
  const headers = { etag: '"v1"', 'last-modified': 'Mon, 01 Jan 2029 00:00:00 GMT' };
  api.answer(json({ data: [order(1, 'open')] }, headers), 304);
  rig.start(settingsOf(api));
  await rig.round();
  await rig.round();
  assert.deepEqual(
    api.requests.map(({ headers: sent }) => [sent['if-none-match'], sent['if-modified-since']]),
    [
      [undefined, undefined],
      ['"v1"', headers['last-modified']],
      ['"v1"', headers['last-modified']],
    ],
  );
  assert.deepEqual([rig.cursorWrites, rig.health], [1, [['running', null]]]);
});

test('the state survives a restart, and a crash before the cursor was written brings nothing twice', async () => {
  await using api = await startReceiver();
  await using rig = askingRig(makePollKind);
  api.answer(json({ data: [order(1, 'open')] }));
  const first = rig.start(settingsOf(api));
  await rig.asleep();
  const old = structuredClone(rig.cursor);
  api.answer(json({ data: [order(1, 'paid'), order(2, 'open')] }));
  await rig.round();
  await first.stop();
  assert.equal(rig.news().length, 2);
  rig.cursor = old;
  rig.start(settingsOf(api));
  await rig.asleep();
  assert.deepEqual(rig.news(), []);
  assert.notDeepEqual(rig.cursor, old);
});

test('with another list or id it begins anew, silently', async () => {
  await using api = await startReceiver();
  await using rig = askingRig(makePollKind);
  api.answer(json({ data: [order(1, 'open')], other: [{ key: 'x' }] }));
  const first = rig.start(settingsOf(api, { firstRun: 'emit' }));
  await rig.asleep();
  await first.stop();
  rig.start(settingsOf(api, { items: 'other', idKey: 'key' }));
  await rig.asleep();
  assert.equal(rig.news().length, 1);
});

test('a cursor goes on from where the answer says, until there is no more', async () => {
  await using api = await startReceiver();
  await using rig = askingRig(makePollKind);
  const pages: Record<string, unknown> = {
    0: { data: [order(1, 'a'), order(2, 'a')], next: 2 },
    2: { data: [order(3, 'a')], next: 3 },
    3: { data: [], next: null },
  };
  api.answer(({ url }) => json(pages[new URL(url, 'http://x').searchParams.get('since') ?? ''] ?? {}));
  const input = settingsOf(api, { cursor: { param: 'since', from: 'next', initial: '0' } });
  const first = rig.start(input);
  await rig.asleep();
  assert.deepEqual(
    api.requests.map(({ url }) => url.split('=')[1]),
    ['0', '2', '3'],
  );
  assert.equal(rig.stored.length, 0);
  pages[3] = { data: [order(4, 'a'), order(2, 'b')], next: 4 };
  pages[4] = { data: [], next: 4 };
  await first.stop();
  rig.start(input);
  await rig.asleep();
  assert.deepEqual(
    rig.news().map(({ change, id }) => [change, id]),
    [
      ['created', '4'],
      ['updated', '2'],
    ],
  );
  assert.equal(api.requests.at(-1)?.url.split('=')[1], '4');
});

test('with a cursor the first run is silent for as long as there are further pages', async () => {
  await using api = await startReceiver();
  await using rig = askingRig(makePollKind);
  const from = (url: string): number => Number(new URL(url, 'http://x').searchParams.get('since'));
  let last = 3;
  api.answer(({ url }) => {
    const next = Math.min(from(url) + 1, last);
    return json({ data: next > from(url) ? [order(next, 'a')] : [], next });
  });
  rig.start(settingsOf(api, { cursor: { param: 'since', from: 'next' }, pagesMax: 1 }));
  for (let i = 0; i < 3; i++) await rig.round();
  assert.deepEqual(rig.news(), []);
  last = 4;
  await rig.round();
  assert.deepEqual(
    rig.news().map(({ id }) => id),
    ['4'],
  );
});

test('a condition is of one URL, and is not sent to another', async () => {
  await using api = await startReceiver();
  await using rig = askingRig(makePollKind);
  api.answer(json({ data: [], next: 1 }, { etag: '"at 0"' }));
  rig.start(settingsOf(api, { cursor: { param: 'since', from: 'next' }, pages: 'link' }));
  await rig.round();
  await rig.round();
  assert.deepEqual(
    api.requests.map(({ url, headers }) => [url, headers['if-none-match']]),
    [
      ['/orders', undefined],
      ['/orders?since=1', undefined],
      ['/orders?since=1', '"at 0"'],
    ],
  );
});

test('a body, which may hold a key, goes to no other origin', async () => {
  await using api = await startReceiver();
  await using other = await startReceiver();
  await using rig = askingRig(makePollKind);
  api.answer(json({ data: [order(1, 'a')] }, { link: `<${other.url}/2>; rel="next"` }));
  rig.start(settingsOf(api, { pages: 'link', method: 'POST', body: '{"key":"k"}' }));
  await rig.asleep();
  assert.deepEqual([api.requests.length, other.requests.length], [1, 0]);
  assert.match(String(rig.health.at(-1)), /^failing,The next page is on 127\.0\.0\.1:\d+, where a body/);
});

test('pages are followed by their links, and a key goes to no other origin', async () => {
  await using api = await startReceiver();
  await using other = await startReceiver();
  await using rig = askingRig(makePollKind);
  const link = `<${other.url}/2>; rel="next", <http://x/>; rel="last"`;
  api.answer(json({ data: [order(1, 'a')] }, { link }));
  other.answer(json({ data: [order(2, 'a')] }));
  const more = { pages: 'link', headers: { 'X-Key': 'k' }, firstRun: 'emit' };
  rig.start(settingsOf(api, { ...more, auth: { type: 'bearer', token: 't' } }));
  await rig.asleep();
  assert.equal(rig.stored.length, 2);
  const sent = [api.requests[0]?.headers, other.requests[0]?.headers];
  assert.deepEqual(
    sent.map((headers) => [headers?.['x-key'], headers?.authorization]),
    [
      ['k', 'Bearer t'],
      [undefined, undefined],
    ],
  );
});

test('a whole document is one item, and text tells that it changed', async () => {
  await using api = await startReceiver();
  await using rig = askingRig(makePollKind);
  const input = { url: api.url, jitterSeconds: 0 };
  api.answer(json({ version: 1 }), json({ version: 2 }));
  const first = rig.start(input);
  await rig.round();
  await first.stop();
  assert.deepEqual(rig.news()[0]?.diff, [{ op: 'replace', path: '/version', value: 2 }]);
  rig.cursor = null;
  api.answer({ body: 'one' }, { body: 'one' }, { body: 'two' });
  rig.start(input);
  await rig.round();
  await rig.round();
  assert.equal(rig.stored.at(-1)?.type, 'poll.changed');
  assert.deepEqual(rig.news(), [{ change: 'changed', id: null, before: 'one', after: 'two', diff: null }]);
});

test('trouble is told, tried again with growing pauses, and over when it is over', async () => {
  await using api = await startReceiver();
  await using rig = askingRig(makePollKind);
  api.answer(json({ data: [] }), 500, { headers: { 'content-type': 'application/json' }, body: '{"data":[' });
  rig.start(settingsOf(api));
  await rig.round();
  const failedAt = rig.clock.now();
  assert.match(String(rig.health.at(-1)), /failing,127\.0\.0\.1:\d+ answered 500/);
  await rig.round();
  assert.equal(rig.clock.now() - failedAt, 10_000);
  assert.match(String(rig.health.at(-1)), /says to be JSON and cannot be read/);
  await rig.round();
  assert.equal(rig.clock.now() - failedAt, 30_000);
  api.answer(json({ data: [order(1, 'a')] }));
  await rig.round();
  assert.deepEqual([rig.health.at(-1), rig.news().length], [['running', null], 1]);
  assert.deepEqual(rig.bugs, []);
});

test('Retry-After is honoured, and wrong credentials are told plainly and not tried often', async () => {
  await using api = await startReceiver();
  await using rig = askingRig(makePollKind);
  api.answer({ status: 429, headers: { 'retry-after': '7200' } }, 401, json({ data: [] }));
  rig.start(settingsOf(api));
  await rig.asleep();
  assert.match(String(rig.health.at(-1)), /answered 429 and asks to wait 7200 s/);
  const start = rig.clock.now();
  await rig.round();
  assert.equal(rig.clock.now() - start, 7_200_000);
  assert.match(String(rig.health.at(-1)), /answered 401: check the credentials/);
  await rig.round();
  assert.equal(rig.clock.now() - start, 7_500_000);
  assert.deepEqual(rig.health.at(-1), ['running', null]);
});

test('answers that cannot be compared say what to set', async () => {
  await using api = await startReceiver();
  const detailFor = async (answer: ScriptedAnswer, more = {}): Promise<string> => {
    await using rig = askingRig(makePollKind);
    api.answer(answer);
    rig.start(settingsOf(api, more));
    await rig.asleep();
    assert.deepEqual(rig.bugs, []);
    return String(rig.health.at(-1));
  };
  const deep = `{"data":[${'['.repeat(300)}${']'.repeat(300)}]}`;
  assert.match(await detailFor(json({ data: {} })), /no list at "\/data".*`items`/);
  assert.match(await detailFor({ body: '<html>' }), /not JSON/);
  assert.match(await detailFor(json({ data: [{ key: 1 }] })), /Item 0.*no usable id at "id".*`idKey`/);
  assert.match(
    await detailFor({ ...(json({}) as object), body: `{"data":[{"id":1,"a":${deep}}]}` }),
    /nests deeper/,
  );
  assert.match(await detailFor({ body: `"${'x'.repeat(9_000_000)}"` }), /larger than 8388608 bytes/);
  assert.match(
    await detailFor(json({ data: Array.from({ length: 10_001 }, (_, id) => ({ id })) })),
    /more than 10000 items/,
  );
  assert.match(await detailFor({ hang: true }, { timeoutSeconds: 1 }), /did not answer within 1 s/);
});

test('a store that is away loses nothing, and what the source never takes is left out', async () => {
  await using api = await startReceiver();
  await using rig = askingRig(makePollKind);
  const stores = rig.answer;
  rig.answer = storeIsAway;
  api.answer(json({ data: [order(1, 'a'), order(2, 'a')] }));
  rig.start(settingsOf(api, { firstRun: 'emit' }));
  await rig.asleep();
  assert.deepEqual([rig.health.at(-1)?.[0], rig.cursor], ['failing', null]);
  rig.answer = (item) => (item.orderingKey === '1' ? refuse(false)() : stores(item));
  await rig.round();
  assert.match(String(rig.health.at(-1)), /does not take events now/);
  rig.answer = (item) => (item.orderingKey === '1' ? refuse(true)() : stores(item));
  await rig.round();
  assert.deepEqual([rig.health.at(-1)?.[0], rig.news().length], ['running', 1]);
  assert.match(String(rig.health.at(-1)?.[1]), /left out/);
});

test('a token of OAuth2 is fetched once, and again when it was refused', async () => {
  await using api = await startReceiver();
  await using tokens = await startReceiver();
  await using rig = askingRig(makePollKind);
  let issued = 0;
  tokens.answer(() => json({ access_token: `t${++issued}`, expires_in: 3600 }));
  const auth = { type: 'oauth2', tokenUrl: tokens.url, clientId: 'me', clientSecret: 's&', scope: 'read' };
  api.answer(json({ data: [] }), json({ data: [] }), 401, json({ data: [] }));
  rig.start(settingsOf(api, { auth }));
  for (let i = 0; i < 3; i++) await rig.round();
  assert.deepEqual(
    api.requests.map(({ headers }) => headers.authorization),
    ['Bearer t1', 'Bearer t1', 'Bearer t1', 'Bearer t2'],
  );
  const [asked] = tokens.requests;
  assert.equal(asked?.body.toString(), 'grant_type=client_credentials&scope=read');
  assert.equal(asked?.headers.authorization, `Basic ${Buffer.from('me:s%26').toString('base64')}`);
  tokens.answer(400);
  api.answer(401);
  await rig.round();
  await rig.round();
  assert.match(String(rig.health.at(-1)), /No OAuth2 token: the token endpoint answered 400/);
});

test('stop does not wait for an answer that does not come, nor for a sleep', async () => {
  await using api = await startReceiver();
  await using rig = askingRig(makePollKind);
  api.answer({ hang: true });
  const running = rig.start(settingsOf(api));
  await api.waitFor(1);
  await running.stop();
  assert.deepEqual([rig.clock.armed, rig.health], [0, []]);
});
