import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';
import { startReceiver, type TestReceiver } from '../../../../test/support/receiver.ts';
import { makeFlow, makeSource, type TestSource } from '../../../../test/support/source.ts';

let posthorn: TestPosthorn;
let receiver: TestReceiver;
before(async () => {
  posthorn = await startPosthorn();
});
after(() => posthorn.stop());
afterEach(() => receiver.stop());

const SINCE = new Date(Date.now() - 3_600_000).toISOString();
const DEADLINE_MS = 20_000;

async function setUp(
  given: Readonly<Record<string, unknown>> = {},
  flow: Readonly<Record<string, unknown>> = {},
): Promise<{ source: TestSource; destination: string; flow: string }> {
  receiver = await startReceiver();
  const source = await makeSource(posthorn, { type: '"n." + string(body.n)', ...given });
  const made = await makeFlow(posthorn, `${receiver.url}/hook`, {
    destination: { ordering: { scope: 'endpoint' } },
    flow: { sources: [source.id], ...flow },
  });
  return { source, ...made };
}

const send = async (source: TestSource, n: number): Promise<string> =>
  (await source.send({ headers: [['Content-Type', 'application/json']], body: JSON.stringify({ n }) })).json
    .id;
const numbers = () => receiver.requests.map(({ body }) => JSON.parse(body.toString()).n as number);
/** Until so many calls have come, and what they answered is recorded: what is under way is not queued twice. */
async function delivered(count: number): Promise<void> {
  await receiver.waitFor(count, DEADLINE_MS);
  for (const deadline = Date.now() + DEADLINE_MS; Date.now() < deadline; ) {
    const { json } = await posthorn.call('GET', '/api/v1/delivery?status=queued,waiting');
    if (json.data.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('Deliveries are still under way.');
}
const post = (path: string, body?: unknown) =>
  posthorn.call('POST', `/api/v1${path}`, body === undefined ? {} : { body });

async function ended(id: string, of = posthorn) {
  for (const deadline = Date.now() + DEADLINE_MS; Date.now() < deadline; ) {
    const { json } = await of.call('GET', `/api/v1/background-task/${id}`);
    if (json.status !== 'running') return json;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`The task ${id} did not end.`);
}

test('an event is delivered again along the flows as they are now', async () => {
  const { source, destination, flow } = await setUp();
  const id = await send(source, 1);
  await delivered(1);
  const answer = await post(`/event/${id}/replay`);
  assert.deepEqual([answer.status, answer.json], [202, { event: id, destinations: [destination] }]);
  await receiver.waitFor(2);
  assert.deepEqual(numbers(), [1, 1]);
  await posthorn.call('PATCH', `/api/v1/flow/${flow}`, { body: { when: 'body.n > 5' } });
  assert.deepEqual((await post(`/event/${id}/replay`)).json.destinations, []);
  const six = await send(source, 6);
  assert.deepEqual((await post(`/event/${six}/replay`)).json.destinations, [destination]);
});

test('an event is delivered to one destination, whatever the flows say', async () => {
  const { source } = await setUp({}, { eventTypes: ['other'] });
  const elsewhere = await posthorn.call('POST', '/api/v1/destination', {
    body: { url: `${receiver.url}/elsewhere`, uid: 'elsewhere' },
  });
  const id = await send(source, 1);
  const answer = await post(`/event/${id}/replay`, { destination: 'elsewhere' });
  assert.deepEqual(answer.json.destinations, [elsewhere.json.id]);
  const [request] = await receiver.waitFor(1);
  assert.equal(request!.url, '/elsewhere');
  assert.equal((await post(`/event/${id}/replay`, { destination: 'nowhere' })).status, 404);
  const { data } = (await posthorn.call('GET', '/api/v1/audit')).json;
  const line = data.find(({ action }: { action: string }) => action === 'event.replay');
  assert.equal(line.subject, `${id} to ${elsewhere.json.id}`);
});

test('what matches of a range of time is delivered again, oldest first and no faster than asked', async () => {
  const { source, destination } = await setUp();
  for (let n = 1; n <= 8; n++) await send(source, n);
  await delivered(8);
  const startedAt = Date.now();
  const answer = await post('/event/replay', {
    filter: { source: [source.id], where: ['body.n>2'] },
    ...{ since: SINCE, destination, ratePerSecond: 20, limit: 5 },
  });
  assert.deepEqual([answer.status, answer.json.task], [202, 'event.replay']);
  const task = await ended(answer.json.id);
  await delivered(13);
  assert.deepEqual([task.status, task.progress.done, task.data], ['finished', 5, { deliveriesQueued: 5 }]);
  assert.deepEqual(numbers().slice(8), [3, 4, 5, 6, 7]);
  const slow = await post('/event/replay', {
    filter: { source: [source.id] },
    ...{ since: SINCE, ratePerSecond: 10, limit: 8 },
  });
  await ended(slow.json.id);
  // 5 in a quarter of a second and 8 at 10 a second, in pieces whose last one nobody waits for.
  assert.ok(Date.now() - startedAt >= 500, `${Date.now() - startedAt} ms`);
});

test('the same replay is refused while it runs, and a canceled one stops', async () => {
  const { source } = await setUp();
  for (let n = 1; n <= 5; n++) await send(source, n);
  await delivered(5);
  const body = { filter: { source: [source.id] }, since: SINCE, ratePerSecond: 1 };
  // Pressed several times at once.
  const presses = await Promise.all(Array.from({ length: 6 }, () => post('/event/replay', body)));
  const [first, ...more] = presses.filter(({ status }) => status === 202);
  assert.deepEqual([first?.status, more.length], [202, 0]);
  const second = await post('/event/replay', body);
  assert.deepEqual([second.status, second.json.code], [409, 'conflict']);
  await receiver.waitFor(6);
  const canceled = await post(`/background-task/${first?.json.id}/cancel`);
  assert.equal(canceled.status, 200, canceled.text);
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  assert.ok(receiver.requests.length <= 7, `${receiver.requests.length}`);
  for (let times = 0; times < 2; times++) {
    const again = await post('/event/replay', { ...body, ratePerSecond: 1000 });
    assert.equal(again.status, 202, again.text);
    await ended(again.json.id);
  }
  assert.equal((await post('/event/replay', body)).status, 202);
});

test('a slow replay leaves its place to other tasks between its steps', async () => {
  const { source } = await setUp();
  for (let n = 1; n <= 3; n++) await send(source, n);
  const slow = [];
  for (const limit of [2, 3, 4])
    slow.push(
      await post('/event/replay', {
        filter: { source: [source.id] },
        since: SINCE,
        ratePerSecond: 0.1,
        limit,
      }),
    );
  const quick = await post('/event/replay', { filter: { source: [source.id], type: ['n.1'] }, since: SINCE });
  assert.equal((await ended(quick.json.id)).status, 'finished');
  for (const { json } of slow) await post(`/background-task/${json.id}/cancel`);
});

test('a replay goes on after a restart from where it was', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'posthorn-replay-'));
  const path = join(folder, 'store.db');
  receiver = await startReceiver();
  try {
    const first = await startPosthorn({ path });
    const source = await makeSource(first);
    for (let n = 1; n <= 12; n++) await send(source, n);
    await makeFlow(first, receiver.url, { destination: { ordering: { scope: 'endpoint' } } });
    const body = { since: SINCE, ratePerSecond: 12 };
    const { json } = await first.call('POST', '/api/v1/event/replay', { body });
    await receiver.waitFor(6);
    await first.stop();
    assert.equal(receiver.requests.length, 6);
    await using second = await startPosthorn({ path });
    await receiver.waitFor(12);
    assert.deepEqual(
      numbers(),
      Array.from({ length: 12 }, (_, i) => i + 1),
    );
    assert.equal((await ended(json.id, second)).progress.done, 12);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a range that is turned round, and a filter that cannot be read, are refused', async () => {
  await setUp();
  const future = new Date(Date.now() + 60_000).toISOString();
  assert.equal((await post('/event/replay', { since: future })).json.errors[0].pointer, '#/since');
  const wrong = await post('/event/replay', { since: SINCE, filter: { where: ['n=1'] } });
  assert.equal(wrong.json.errors[0].pointer, '#/filter/where/0');
});

