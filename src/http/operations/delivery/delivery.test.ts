import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';
import { startReceiver, type TestReceiver } from '../../../../test/support/receiver.ts';
import { makeFlow, makeSource } from '../../../../test/support/source.ts';

let posthorn: TestPosthorn;
let receiver: TestReceiver;
/** Ids by what becomes of them. */
let good: { event: string; destination: string };
let bad: { event: string; destination: string };

before(async () => {
  posthorn = await startPosthorn();
  receiver = await startReceiver();
  receiver.answer(({ url }) => (url.startsWith('/bad') ? 500 : 200));
  const made = async (path: string, uid: string) => {
    const source = await makeSource(posthorn, { answer: { kind: 'poll' } });
    const { destination } = await makeFlow(posthorn, receiver.url + path, {
      destination: { uid },
      flow: { sources: [source.id] },
    });
    const answer = await source.send({ body: '{}' });
    return { destination, event: answer.json.id as string, source };
  };
  good = await made('/good', 'good');
  bad = await made('/bad', 'bad');
  for (const deadline = Date.now() + 10_000; ; ) {
    const { data } = await list('');
    const states = data.map(({ state }: { state: string }) => state);
    if (states.includes('failed') && states.includes('delivered')) break;
    assert.ok(Date.now() < deadline, states.join());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});
after(async () => {
  await posthorn.stop();
  await receiver.stop();
});

const list = async (query: string) => (await posthorn.call('GET', `/api/v1/delivery${query}`)).json;
const pairs = async (query: string) =>
  (await list(query)).data.map(({ event, destination }: Record<string, string>) => ({ event, destination }));
const pair = ({ event, destination }: typeof good) => ({ event, destination });

test('deliveries are listed with their state and the attempt that decides', async () => {
  const { data, done } = await list('');
  assert.equal(done, true);
  assert.deepEqual(
    data.map((row: Record<string, unknown>) => [row.event, row.destination, row.state, row.attempts]),
    [
      [bad.event, bad.destination, 'failed', 3],
      [good.event, good.destination, 'delivered', 1],
    ],
  );
  assert.deepEqual([data[0].lastAttempt.statusCode, data[0].lastAttempt.outcome], [500, 'answered']);
  assert.match(data[0].source, /^src_/);
});

test('deliveries are narrowed by destination, event, state and time', async () => {
  const past = new Date(Date.now() - 600_000).toISOString();
  for (const [query, expected] of [
    ['?destination=good', [pair(good)]],
    [`?destination=${bad.destination}`, [pair(bad)]],
    [`?event=${good.event}`, [pair(good)]],
    ['?status=failed', [pair(bad)]],
    ['?status=failed,delivered', [pair(bad), pair(good)]],
    ['?status=queued,waiting,canceled', []],
    [`?since=${past}`, [pair(bad), pair(good)]],
    [`?until=${past}`, []],
  ] as const)
    assert.deepEqual(await pairs(query), expected, query);
});

test('pages of deliveries go on where they ended', async () => {
  const first = await list('?limit=1');
  assert.equal(first.done, false);
  assert.deepEqual(await pairs(`?limit=1&iterator=${first.iterator}`), [pair(good)]);
});

test('a delivery is tried once more by hand', async () => {
  const before = receiver.requests.length;
  const answer = await posthorn.call('POST', `/api/v1/delivery/${good.event}/good/resend`);
  assert.equal(answer.status, 202);
  await receiver.waitFor(before + 1);
  for (const path of [`${good.event}/nowhere`, 'evt_1srOrx2ZWZBpBUvZwXKQmoEYga2/good'])
    assert.equal((await posthorn.call('POST', `/api/v1/delivery/${path}/resend`)).status, 404);
});

test('another organization sees no delivery', async () => {
  const token = await posthorn.tokenOf('org_cyd');
  const { json } = await posthorn.call('GET', '/api/v1/delivery', { token });
  assert.deepEqual(json.data, []);
});

test('whoever sends to a source that answers `poll` can ask what became of it, and of nothing else', async () => {
  const source = await makeSource(posthorn, { answer: { kind: 'poll' } });
  const sent = await source.send({ body: '{}' });
  const { location } = sent.headers;
  assert.equal(location, `http://posthorn.test${source.path}/events/${sent.json.id}`);
  const ask = (path: string) => posthorn.call('GET', path, { token: null });
  const stored = await ask(`${source.path}/events/${sent.json.id}`);
  assert.deepEqual(
    [stored.status, stored.json],
    [200, { id: sent.json.id, state: 'stored', deliveries: [] }],
  );
  const foreign = await ask(`${source.path}/events/${good.event}`);
  assert.deepEqual([foreign.status, foreign.json.code], [404, 'not_found']);
  const { path } = (good as unknown as { source: { path: string } }).source;
  assert.deepEqual((await ask(`${path}/events/${good.event}`)).json, {
    ...{ id: good.event, state: 'delivered' },
    deliveries: [{ destination: good.destination, state: 'delivered' }],
  });
  const other = (bad as unknown as { source: { path: string } }).source.path;
  assert.equal((await ask(`${other}/events/${bad.event}`)).json.state, 'failed');
});

test('a source that answers otherwise takes such a call as an event', async () => {
  const source = await makeSource(posthorn);
  const { json } = await source.send({ body: '{}' });
  const answer = await posthorn.call('GET', `${source.path}/events/${json.id}`, { token: null });
  assert.equal(answer.status, 202);
  assert.notEqual(answer.json.id, json.id);
});
