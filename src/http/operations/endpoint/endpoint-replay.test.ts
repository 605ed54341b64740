import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ApiException } from 'svix';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';
import { type ScriptedAnswer, startReceiver, type TestReceiver } from '../../../../test/support/receiver.ts';

let posthorn: TestPosthorn;
let receiver: TestReceiver;
const answers = new Map<string, ScriptedAnswer>();
before(async () => {
  posthorn = await startPosthorn({ engine: { retryScheduleMs: [] } });
  receiver = await startReceiver();
  receiver.answer((request) => answers.get(request.url) ?? 200);
});
after(async () => {
  await posthorn.stop();
  await receiver.stop();
});

const pause = () => new Promise((resolve) => setTimeout(resolve, 10));
const HOUR_MS = 3_600_000;
const since = () => new Date(Date.now() - HOUR_MS);

let apps = 0;
async function newApp(): Promise<string> {
  const app = `app-${++apps}`;
  await posthorn.sdk.application.create({ name: app, uid: app });
  return app;
}
async function newEndpoint(app: string): Promise<string> {
  return (await posthorn.sdk.endpoint.create(app, { url: `${receiver.url}/${app}` })).id;
}
async function publish(app: string, n: number): Promise<string> {
  return (await posthorn.sdk.message.create(app, { eventType: 'a.b', payload: { n } })).id;
}
/** Bodies that reached the application's endpoint, once there are so many. */
async function arrived(app: string, count: number): Promise<string[]> {
  const bodies = () =>
    receiver.requests.filter(({ url }) => url === `/${app}`).map(({ body }) => body.toString());
  for (let round = 0; bodies().length < count; round++) {
    assert.ok(round < 300, `${bodies().length} of ${count} arrived`);
    await pause();
  }
  return bodies();
}
async function finished(taskId: string): Promise<{ status: string; data: unknown }> {
  for (let round = 0; round < 300; round++) {
    const task = await posthorn.sdk.backgroundTask.get(taskId);
    if (task.status !== 'running') return task;
    await pause();
  }
  return assert.fail('the task does not end');
}
async function settled(
  app: string,
  endpoint: string,
  member: 'success' | 'fail' | 'canceled',
  count: number,
): Promise<void> {
  for (let round = 0; round < 300; round++) {
    if ((await posthorn.sdk.endpoint.getStats(app, endpoint))[member] === count) return;
    await pause();
  }
  assert.fail(`never ${count} ${member}`);
}
async function refused(promise: Promise<unknown>): Promise<ApiException<{ code?: string }>> {
  return promise.then(
    () => assert.fail('was accepted'),
    (error: ApiException<{ code?: string }>) => error,
  );
}

test('recover sends what failed again, and only that', async () => {
  const app = await newApp();
  const endpoint = await newEndpoint(app);
  await publish(app, 1);
  await settled(app, endpoint, 'success', 1);
  answers.set(`/${app}`, 500);
  await publish(app, 2);
  await settled(app, endpoint, 'fail', 1);
  answers.set(`/${app}`, 200);
  const task = await posthorn.sdk.endpoint.recover(app, endpoint, { since: since() });
  assert.match(task.id, /^qtask_/);
  assert.equal(task.task, 'endpoint.recover');
  assert.equal((await finished(task.id)).status, 'finished');
  assert.deepEqual(await arrived(app, 3), ['{"n":1}', '{"n":2}', '{"n":2}']);
  await settled(app, endpoint, 'success', 2);
});

test('recover sends what waited when the endpoint was disabled by its own answer', async () => {
  const app = await newApp();
  const endpoint = await newEndpoint(app);
  // One at a time: the second waits while the first is answered.
  await posthorn.call('PATCH', `/api/v1/app/${app}/endpoint/${endpoint}`, { body: { concurrency: 1 } });
  answers.set(`/${app}`, { status: 410, delayMs: 100 });
  await publish(app, 1);
  await publish(app, 2);
  await publish(app, 3);
  await settled(app, endpoint, 'canceled', 2);
  assert.equal((await posthorn.sdk.endpoint.get(app, endpoint)).disabled, true);
  answers.set(`/${app}`, 200);
  await posthorn.sdk.endpoint.patch(app, endpoint, { disabled: false });
  const task = await posthorn.sdk.endpoint.recover(app, endpoint, { since: since() });
  assert.deepEqual((await finished(task.id)).data, { messagesSent: 3 });
  assert.deepEqual((await arrived(app, 4)).toSorted(), ['{"n":1}', '{"n":1}', '{"n":2}', '{"n":3}']);
  await settled(app, endpoint, 'success', 3);
});

test('replay-missing sends what an endpoint never had', async () => {
  const app = await newApp();
  await publish(app, 1);
  const endpoint = await newEndpoint(app);
  await publish(app, 2);
  await arrived(app, 1);
  const task = await posthorn.sdk.endpoint.replayMissing(app, endpoint, { since: since() });
  assert.equal(task.task, 'endpoint.replay');
  assert.deepEqual((await finished(task.id)).data, { messagesSent: 1 });
  assert.deepEqual((await arrived(app, 2)).sort(), ['{"n":1}', '{"n":2}']);
});