test('what a source kept while it was paused is delivered in order when it goes on, and nothing twice', async () => {
  const { source, destination } = await setUp();
  await send(source, 1);
  await receiver.waitFor(1);
  assert.equal((await post(`/source/${source.id}/pause`)).status, 200);
  const kept = [];
  for (let n = 2; n <= 30; n++) kept.push(await send(source, n));
  // One of them was delivered by hand already.
  await post(`/event/${kept[0]}/replay`, { destination });
  await receiver.waitFor(2);
  const answer = await post(`/source/${source.id}/resume`);
  assert.deepEqual([answer.status, answer.json.task], [202, 'source.resume']);
  assert.equal((await posthorn.call('GET', `/api/v1/source/${source.id}`)).json.pausedAt, null);
  const task = await ended(answer.json.id);
  await receiver.waitFor(30);
  assert.deepEqual(
    numbers(),
    Array.from({ length: 30 }, (_, i) => i + 1),
  );
  assert.equal(task.data.deliveriesQueued, 28);
  await send(source, 31);
  await receiver.waitFor(31);
  assert.equal((await post(`/source/${source.id}/resume`)).status, 409);
  const { data } = (await posthorn.call('GET', '/api/v1/audit')).json;
  assert.ok(
    data.some(
      ({ action, subject }: Record<string, string>) => action === 'source.resume' && subject === source.id,
    ),
  );
});
