import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { type ApiException, AutoConfigConsumer, type Svix } from 'svix';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';

async function application(posthorn: TestPosthorn, pollers: object[] = [{}]) {
  const app = await posthorn.sdk.application.create({ name: 'Ada' });
  for (const name of ['a.one', 'a.two']) {
    await posthorn.sdk.eventType.upsert(name, { description: '' });
  }
  const made = [];
  for (const more of pollers) {
    made.push(
      await posthorn.sdk.destination.create(app.id, { type: 'pollingEndpoint', config: {}, ...more }),
    );
  }
  return { app, sinks: made.map(({ id }) => id) };
}

async function publish(sdk: Svix, app: string, count: number, more: object = {}): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    ids.push((await sdk.message.create(app, { eventType: 'a.one', payload: { n }, ...more })).id);
  }
  return ids;
}

const idsOf = (page: { data: { id: string }[] }) => page.data.map(({ id }) => id);
const refusal = (code: number, name: string) => (error: ApiException<{ code: string }>) =>
  error.code === code && error.body.code === name;

test('messages are read in order of acceptance, page by page, and the iterator goes on where it stopped', async () => {
  await using posthorn = await startPosthorn();
  const { app, sinks } = await application(posthorn);
  const { poller } = posthorn.sdk.message;
  const ids = await publish(posthorn.sdk, app.id, 5);
  const first = await poller.poll(app.id, sinks[0]!, { limit: 3 });
  assert.deepEqual(idsOf(first), ids.slice(0, 3));
  assert.equal(first.done, false);
  const second = await poller.poll(app.id, sinks[0]!, { limit: 3, iterator: first.iterator });
  assert.deepEqual(idsOf(second), ids.slice(3));
  assert.equal(second.done, true);
  assert.deepEqual(second.data[1]?.payload, { n: 4 });
  assert.equal(second.data[1]?.eventType, 'a.one');
  const empty = await poller.poll(app.id, sinks[0]!, { iterator: second.iterator });
  assert.deepEqual([empty.data, empty.done], [[], true]);
  const [later] = await publish(posthorn.sdk, app.id, 1);
  const third = await poller.poll(app.id, sinks[0]!, { iterator: empty.iterator });
  assert.deepEqual(idsOf(third), [later]);
  const again = await poller.poll(app.id, sinks[0]!, { limit: 3, iterator: first.iterator });
  assert.deepEqual(idsOf(again), [...ids.slice(3), later]);
});

test('the poller’s own event types and channels and those of the call both filter', async () => {
  await using posthorn = await startPosthorn();
  const filters = [{ eventTypes: ['a.two'] }, { channels: ['red', 'blue'] }, {}];
  const { app, sinks } = await application(posthorn, filters);
  const { poller } = posthorn.sdk.message;
  await publish(posthorn.sdk, app.id, 30);
  const [two] = await publish(posthorn.sdk, app.id, 1, { eventType: 'a.two' });
  const [red] = await publish(posthorn.sdk, app.id, 1, { channels: ['red'] });
  const [green] = await publish(posthorn.sdk, app.id, 1, { channels: ['green'], eventType: 'a.two' });
  assert.deepEqual(idsOf(await poller.poll(app.id, sinks[0]!)), [two, green]);
  assert.deepEqual(idsOf(await poller.poll(app.id, sinks[1]!)), [red]);
  assert.deepEqual(idsOf(await poller.poll(app.id, sinks[2]!, { channel: 'green' })), [green]);
  assert.deepEqual(idsOf(await poller.poll(app.id, sinks[2]!, { eventType: 'a.two' })), [two, green]);
  assert.deepEqual(idsOf(await poller.poll(app.id, sinks[0]!, { eventType: 'a.one' })), []);
});