test('bulk-replay sends delivered messages again, filtered', async () => {
  const app = await newApp();
  const endpoint = await newEndpoint(app);
  await publish(app, 1);
  await posthorn.sdk.message.create(app, { eventType: 'a.b', payload: { n: 2 }, tags: ['twice'] });
  await settled(app, endpoint, 'success', 2);
  const task = await posthorn.sdk.endpoint.bulkReplay(app, endpoint, {
    since: since(),
    tag: 'twice',
    status: 0,
  });
  assert.equal(task.task, 'endpoint.bulk-replay');
  assert.deepEqual((await finished(task.id)).data, { messagesSent: 1 });
  assert.deepEqual((await arrived(app, 3)).sort(), ['{"n":1}', '{"n":2}', '{"n":2}']);
});

test('a recovery answers 202, and the same idempotency key starts it once', async () => {
  const app = await newApp();
  const endpoint = await newEndpoint(app);
  const path = `/api/v1/app/${app}/endpoint/${endpoint}/recover`;
  const request = {
    body: { since: since().toISOString() },
    headers: { 'idempotency-key': `recover-${app}` },
  };
  const [first, again] = [
    await posthorn.call('POST', path, request),
    await posthorn.call('POST', path, request),
  ];
  assert.deepEqual([first.status, again.status], [202, 202]);
  assert.equal(first.json.id, again.json.id);
});

test('ranges that are too long, turned round or unreadable are 422', async () => {
  const app = await newApp();
  const endpoint = await newEndpoint(app);
  const post = async (verb: string, body: object) => {
    const answer = await posthorn.call('POST', `/api/v1/app/${app}/endpoint/${endpoint}/${verb}`, { body });
    return [answer.status, answer.json.detail?.[0]?.loc?.[0]];
  };
  const old = new Date(Date.now() - 15 * 24 * HOUR_MS).toISOString();
  const now = new Date().toISOString();
  assert.deepEqual(await post('recover', { since: old }), [422, 'body']);
  for (const verb of ['recover', 'replay-missing', 'bulk-replay']) {
    assert.deepEqual(await post(verb, {}), [422, 'body'], verb);
    assert.deepEqual(await post(verb, { since: 'monday' }), [422, 'body'], verb);
    assert.deepEqual(await post(verb, { since: now, until: old }), [422, 'body'], verb);
  }
  assert.deepEqual(await post('bulk-replay', { since: old, status: 9 }), [422, 'body']);
  assert.equal((await refused(posthorn.sdk.endpoint.recover(app, 'nowhere', { since: since() }))).code, 404);
});

test('an example is made of the schema and goes to this endpoint only', async () => {
  const app = await newApp();
  const endpoint = await newEndpoint(app);
  await posthorn.sdk.endpoint.create(app, { url: `${receiver.url}/${app}-other` });
  const schemas = { '1': { type: 'object', properties: { email: { type: 'string', format: 'email' } } } };
  await posthorn.sdk.eventType.create({ name: `example.${app}`, description: '', schemas });
  const sent = await posthorn.call('POST', `/api/v1/app/${app}/endpoint/${endpoint}/send-example`, {
    body: { eventType: `example.${app}` },
  });
  assert.equal(sent.status, 200, sent.text);
  assert.deepEqual(sent.json.payload, { email: 'user@example.com' });
  assert.deepEqual(await arrived(app, 1), ['{"email":"user@example.com"}']);
  await posthorn.sdk.endpoint.sendExample(app, endpoint, { eventType: 'svix.ping' });
  assert.equal((await arrived(app, 2))[1], '{"success":true}');
  assert.ok(!receiver.requests.some(({ url }) => url === `/${app}-other`));
});

test('an example of an unknown type, or to a disabled endpoint, is refused', async () => {
  const app = await newApp();
  const endpoint = await newEndpoint(app);
  assert.equal(
    (await refused(posthorn.sdk.endpoint.sendExample(app, endpoint, { eventType: 'no.such' }))).code,
    404,
  );
  assert.equal(
    (await refused(posthorn.sdk.endpoint.sendExample(app, endpoint, { eventType: 'a b' }))).code,
    422,
  );
  await posthorn.sdk.endpoint.patch(app, endpoint, { disabled: true });
  assert.equal(
    (await refused(posthorn.sdk.endpoint.sendExample(app, endpoint, { eventType: 'svix.ping' }))).code,
    400,
  );
});

test('stats count the range asked for, and a range turned round is refused', async () => {
  const app = await newApp();
  const endpoint = await newEndpoint(app);
  await publish(app, 1);
  await settled(app, endpoint, 'success', 1);
  const older = await posthorn.sdk.endpoint
    .getStats(app, endpoint, { since: since(), until: since() })
    .catch((e) => e);
  assert.equal(older.code, 422);
  const before = { since: new Date(Date.now() - 2 * HOUR_MS), until: new Date(Date.now() - HOUR_MS) };
  assert.equal((await posthorn.sdk.endpoint.getStats(app, endpoint, before)).success, 0);
  const answer = await posthorn.call('GET', `/api/v1/app/${app}/endpoint/${endpoint}/stats?since=monday`);
  assert.equal(answer.status, 422);
});
