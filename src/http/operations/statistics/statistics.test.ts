import assert from 'node:assert/strict';
import test from 'node:test';
import type { ApiException, BackgroundTaskOut, Svix } from 'svix';
import { startPosthorn } from '../../../../test/support/posthorn.ts';
import { startReceiver } from '../../../../test/support/receiver.ts';

const DAY_MS = 86_400_000;

/** The task when it has ended. */
async function ended(sdk: Svix, id: string): Promise<BackgroundTaskOut> {
  await until(async () => (await sdk.backgroundTask.get(id)).status !== 'running');
  return sdk.backgroundTask.get(id);
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let look = 0; look < 200; look++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('It did not come about within four seconds.');
}

test('usage counts the messages and attempts of the applications that were asked for', async () => {
  await using posthorn = await startPosthorn();
  await using receiver = await startReceiver();
  const { sdk } = posthorn;
  const ada = await sdk.application.create({ name: 'Ada', uid: 'ada' });
  const ben = await sdk.application.create({ name: 'Ben' });
  const endpoint = await sdk.endpoint.create('ada', { url: receiver.url });
  await sdk.eventType.create({ name: 'a.one', description: '' });
  for (let n = 0; n < 3; n++) await sdk.message.create('ada', { eventType: 'a.one', payload: {} });
  await sdk.message.create(ben.id, { eventType: 'a.one', payload: {} });
  await receiver.waitFor(3);
  await until(async () => (await sdk.messageAttempt.listByEndpoint('ada', endpoint.id)).data.length === 3);
  const range = { since: new Date(Date.now() - DAY_MS), until: new Date(Date.now() + DAY_MS) };
  const named = await sdk.statistics.aggregateAppStats({ ...range, appIds: ['ada', ada.id, 'nobody'] });
  assert.deepEqual([named.task, named.unresolvedAppIds], ['application.stats', ['nobody']]);
  const { status, data } = await ended(sdk, named.id);
  assert.equal(status, 'finished');
  assert.deepEqual(data.appStats, [{ appId: ada.id, appUid: 'ada', messageDestinations: 3, messages: 3 }]);
  const all = await sdk.statistics.aggregateAppStats(range);
  const rows = (await ended(sdk, all.id)).data.appStats;
  assert.deepEqual(
    rows.map((row: { appId: string; messages: number }) => [row.appId, row.messages]),
    [
      [ada.id, 3],
      [ben.id, 1],
    ],
  );
});

test('bad ranges and applications that nobody has are refused, and no task is started', async () => {
  await using posthorn = await startPosthorn();
  const { sdk } = posthorn;
  const is422 = (error: ApiException<unknown>) => error.code === 422;
  const now = new Date();
  await assert.rejects(sdk.statistics.aggregateAppStats({ since: now, until: now }), is422);
  const range = { since: new Date(0), until: now };
  await assert.rejects(sdk.statistics.aggregateAppStats({ ...range, appIds: ['nobody'] }), is422);
  const bad = await posthorn.call('POST', '/api/v1/stats/usage/app', {
    body: { since: 'yesterday', until: 'today' },
  });
  assert.equal(bad.status, 422);
  assert.deepEqual((await sdk.backgroundTask.list()).data, []);
});

test('the aggregate lists what the endpoints of each application subscribe to', async () => {
  await using posthorn = await startPosthorn();
  const { sdk } = posthorn;
  for (const name of ['a.one', 'a.two']) await sdk.eventType.create({ name, description: '' });
  const ada = await sdk.application.create({ name: 'Ada' });
  const ben = await sdk.application.create({ name: 'Ben' });
  await sdk.endpoint.create(ada.id, { url: 'https://ada.example/in', eventTypes: ['a.two', 'a.one'] });
  await sdk.endpoint.create(ben.id, { url: 'https://ben.example/in' });
  const { id, task } = await sdk.statistics.aggregateEventTypes();
  assert.equal(task, 'event-type.aggregate');
  const { data } = await ended(sdk, id);
  assert.deepEqual(data.event_types, [
    { appId: ada.id, explicitlySubscribedEventTypes: ['a.one', 'a.two'], hasCatchAllEndpoint: false },
    { appId: ben.id, explicitlySubscribedEventTypes: [], hasCatchAllEndpoint: true },
  ]);
});