test('a consumer commits by passing the iterator; what it did not commit is read again', async () => {
  await using posthorn = await startPosthorn();
  const { app, sinks } = await application(posthorn);
  const { poller } = posthorn.sdk.message;
  const ids = await publish(posthorn.sdk, app.id, 4);
  const first = await poller.consumerPoll(app.id, sinks[0]!, 'billing', { limit: 2 });
  assert.deepEqual(idsOf(first), ids.slice(0, 2));
  assert.deepEqual(
    idsOf(await poller.consumerPoll(app.id, sinks[0]!, 'billing', { limit: 2 })),
    ids.slice(0, 2),
  );
  const second = await poller.consumerPoll(app.id, sinks[0]!, 'billing', {
    limit: 2,
    iterator: first.iterator,
  });
  assert.deepEqual(idsOf(second), ids.slice(2));
  assert.deepEqual(idsOf(await poller.consumerPoll(app.id, sinks[0]!, 'billing')), ids.slice(2));
  assert.deepEqual(idsOf(await poller.consumerPoll(app.id, sinks[0]!, 'audit')), ids);
});

test('what a consumer committed is there after a restart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'posthorn-poller-'));
  const path = join(folder, 'posthorn.db');
  let first = '';
  let ids: string[] = [];
  let place: [string, string] = ['', ''];
  {
    await using posthorn = await startPosthorn({ path });
    const { app, sinks } = await application(posthorn);
    place = [app.id, sinks[0]!];
    ids = await publish(posthorn.sdk, app.id, 3);
    first = (await posthorn.sdk.message.poller.consumerPoll(...place, 'c', { limit: 1 })).iterator;
    await posthorn.sdk.message.poller.consumerPoll(...place, 'c', { limit: 1, iterator: first });
  }
  {
    await using posthorn = await startPosthorn({ path });
    const { poller } = posthorn.sdk.message;
    assert.deepEqual(idsOf(await poller.consumerPoll(...place, 'c')), ids.slice(1));
    assert.deepEqual(idsOf(await poller.poll(...place, { iterator: first })), ids.slice(1));
  }
  await rm(folder, { recursive: true });
});

test('seek moves a consumer back and forth in time', async () => {
  await using posthorn = await startPosthorn();
  const { app, sinks } = await application(posthorn);
  const { poller } = posthorn.sdk.message;
  const ids = await publish(posthorn.sdk, app.id, 2);
  const all = await poller.poll(app.id, sinks[0]!);
  await poller.consumerPoll(app.id, sinks[0]!, 'c', { iterator: all.iterator });
  assert.deepEqual(idsOf(await poller.consumerPoll(app.id, sinks[0]!, 'c')), []);
  const back = await poller.consumerSeek(app.id, sinks[0]!, 'c', { after: new Date(Date.now() - 60_000) });
  assert.deepEqual(idsOf(await poller.consumerPoll(app.id, sinks[0]!, 'c')), ids);
  assert.deepEqual(idsOf(await poller.poll(app.id, sinks[0]!, { iterator: back.iterator })), ids);
  await poller.consumerSeek(app.id, sinks[0]!, 'c', { after: new Date(Date.now() + 60_000) });
  assert.deepEqual(idsOf(await poller.consumerPoll(app.id, sinks[0]!, 'c')), []);
});

test('a poller made later begins with its creation, and `after` reaches behind it', async () => {
  await using posthorn = await startPosthorn();
  const { app } = await application(posthorn, []);
  const [early] = await publish(posthorn.sdk, app.id, 1);
  await new Promise((resolve) => setTimeout(resolve, 5));
  const sink = await posthorn.sdk.destination.create(app.id, {
    type: 'pollingEndpoint',
    config: {},
    uid: 'late',
  });
  const [late] = await publish(posthorn.sdk, app.id, 1);
  const { poller } = posthorn.sdk.message;
  assert.deepEqual(idsOf(await poller.poll(app.id, 'late')), [late]);
  assert.deepEqual(idsOf(await poller.poll(app.id, sink.id, { iterator: sink.currentIterator })), [late]);
  assert.deepEqual(idsOf(await poller.poll(app.id, 'late', { after: new Date(0) })), [early, late]);
});

