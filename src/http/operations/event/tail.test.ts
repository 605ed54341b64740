import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createParser } from 'eventsource-parser';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';
import { makeSource, type TestSource } from '../../../../test/support/source.ts';
import type { Clock } from '../../../ports/clock.ts';

interface Told {
  readonly id: string | undefined;
  readonly event: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape.
  readonly data: any;
}

interface Tail {
  readonly status: number;
  readonly told: Told[];
  readonly comments: string[];
  /** Until so many events were told, beside cursors. */
  until(count: number): Promise<Told[]>;
  /** Until something holds. */
  holds(what: () => boolean): Promise<void>;
  readonly ended: Promise<void>;
  stop(): void;
}

const DEADLINE_MS = 5_000;

async function tail(of: TestPosthorn, query = '', headers: Record<string, string> = {}): Promise<Tail> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(
      `${of.url}/api/v1/event/tail${query}`,
      { headers: { authorization: `Bearer ${of.token}`, ...headers }, agent: false },
      resolve,
    ).on('error', reject);
  });
  const told: Told[] = [];
  const comments: string[] = [];
  const parser = createParser({
    onEvent: ({ id, event, data }) => told.push({ id, event, data: JSON.parse(data) }),
    onComment: (comment) => comments.push(comment),
  });
  const read = async (): Promise<void> => {
    for await (const chunk of response.setEncoding('utf8')) parser.feed(chunk as string);
  };
  const ended = read().catch(() => {});
  const events = (): Told[] => told.filter(({ event }) => event === undefined);
  const holds = async (what: () => boolean): Promise<void> => {
    for (const deadline = Date.now() + DEADLINE_MS; !what(); ) {
      assert.ok(Date.now() < deadline, `only ${JSON.stringify(told).slice(0, 500)} came`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  return {
    ...{ status: response.statusCode!, told, comments, ended, holds },
    until: async (count) => {
      await holds(() => events().length >= count);
      return events();
    },
    stop: () => void response.destroy(),
  };
}

let posthorn: TestPosthorn;
let source: TestSource;
before(async () => {
  posthorn = await startPosthorn();
  source = await makeSource(posthorn, { type: '"n." + string(body.n)' });
});
after(() => posthorn.stop());

const send = (of: TestSource, n: number) =>
  of.send({ headers: [['Content-Type', 'application/json']], body: JSON.stringify({ n }) });
const numbers = (told: readonly Told[]) => told.map(({ data }) => data.body.n);

test('a tail tells what comes from now on, in order, as soon as it is stored', async () => {
  await send(source, 0);
  const live = await tail(posthorn);
  await live.holds(() => live.told.length === 1);
  for (let n = 1; n <= 5; n++) await send(source, n);
  const told = await live.until(5);
  assert.deepEqual(numbers(told), [1, 2, 3, 4, 5]);
  assert.equal(told[0]!.data.source, source.id);
  live.stop();
});

test('only what matches is told, and the cursor passes the rest', async () => {
  const other = await makeSource(posthorn, { name: 'other' });
  const live = await tail(
    posthorn,
    `?source=${source.id}&where=${encodeURIComponent('body.n>=10')}&type=n.*`,
  );
  await send(source, 1);
  await send(other, 10);
  await send(source, 11);
  assert.deepEqual(numbers(await live.until(1)), [11]);
  live.stop();
});

test('a tail without an end in sight can be asked to end when it has brought what is there', async () => {
  const from = (await once('')).told[0]!.id!;
  await send(source, 20);
  await send(source, 21);
  const brought = await once(`&after=${from}`);
  assert.deepEqual(numbers(brought.told.slice(1)), [20, 21]);
});

async function once(query: string): Promise<Tail> {
  const read = await tail(posthorn, `?follow=false${query}`);
  await read.ended;
  return read;
}

test('who comes back with the last id gets what came meanwhile, across a restart, and none of it twice', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'posthorn-tail-'));
  const path = join(folder, 'store.db');
  try {
    const first = await startPosthorn({ path });
    const kept = await makeSource(first);
    const live = await tail(first);
    await live.holds(() => live.told.length === 1);
    await send(kept, 1);
    await send(kept, 2);
    const told = await live.until(2);
    live.stop();
    await live.ended;
    await send(kept, 3);
    await first.stop();
    const second = await startPosthorn({ path });
    const again = await tail(second, '', { 'last-event-id': told[1]!.id! });
    const sent = await fetch(second.url + kept.path, { method: 'POST', body: '{"n":4}' });
    assert.equal(sent.status, 202);
    assert.deepEqual(numbers(await again.until(2)), [3, 4]);
    // Ends also what is being followed.
    await second.stop();
    await again.ended;
    assert.deepEqual(numbers(await again.until(2)), [3, 4]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('what an editor forwards has headers, order and bytes as they came', async () => {
  const live = await tail(posthorn, '?raw=true');
  const body = Buffer.from('{ "n":1.0,\t"x":"\\u00e4"}');
  const headers: [string, string][] = [
    ['X-Signature', 'v1=abc'],
    ['authorization', 'Basic secret'],
    ['X-Signature', 'v2=def'],
  ];
  await source.send({ method: 'PUT', path: '/a%20b?x=1&x=%32', headers, body });
  const [{ data }] = (await live.until(1)) as [Told];
  assert.deepEqual([data.raw.method, data.raw.path, data.raw.query], ['PUT', '/a%20b', 'x=1&x=%32']);
  assert.deepEqual(data.raw.headers.slice(1, 4), headers);
  assert.deepEqual(Buffer.from(data.raw.bodyBase64, 'base64'), body);
  assert.equal(data.headers.authorization, '••••••••');
  live.stop();
});

test('viewers see no credentials', async () => {
  const { json } = await posthorn.call('POST', '/api/v1/api-key', { body: { name: 'v', role: 'viewer' } });
  const raw = await posthorn.call('GET', '/api/v1/event/tail?raw=true', { token: json.key });
  assert.deepEqual([raw.status, raw.json.code], [403, 'insufficient access']);
  const plain = await posthorn.call('GET', '/api/v1/event/tail?follow=false', { token: json.key });
  assert.equal(plain.status, 200);
});

test('a cursor that is none is refused', async () => {
  const { status, json } = await posthorn.call('GET', '/api/v1/event/tail?after=yesterday!');
  assert.deepEqual([status, json.errors[0].pointer], [422, 'after']);
});

test('another organization’s events are not told', async () => {
  const token = await posthorn.tokenOf('org_cyd');
  const theirs = await tail(posthorn, '', { authorization: `Bearer ${token}` });
  await theirs.holds(() => theirs.told.length === 1);
  const ours = await tail(posthorn);
  await send(source, 30);
  await ours.until(1);
  const their = await posthorn.call('GET', '/api/v1/event/tail?follow=false&after=0', { token });
  assert.doesNotMatch(their.text, /evt_/);
  assert.equal(theirs.told.length, 1);
  theirs.stop();
  ours.stop();
});

test('a quiet tail beats every 15 seconds, says how far it has looked, and ends after 15 minutes', async () => {
  let ahead = 0;
  const clock: Clock = {
    now: () => Date.now() + ahead,
    after: (delayMs, fire) => {
      const timer = setTimeout(fire, Math.min(delayMs, 20)).unref();
      return () => clearTimeout(timer);
    },
  };
  await using quiet = await startPosthorn({ clock });
  const own = await makeSource(quiet);
  const live = await tail(quiet, '?type=none.of.these');
  await live.holds(() => live.told.length === 1);
  ahead += 15_000;
  await live.holds(() => live.comments.length === 1);
  await send(own, 1);
  ahead += 15_000;
  await live.holds(() => live.told.length === 2);
  assert.deepEqual([live.told[1]!.event, live.told[1]!.data.cursor], ['cursor', live.told[1]!.id]);
  assert.notEqual(live.told[1]!.id, live.told[0]!.id);
  ahead += 15 * 60_000;
  await live.ended;
});
