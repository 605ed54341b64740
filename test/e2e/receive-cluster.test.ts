/** Receiving over several nodes on one PostgreSQL: what one of them knows, takes or was doing when it died. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, it, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startReceiver, type TestReceiver } from '../support/receiver.ts';
import {
  type AnsweredCall,
  booksOf,
  CALLED_SOURCE,
  type Callers,
  call,
  NOTHING_WRONG,
  startCallers,
} from './callers.ts';
import { startCluster, type TestCluster, until } from './cluster.ts';
import { EventTail } from './event-tail.ts';
import { type GrowingList, startGrowingList } from './growing-list.ts';

let cluster: TestCluster;
before(async () => {
  cluster = await startCluster();
  await cluster.settled();
});
after(() => cluster?.[Symbol.asyncDispose]());

const WITHIN_MS = 30_000;
const NODES = [0, 1, 2] as const;
/** A node that runs, for questions that any of them can answer. */
let running = 0;

interface Made {
  readonly id: string;
}
interface Source extends Made {
  readonly url: string;
}
interface Story extends Made {
  readonly deliveries: readonly { readonly state: string }[];
}
interface Event extends Made {
  readonly receivedAt: string;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of every shape.
  readonly body: any;
}

const makeSource = (given: object = CALLED_SOURCE, node = 0): Promise<Source> =>
  cluster.ok<Source>(node, 'POST', '/api/v1/source', { name: 'a source', ...given });

/** A destination here, and a flow to it from this source. */
async function makeFlow(source: Made, url: string, given: object = {}): Promise<Made> {
  const { id } = await cluster.ok<Made>(0, 'POST', '/api/v1/destination', { url, ...given });
  return cluster.ok<Made>(0, 'POST', '/api/v1/flow', { name: 'f', sources: [source.id], destinations: [id] });
}

/** The source's URL at a node. */
const at = (node: number, { url }: Source): string => cluster.nodes[node]!.url + new URL(url).pathname;
const atAll = (source: Source): string[] => NODES.map((node) => at(node, source));

const deliveriesOf = async (id: string): Promise<number> =>
  (await cluster.ok<Story>(running, 'GET', `/api/v1/event/${id}`)).deliveries.length;

let calls = 0;
/** A call to a node that is taken; the event's id. */
async function take(node: number, source: Source): Promise<string> {
  const { status, id } = await call(at(node, source), `{"key": "k", "n": 0, "once": "one ${++calls}"}`);
  assert.equal(status, 202);
  return id;
}

/** All events of a source, in order of acceptance, as a node tells them. */
async function eventsOf({ id }: Made, node = running): Promise<Event[]> {
  const events: Event[] = [];
  for (let iterator = ''; ; ) {
    const path = `/api/v1/event?source=${id}&order=ascending&limit=250${iterator}`;
    const page = await cluster.ok<{ data: Event[]; iterator: string | null; done: boolean }>(
      node,
      'GET',
      path,
    );
    events.push(...page.data);
    if (page.done) return events;
    iterator = `&iterator=${page.iterator}`;
  }
}

