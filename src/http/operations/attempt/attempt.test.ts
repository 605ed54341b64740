import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ApiException, MessageStatus, StatusCodeClass } from 'svix';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';
import { type ScriptedAnswer, startReceiver, type TestReceiver } from '../../../../test/support/receiver.ts';

let posthorn: TestPosthorn;
let receiver: TestReceiver;
/** What the receiver answers, by path. */
const answers = new Map<string, ScriptedAnswer>();
before(async () => {
  posthorn = await startPosthorn({ engine: { retryScheduleMs: [], timeoutMs: 300 } });
  receiver = await startReceiver();
  receiver.answer((request) => answers.get(request.url) ?? 200);
});
after(async () => {
  await posthorn.stop();
  await receiver.stop();
});

let apps = 0;
async function newEndpoint(answer: ScriptedAnswer = 200, more: object = {}) {
  const app = `app-${++apps}`;
  answers.set(`/${app}`, answer);
  await posthorn.sdk.application.create({ name: app, uid: app });
  const body = { url: `${receiver.url}/${app}`, uid: 'ep', ...more };
  const created = await posthorn.call('POST', `/api/v1/app/${app}/endpoint`, { body });
  assert.equal(created.status, 201, created.text);
  const publish = async (message: object = {}) => {
    const { id } = await posthorn.sdk.message.create(app, { eventType: 'a.b', payload: {}, ...message });
    return id;
  };
  return {
    app,
    id: created.json.id as string,
    publish,
    answer: (next: ScriptedAnswer) => answers.set(`/${app}`, next),
  };
}