test('consumers that share a name take turns by lease, and a commit hands on', async () => {
  await using posthorn = await startPosthorn();
  const { app, sinks } = await application(posthorn);
  const ids = await publish(posthorn.sdk, app.id, 3);
  const consumer = leaseConsumer(posthorn, app.id, sinks[0]!);
  const first = await consumer.receive('workers', { limit: 2 });
  assert.deepEqual(idsOf(first), ids.slice(0, 2));
  assert.equal(first.done, false);
  await assert.rejects(consumer.receive('workers'), refusal(423, 'no_available_lease'));
  assert.deepEqual(idsOf(await consumer.receive('others', { limit: 1 })), ids.slice(0, 1));
  await consumer.commit('workers', first.data[0]!.offset);
  await assert.rejects(consumer.receive('workers'), refusal(423, 'no_available_lease'));
  await consumer.commit('workers', first.data[1]!.offset);
  const second = await consumer.receive('workers', { leaseDurationMs: 1 });
  assert.deepEqual(idsOf(second), ids.slice(2));
  assert.equal(second.done, true);
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(
    idsOf(await consumer.receive('workers')),
    ids.slice(2),
    'an expired lease is handed out again',
  );
  await consumer.commit('workers', second.data[0]!.offset);
  await consumer.commit('workers', first.data[0]!.offset);
  assert.deepEqual((await consumer.receive('workers')).data, [], 'a late commit does not move back');
  await assert.rejects(
    consumer.commit('workers', 2 ** 50),
    (error: ApiException<unknown>) => error.code === 422,
  );
});

test('a consumer that starts with the latest keeps that place', async () => {
  await using posthorn = await startPosthorn();
  const { app, sinks } = await application(posthorn);
  await publish(posthorn.sdk, app.id, 2);
  const consumer = leaseConsumer(posthorn, app.id, sinks[0]!);
  const latest = { startingPosition: 'latest' } as unknown as Parameters<typeof consumer.receive>[1];
  assert.deepEqual((await consumer.receive('tail', latest)).data, []);
  const [next] = await publish(posthorn.sdk, app.id, 1);
  assert.deepEqual(idsOf(await consumer.receive('tail', latest)), [next]);
});

test('bad iterators, names and unknown pollers are refused, a disabled one too', async () => {
  await using posthorn = await startPosthorn();
  const { app, sinks } = await application(posthorn);
  const { poller } = posthorn.sdk.message;
  const is422 = (error: ApiException<unknown>) => error.code === 422;
  await assert.rejects(poller.poll(app.id, sinks[0]!, { iterator: 'nonsense' }), is422);
  await assert.rejects(poller.consumerPoll(app.id, sinks[0]!, 'no good'), is422);
  await assert.rejects(poller.consumerPoll(app.id, sinks[0]!, 'c', { iterator: 'nonsense' }), is422);
  await assert.rejects(poller.poll(app.id, 'unknown'), refusal(404, 'not_found'));
  const other = await posthorn.sdk.application.create({ name: 'Cyd' });
  await assert.rejects(poller.poll(other.id, sinks[0]!), refusal(404, 'not_found'));
  await posthorn.sdk.destination.patch(app.id, sinks[0]!, {
    type: 'pollingEndpoint',
    status: 'disabled',
  } as never);
  await assert.rejects(poller.poll(app.id, sinks[0]!), refusal(409, 'conflict'));
});

/** The SDK's own client of these routes, which wants its settings in a token. */
function leaseConsumer(posthorn: TestPosthorn, aid: string, eid: string): AutoConfigConsumer {
  const settings = { aid, eid, surl: posthorn.url, esec: 'whsec_unused', tok: posthorn.token };
  const token = Buffer.from(JSON.stringify(settings)).toString('base64');
  return new AutoConfigConsumer(`auto_v1_${token}`, {});
}