describe('while all nodes run', { concurrency: true }, () => {
  it('what is changed on one node holds for calls of another right after', async () => {
    await using receiver = await startReceiver();
    for (let round = 0; round < 6; round++) {
      const [here, there] = [round % 3, (round + 1) % 3];
      const source = await makeSource(CALLED_SOURCE, here);
      const path = `/api/v1/source/${source.id}`;
      const flow = `/api/v1/flow/${(await makeFlow(source, receiver.url)).id}`;
      const expect = async (deliveries: number, when: string): Promise<void> => {
        const ids = await Promise.all(NODES.map((node) => take((there + node) % 3, source)));
        assert.deepEqual(
          await Promise.all(ids.map(deliveriesOf)),
          ids.map(() => deliveries),
          when,
        );
      };
      await expect(1, 'made');
      await cluster.ok(here, 'POST', `${path}/pause`);
      await expect(0, 'paused');
      await cluster.ok(there, 'PATCH', flow, { disabled: true });
      await cluster.ok(here, 'POST', `${path}/resume`);
      await expect(0, 'the flow disabled');
      await cluster.ok(here, 'PATCH', flow, { disabled: false });
      await expect(1, 'the flow enabled');
      await cluster.ok(here, 'DELETE', path);
      for (const url of atAll(source)) assert.equal((await call(url, `{"once": "${++calls}"}`)).status, 404);
    }
  });

  it('a secret that was removed is refused everywhere within a second', async (t) => {
    const source = await makeSource();
    await Promise.all(NODES.map((node) => take(node, source)));
    await cluster.ok(0, 'PATCH', `/api/v1/source/${source.id}`, { secrets: ['another'] });
    const removedAt = Date.now();
    const body = '{"once": "too late"}';
    for (const url of atAll(source))
      await until('it is refused', async () => (await call(url, body)).status === 401, 1_000);
    t.diagnostic(`refused everywhere after ${Date.now() - removedAt} ms`);
    for (const url of atAll(source)) assert.equal((await call(url, body, 'another')).status, 202);
  });

  it('one key sent to all nodes at once is one event, which every answer names', async () => {
    await using receiver = await startReceiver();
    const source = await makeSource();
    await makeFlow(source, receiver.url);
    const KEYS = 100;
    for (let key = 0; key < KEYS; key++) {
      const body = `{"key": "k", "n": ${key}, "once": "same ${key}"}`;
      const answers = await Promise.all(atAll(source).map((url) => call(url, body)));
      assert.deepEqual(
        answers.map(({ status }) => status),
        [202, 202, 202],
      );
      assert.equal(new Set(answers.map(({ id }) => id)).size, 1);
      assert.equal(answers.filter(({ isRepeated }) => isRepeated).length, 2);
    }
    assert.equal((await eventsOf(source)).length, KEYS);
    const heardAt = NODES.map(async (node) => {
      const path = `/api/v1/source/${source.id}/health`;
      return (await cluster.ok<{ lastEventAt: string | null }>(node, 'GET', path)).lastEventAt;
    });
    assert.ok(!(await Promise.all(heardAt)).includes(null), 'each node knows when it was last heard');
    await receiver.waitFor(KEYS);
    assert.equal(receiver.requests.length, KEYS);
  });

  it('a signed call that another node took is a replay', async () => {
    const source = await makeSource({ provider: 'stripe', secrets: ['whsec_of_tests'] });
    const seconds = Math.floor(Date.now() / 1000);
    const body = '{"type": "charge.paid"}';
    const digest = createHmac('sha256', 'whsec_of_tests').update(`${seconds}.${body}`).digest('hex');
    const headers = { 'stripe-signature': `t=${seconds},v1=${digest}`, 'content-type': 'application/json' };
    const told: unknown[] = [];
    for (const url of atAll(source)) {
      const response = await fetch(url, { method: 'POST', headers, body });
      const isReplay = response.headers.has('posthorn-duplicate');
      told.push([response.ok, isReplay, response.headers.get('posthorn-event-id')]);
    }
    const [{ id }] = (await eventsOf(source)) as [Event];
    assert.deepEqual(told, [
      [true, false, id],
      [true, true, id],
      [true, true, id],
    ]);
  });

  it('a pause under load keeps what comes, and its end delivers all of it once', async (t) => {
    await using receiver = await startReceiver();
    const source = await makeSource();
    await makeFlow(source, receiver.url);
    await using callers = startCallers({ urls: atAll(source), callers: 6, pauseMs: 10 });
    const some = (count: number) =>
      until(`${count} more calls`, () => callers.answered.length >= from + count);
    let from = 0;
    for (const node of NODES) {
      from = callers.answered.length;
      await some(30);
      await cluster.ok(node, 'POST', `/api/v1/source/${source.id}/pause`);
      await some(60);
      await cluster.ok((node + 1) % 3, 'POST', `/api/v1/source/${source.id}/resume`);
    }
    await callers.stop();
    const { answered } = callers;
    await until('all is delivered', () => booksOf(answered, receiver.requests).lost.length === 0);
    await until('the tasks are done', async () => {
      const path = '/api/v1/background-task?status=running';
      return (await cluster.ok<{ data: unknown[] }>(0, 'GET', path)).data.length === 0;
    });
    const { outOfOrder: _, ...books } = booksOf(answered, receiver.requests);
    t.diagnostic(`${answered.length} answered over three pauses`);
    assert.deepEqual(books, { lost: [], changed: [], twofold: [], repeated: 0 });
  });

  it('silence is told once, and not while events come to other nodes than the one that watches', async (t) => {
    await using receiver = await startReceiver();
    const source = await makeSource({ expectEverySeconds: 2 });
    await cluster.ok(0, 'POST', '/api/v1/operational-webhook/endpoint', {
      url: receiver.url,
      eventTypes: ['source.silent', 'source.recovered'],
    });
    const told = (): unknown[] =>
      receiver.requests.map(({ body }) => JSON.parse(body.toString()).type as string);
    const watcher = await cluster.holderOf(source.id);
    const others = NODES.filter((node) => node !== watcher);
    const send = async (n: number): Promise<void> => {
      const response = await fetch(at(others[n % 2]!, source), { method: 'POST', body: `${n}` });
      assert.equal(response.status, 202);
    };
    for (let n = 0; n < 16; n++) {
      await send(n);
      await sleep(300);
      assert.deepEqual(told(), []);
    }
    const stoppedAt = Date.now();
    await receiver.waitFor(1, WITHIN_MS);
    t.diagnostic(`told ${Date.now() - stoppedAt} ms after the last event`);
    // Its watcher looks every two seconds.
    await sleep(2_500);
    assert.deepEqual(told(), ['source.silent']);
    await send(0);
    const backAt = Date.now();
    await receiver.waitFor(2, WITHIN_MS);
    t.diagnostic(`its end was told after ${Date.now() - backAt} ms`);
    assert.deepEqual(told().slice(0, 2), ['source.silent', 'source.recovered']);
  });
});