/** Waits for so many attempts of a message and gives them, newest first. */
async function attemptsOf(app: string, messageId: string, count = 1) {
  for (let round = 0; round < 300; round++) {
    const { data } = await posthorn.sdk.messageAttempt.listByMsg(app, messageId, { withContent: true });
    if (data.length >= count) return data;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return assert.fail(`no ${count} attempts`);
}

async function refused(promise: Promise<unknown>): Promise<ApiException<{ code?: string }>> {
  return promise.then(
    () => assert.fail('was accepted'),
    (error: ApiException<{ code?: string }>) => error,
  );
}

test('a delivered message has a successful attempt, by message and by endpoint', async () => {
  const { app, id, publish } = await newEndpoint({ status: 201, body: 'thanks' });
  const messageId = await publish({ eventId: 'e-1' });
  const [attempt] = await attemptsOf(app, messageId);
  assert.deepEqual(
    [
      attempt!.status,
      attempt!.statusText,
      attempt!.responseStatusCode,
      attempt!.response,
      attempt!.triggerType,
    ],
    [0, 'success', 201, 'thanks', 0],
  );
  assert.deepEqual(
    [attempt!.msgId, attempt!.endpointId, attempt!.url],
    [messageId, id, `${receiver.url}/${app}`],
  );
  assert.match(attempt!.id, /^atmpt_/);
  const byEndpoint = await posthorn.sdk.messageAttempt.listByEndpoint(app, 'ep', { withContent: true });
  assert.deepEqual(byEndpoint.data, [attempt]);
  const got = await posthorn.sdk.messageAttempt.get(app, 'e-1', attempt!.id);
  assert.equal(got.id, attempt!.id);
});

test('contents are left out, and messages put in, as asked', async () => {
  const { app, publish } = await newEndpoint({ body: 'thanks' });
  const messageId = await publish({ payload: { secret: 1 } });
  await attemptsOf(app, messageId);
  const list = await posthorn.sdk.messageAttempt.listByEndpoint(app, 'ep', { withMsg: true });
  assert.equal(list.data[0]?.response, '');
  assert.deepEqual([list.data[0]?.msg?.id, list.data[0]?.msg?.payload], [messageId, {}]);
});

test('a failure has its status and answer, and is found by them', async () => {
  const { app, publish } = await newEndpoint({ status: 503, body: 'busy' }, { retrySchedule: [] });
  const messageId = await publish();
  const [attempt] = await attemptsOf(app, messageId);
  assert.deepEqual(
    [attempt!.status, attempt!.statusText, attempt!.responseStatusCode, attempt!.response],
    [2, 'fail', 503, 'busy'],
  );
  const count = async (options: object) =>
    (await posthorn.sdk.messageAttempt.listByMsg(app, messageId, options)).data.length;
  assert.equal(await count({ status: MessageStatus.Fail }), 1);
  assert.equal(await count({ status: MessageStatus.Success }), 0);
  assert.equal(await count({ status: MessageStatus.Sending }), 0);
  assert.equal(await count({ statusCodeClass: StatusCodeClass.Code5xx }), 1);
  assert.equal(await count({ statusCodeClass: StatusCodeClass.Code2xx }), 0);
  assert.equal(await count({ eventTypes: ['a.b'] }), 1);
  assert.equal(await count({ eventTypes: ['other'] }), 0);
  assert.equal(await count({ endpointId: 'ep' }), 1);
  assert.equal(await count({ before: new Date(Date.now() - 60_000) }), 0);
});

test('without an answer the status code is 0 and a sentence says why', async () => {
  const silent = await newEndpoint({ hang: true }, { retrySchedule: [] });
  const [late] = await attemptsOf(silent.app, await silent.publish());
  assert.equal(late!.responseStatusCode, 0);
  assert.ok(late!.response.length > 10, late!.response);
  const refusing = await newEndpoint(200, { url: 'http://127.0.0.1:1/', retrySchedule: [] });
  const [closed] = await attemptsOf(refusing.app, await refusing.publish());
  assert.deepEqual([closed!.responseStatusCode, closed!.status], [0, 2]);
  const none = await posthorn.sdk.messageAttempt.listByEndpoint(refusing.app, 'ep', {
    statusCodeClass: StatusCodeClass.CodeNone,
  });
  assert.equal(none.data.length, 1);
});

test('a private address is blocked, and the attempt says which setting would open it', async () => {
  const { app, publish } = await newEndpoint(200, { url: 'http://10.0.0.1/', retrySchedule: [] });
  const messageId = await publish();
  const [attempt] = await attemptsOf(app, messageId);
  assert.match(attempt!.response, /POSTHORN_ALLOW_SUBNETS/);
  const raw = await posthorn.call('GET', `/api/v1/app/${app}/attempt/msg/${messageId}`);
  assert.equal(raw.json.data[0].outcome, 'blocked');
});

test('an answer that is no text is base64, and an expunged one says so', async () => {
  const bytes = Uint8Array.of(0xff, 0xfe, 0x00);
  const { app, publish } = await newEndpoint({ body: bytes });
  const messageId = await publish();
  const [attempt] = await attemptsOf(app, messageId);
  assert.equal(attempt!.response, Buffer.from(bytes).toString('base64'));
  await posthorn.sdk.messageAttempt.expungeContent(app, messageId, attempt!.id);
  assert.equal((await posthorn.sdk.messageAttempt.get(app, messageId, attempt!.id)).response, 'EXPUNGED');
});

test('the endpoints of a message and the messages of an endpoint tell what became of them', async () => {
  const { app, id, publish } = await newEndpoint(500, { retrySchedule: ['1h'] });
  const messageId = await publish({ tags: ['x'] });
  await attemptsOf(app, messageId);
  const destinations = await posthorn.sdk.messageAttempt.listAttemptedDestinations(app, messageId);
  assert.deepEqual(
    destinations.data.map((one) => [one.id, one.status, one.statusText, one.nextAttempt !== null]),
    [[id, 3, 'sending', true]],
  );
  const messages = await posthorn.sdk.messageAttempt.listAttemptedMessages(app, 'ep', {
    withContent: true,
    tag: 'x',
  });
  assert.deepEqual(
    messages.data.map((one) => [one.id, one.status, one.payload]),
    [[messageId, 3, {}]],
  );
  const sending = { status: MessageStatus.Sending };
  assert.equal((await posthorn.sdk.messageAttempt.listAttemptedMessages(app, 'ep', sending)).data.length, 1);
  const fail = { status: MessageStatus.Fail };
  assert.equal((await posthorn.sdk.messageAttempt.listAttemptedMessages(app, 'ep', fail)).data.length, 0);
  const stats = await posthorn.sdk.endpoint.getStats(app, id);
  assert.deepEqual(stats, { success: 0, pending: 0, sending: 1, fail: 0, canceled: 0 });
});

test('what a deleted endpoint still had is canceled, and older clients are told success', async () => {
  const { app, id, publish } = await newEndpoint(500, { retrySchedule: ['1h'] });
  const messageId = await publish();
  await attemptsOf(app, messageId);
  await posthorn.sdk.endpoint.delete(app, id);
  const [canceled] = await attemptsOf(app, messageId, 2);
  assert.deepEqual([canceled!.status, canceled!.statusText, canceled!.endpointId], [4, 'canceled', id]);
  const older = { expandedStatuses: false };
  assert.equal((await posthorn.sdk.messageAttempt.get(app, messageId, canceled!.id, older)).status, 0);
  const still = await posthorn.sdk.messageAttempt.listByMsg(app, messageId, { endpointId: id });
  assert.equal(still.data.length, 2, 'attempts outlive their endpoint');
  assert.equal((await posthorn.sdk.messageAttempt.listAttemptedDestinations(app, messageId)).data.length, 0);
});

test('a resend is one manual attempt', async () => {
  const { app, id, publish, answer } = await newEndpoint(500, { retrySchedule: [] });
  const messageId = await publish({ eventId: 'again' });
  await attemptsOf(app, messageId);
  answer(200);
  const path = `/api/v1/app/${app}/msg/again/endpoint/ep/resend`;
  const resent = await posthorn.call('POST', path);
  assert.deepEqual([resent.status, resent.json], [202, {}]);
  const [manual] = await attemptsOf(app, messageId, 2);
  assert.deepEqual([manual!.triggerType, manual!.status], [1, 0]);
  const stats = await posthorn.sdk.endpoint.getStats(app, id);
  assert.deepEqual([stats.success, stats.fail], [1, 0]);
});

test('a resend that fails leaves the automatic retries as they were', async () => {
  const { app, publish, answer } = await newEndpoint(500, { retrySchedule: ['400ms'] });
  const messageId = await publish();
  await attemptsOf(app, messageId);
  await posthorn.sdk.messageAttempt.resend(app, messageId, 'ep');
  const [manual] = await attemptsOf(app, messageId, 2);
  assert.deepEqual([manual!.triggerType, manual!.statusText], [1, 'fail']);
  answer(200);
  const [retry] = await attemptsOf(app, messageId, 3);
  assert.deepEqual([retry!.triggerType, retry!.statusText], [0, 'success']);
});

test('a message sent again and what was expunged leave audit lines', async () => {
  const { app, publish } = await newEndpoint();
  const messageId = await publish();
  const [attempt] = await attemptsOf(app, messageId);
  await posthorn.sdk.messageAttempt.resend(app, messageId, 'ep');
  await attemptsOf(app, messageId, 2);
  await posthorn.sdk.messageAttempt.expungeContent(app, messageId, attempt!.id);
  await posthorn.sdk.message.expungeContent(app, messageId);
  const { json } = await posthorn.call('GET', '/api/v1/audit?limit=3');
  assert.deepEqual(
    json.data.map((line: { action: string; subject: string }) => [line.action, line.subject.slice(0, 31)]),
    [
      ['message.expunge-content', messageId],
      ['attempt.expunge-content', attempt!.id.slice(0, 31)],
      ['attempt.resend', messageId],
    ],
  );
});

test('the same idempotency key resends once', async () => {
  const { app, publish } = await newEndpoint();
  const messageId = await publish();
  await attemptsOf(app, messageId);
  const options = { idempotencyKey: `resend-${app}` };
  await posthorn.sdk.messageAttempt.resend(app, messageId, 'ep', options);
  await posthorn.sdk.messageAttempt.resend(app, messageId, 'ep', options);
  await attemptsOf(app, messageId, 2);
  await posthorn.sdk.messageAttempt.resend(app, messageId, 'ep');
  assert.equal((await attemptsOf(app, messageId, 3)).length, 3);
});

test('what cannot be resent is refused', async () => {
  const { app, id, publish } = await newEndpoint();
  const messageId = await publish();
  await attemptsOf(app, messageId);
  const resend = (message: string, endpoint: string) =>
    posthorn.sdk.messageAttempt.resend(app, message, endpoint);
  assert.equal((await refused(resend('nothing', id))).code, 404);
  assert.equal((await refused(resend(messageId, 'nowhere'))).code, 404);
  await posthorn.sdk.message.expungeContent(app, messageId);
  const gone = await refused(resend(messageId, id));
  assert.deepEqual([gone.code, gone.body.code], [400, 'missing_payload']);
});

test('attempt lists page both ways', async () => {
  const { app, publish } = await newEndpoint();
  const messageIds = [await publish(), await publish(), await publish()];
  for (const id of messageIds) await attemptsOf(app, id);
  const page = (options: object) =>
    posthorn.sdk.messageAttempt.listByEndpoint(app, 'ep', { limit: 2, ...options });
  const first = await page({});
  assert.deepEqual([first.data.length, first.done], [2, false]);
  const second = await page({ iterator: first.iterator });
  assert.deepEqual([second.data.length, second.done], [1, true]);
  const back = await page({ iterator: second.prevIterator });
  assert.deepEqual(back.data, first.data);
});

test('older routes list the same attempts', async () => {
  const { app, publish } = await newEndpoint();
  const messageId = await publish();
  const [attempt] = await attemptsOf(app, messageId);
  for (const route of [`msg/${messageId}/attempt`, `msg/${messageId}/endpoint/ep/attempt/`]) {
    const { status, json } = await posthorn.call('GET', `/api/v1/app/${app}/${route}`);
    assert.deepEqual([status, json.data.map(({ id }: { id: string }) => id)], [200, [attempt!.id]], route);
  }
});

test('bad queries, foreign names and strangers are refused', async () => {
  const { app, publish } = await newEndpoint();
  const other = await newEndpoint();
  const messageId = await publish();
  const [attempt] = await attemptsOf(app, messageId);
  const status = async (rest: string) => (await posthorn.call('GET', `/api/v1/app/${app}/${rest}`)).status;
  assert.equal(await status('attempt/endpoint/ep?limit=251'), 422);
  assert.equal(await status('attempt/endpoint/ep?status=9'), 400);
  assert.equal(await status('attempt/endpoint/ep?status_code_class=250'), 400);
  assert.equal(await status('attempt/endpoint/ep?iterator=msg_1srOrx2ZWZBpBUvZwXKQmoEYga2'), 422);
  assert.equal(await status('attempt/endpoint/nowhere'), 404);
  assert.equal(await status('attempt/msg/nothing'), 404);
  assert.equal(await status(`msg/${messageId}/attempt/atmpt_1srOrx2ZWZBpBUvZwXKQmoEYga2`), 404);
  assert.equal((await refused(posthorn.sdk.messageAttempt.get(other.app, messageId, attempt!.id))).code, 404);
  const stranger = posthorn.sdkFor(await posthorn.tokenOf('org_stranger00000000000000000'));
  assert.equal((await refused(stranger.messageAttempt.listByMsg(app, messageId))).code, 404);
});