/** A source that this node runs. */
async function sourceOn(node: number, given: object): Promise<Source> {
  for (;;) {
    const source = await makeSource(given);
    if ((await cluster.holderOf(source.id)) === node) return source;
    await cluster.ok(0, 'DELETE', `/api/v1/source/${source.id}`);
  }
}

const everySecond = { kind: 'schedule', input: { everySeconds: 1, missed: 'all' } };
const everyFive = (url: string): object => ({
  kind: 'poll',
  input: { url, everySeconds: 5, jitterSeconds: 0, items: '', firstRun: 'emit' },
});

/** Since a source's last event. */
const fired = async (source: Made): Promise<number> => (await eventsOf(source)).length;

/** Each second from the first to the last has fired, and once. */
function assertEverySecond(events: readonly Event[]): void {
  const seconds = events.map(({ body }) => Date.parse(body.scheduledAt)).sort((a, b) => a - b);
  assert.deepEqual(
    seconds,
    seconds.map((_, n) => seconds[0]! + n * 1_000),
  );
}

/** Each item was told once, until the list ends. */
async function assertAllItemsOnce(source: Made, list: GrowingList): Promise<void> {
  list.stopGrowing();
  const told = async (): Promise<number[]> =>
    (await eventsOf(source)).map(({ body }) => Number(body.id)).sort((a, b) => a - b);
  await until('the whole list is told', async () => (await told()).includes(list.length));
  assert.deepEqual(
    await told(),
    Array.from({ length: list.length }, (_, n) => n + 1),
  );
}

interface Called extends AsyncDisposable {
  readonly source: Source;
  readonly receiver: TestReceiver;
  readonly callers: Callers;
  readonly tail: EventTail;
}

/** A source that is called at every node, delivered in order, and followed at this node. */
async function startCalled(node: number): Promise<Called> {
  const receiver = await startReceiver();
  const source = await makeSource();
  await makeFlow(source, receiver.url, { ordering: { scope: 'key' } });
  const tail = new EventTail(`source=${source.id}`, cluster.token);
  await tail.open(cluster.nodes[node]!.url);
  const callers = startCallers({ urls: atAll(source), callers: 6, pauseMs: 40 });
  return {
    ...{ source, receiver, callers, tail },
    async [Symbol.asyncDispose]() {
      await Promise.all([callers.stop(), tail.close()]);
      await receiver.stop();
    },
  };
}

/** Ends the calls; a sentence of how it went. */
async function assertNothingWrong({ source, receiver, callers, tail }: Called): Promise<string> {
  await callers.stop();
  const { answered } = callers;
  await until('all is delivered', () => booksOf(answered, receiver.requests).lost.length === 0);
  const { repeated, ...wrong } = booksOf(answered, receiver.requests);
  assert.deepEqual(wrong, NOTHING_WRONG);
  const accepted = (await eventsOf(source)).map(({ id }) => id);
  await until('the tail has all', () => tail.seen.length >= accepted.length);
  assert.deepEqual(tail.seen, accepted, 'in order of acceptance, no gap, none twice');
  return `${answered.length} calls answered, ${repeated} deliveries repeated`;
}

test('what a killed node ran, indexed and showed goes on at another: nothing lost, nothing twice', async (t) => {
  const [{ name }] = (await cluster.query<{ name: string }>(
    'SELECT name FROM shard JOIN node USING (epoch) WHERE no = 0',
  )) as [{ name: string }];
  const victim = Number(name.slice('node-'.length));
  const others = NODES.filter((node) => node !== victim);
  running = others[0]!;
  await using list = await startGrowingList(200);
  const clock = await sourceOn(victim, everySecond);
  const poll = await sourceOn(victim, everyFive(list.url));
  await using called = await startCalled(victim);
  const { source, tail } = called;
  await until('all are at work', async () => {
    const [runs, items] = await Promise.all([fired(clock), fired(poll)]);
    return runs > 1 && items > 0 && tail.seen.length > 20;
  });

  const before = { runs: await fired(clock), asked: list.asked };
  await cluster.nodes[victim]!.end('SIGKILL');
  const killedAt = Date.now();
  const since = (): string => `${((Date.now() - killedAt) / 1000).toFixed(1)} s`;
  await tail.open(cluster.nodes[running]!.url);
  await Promise.all([
    until('the poll goes on', () => list.asked > before.asked, 12_000).then(() =>
      t.diagnostic(`the poll went on after ${since()}`),
    ),
    until('the clock goes on', async () => (await fired(clock)) > before.runs, 12_000).then(() =>
      t.diagnostic(`the clock went on after ${since()}`),
    ),
  ]);
  t.diagnostic(await assertNothingWrong(called));
  await assertAllItemsOnce(poll, list);
  assertEverySecond(await eventsOf(clock));
  const { answered } = called.callers;
  await assertFound(others, source, answered.at(-1)!);
  await until('all is indexed', isIndexed, 10_000);
  await assertFound(others, source, answered.at(-1)!);
  await assertFound(others, source, answered[0]!);

  await cluster.nodes[victim]!.start();
  await cluster.settled();
  await until('the clock goes on', async () => (await fired(clock)) > before.runs + 8);
  assertEverySecond(await eventsOf(clock, victim));
});

async function assertFound(nodes: readonly number[], source: Made, call: AnsweredCall): Promise<void> {
  const where = encodeURIComponent(`body.once="${call.once}"`);
  for (const node of nodes) {
    const path = `/api/v1/event?source=${source.id}&where=${where}`;
    const { data } = await cluster.ok<{ data: Event[] }>(node, 'GET', path);
    assert.deepEqual(
      data.map(({ id }) => id),
      [call.id],
    );
  }
}

async function isIndexed(): Promise<boolean> {
  const [row] = await cluster.query<{ behind: number }>(
    `SELECT count(*)::int AS behind FROM event e JOIN scope s ON s.no = e.scope_no
     LEFT JOIN search_cursor c ON c.scope_no = s.no
     WHERE s.application_id = 'received' AND e.seq > coalesce(c.seq, 0)`,
  );
  return row!.behind === 0;
}

test('a node that was paused past its lease brings nothing twice when it goes on', async (t) => {
  const paused = 1;
  running = 0;
  await using list = await startGrowingList(200);
  const clock = await sourceOn(paused, everySecond);
  const poll = await sourceOn(paused, everyFive(list.url));
  await using called = await startCalled(running);
  await until('both are at work', async () => (await fired(clock)) > 1 && (await fired(poll)) > 0);
  const { asked } = list;
  const node = cluster.nodes[paused]!;
  node.pause();
  try {
    const pausedAt = Date.now();
    // The second round of its successor is the first that the paused one cannot tell from its own next.
    await until('another polls', () => list.asked >= asked + 2, 20_000);
    t.diagnostic(`another polled twice within ${((Date.now() - pausedAt) / 1000).toFixed(1)} s`);
  } finally {
    node.resume();
  }
  const polls = list.asked;
  await until('it has lost its shards', () => node.log.includes('cluster.lost'));
  await until('a poll more', () => list.asked > polls + 1);
  t.diagnostic(await assertNothingWrong(called));
  await assertAllItemsOnce(poll, list);
  assertEverySecond(await eventsOf(clock));
  await cluster.settled();
});
