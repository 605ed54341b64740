import assert from 'node:assert/strict';
import test from 'node:test';
import { type ApiException, AppPortalCapability, BackgroundTaskStatus, BackgroundTaskType } from 'svix';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';
import { refusal } from '../../../../test/support/refusal.ts';
import type { BackgroundTask } from '../../../core/catalog/resources.ts';
import { newId, renderId } from '../../../core/ids.ts';

let made = 0;

/** A task as a restart would find it, or as it was left when it ended. */
async function stored(posthorn: TestPosthorn, change: Partial<BackgroundTask>): Promise<string> {
  made += 1;
  const at = Date.now() - 60_000 + made * 100;
  const resource: BackgroundTask = {
    id: newId(at, new Uint8Array(15)),
    uid: null,
    ownerId: null,
    createdAt: at,
    updatedAt: at,
    version: 1,
    task: 'application.stats',
    status: 'finished',
    input: {},
    cursor: null,
    progress: { done: 2, total: 3 },
    data: { appStats: [] },
    ...change,
  };
  const result = await posthorn.storage.catalog.write({
    organization: posthorn.organization,
    changes: [{ op: 'insert', kind: 'background-task', resource }],
    audit: [],
    idempotency: null,
    publish: [],
    forgetHealth: [],
  });
  assert.equal(result.kind, 'done');
  return renderId(resource.id, 'backgroundTask');
}

test('tasks are listed newest first, by pages, by status and by kind', async () => {
  await using posthorn = await startPosthorn();
  const { backgroundTask } = posthorn.sdk;
  const finished = await stored(posthorn, {});
  const failed = await stored(posthorn, { status: 'failed' });
  const recover = await stored(posthorn, { task: 'endpoint.recover' });
  const canceled = await stored(posthorn, { status: 'canceled' });
  const idsOf = async (options: Parameters<typeof backgroundTask.list>[0]) =>
    (await backgroundTask.list(options)).data.map(({ id }) => id);
  assert.deepEqual(await idsOf({}), [canceled, recover, failed, finished]);
  assert.deepEqual(await idsOf({ status: BackgroundTaskStatus.Failed }), [canceled, failed]);
  assert.deepEqual(await idsOf({ task: BackgroundTaskType.EndpointRecover }), [recover]);
  const page = await backgroundTask.list({ limit: 3 });
  assert.deepEqual([page.data.length, page.done], [3, false]);
  assert.deepEqual(await idsOf({ limit: 3, iterator: page.iterator }), [finished]);
  const failedPage = await backgroundTask.list({ status: BackgroundTaskStatus.Failed, limit: 1 });
  assert.equal(failedPage.done, false);
  assert.deepEqual(
    await idsOf({ status: BackgroundTaskStatus.Failed, limit: 1, iterator: failedPage.iterator }),
    [failed],
  );
});

test('a task shows its progress and result, and only to its own organization', async () => {
  await using posthorn = await startPosthorn();
  const id = await stored(posthorn, {});
  const { json } = await posthorn.call('GET', `/api/v1/background-task/${id}`);
  assert.deepEqual(json.progress, { done: 2, total: 3 });
  assert.deepEqual(json.data, { appStats: [] });
  assert.equal((await posthorn.sdk.backgroundTask.get(id)).task, 'application.stats');
  const stranger = posthorn.sdkFor(await posthorn.tokenOf('org_cyd'));
  const is404 = (error: ApiException<unknown>) => error.code === 404;
  await assert.rejects(stranger.backgroundTask.get(id), is404);
  await assert.rejects(posthorn.sdk.backgroundTask.get('qtask_unknown'), is404);
});

test('a token of an application sees the tasks of its own application, and no others', async () => {
  await using posthorn = await startPosthorn();
  const { sdk } = posthorn;
  const own = await sdk.application.create({ name: 'own' });
  const other = await sdk.application.create({ name: 'other' });
  const tokenWith = async (...capabilities: AppPortalCapability[]) =>
    (await sdk.authentication.appPortalAccess(own.id, { capabilities })).token;
  const token = await tokenWith(AppPortalCapability.ViewBase, AppPortalCapability.CreateAttempts);
  const portal = posthorn.sdkFor(token);
  const endpoint = await sdk.endpoint.create(own.id, { url: 'https://example.com/' });
  const task = await portal.endpoint.recover(own.id, endpoint.id, { since: new Date(Date.now() - 60_000) });
  const unowned = await stored(posthorn, {});
  const theirs = (await sdk.message.expungeAllContents(other.id)).id;
  assert.equal((await portal.backgroundTask.get(task.id)).task, 'endpoint.recover');
  assert.deepEqual(
    (await portal.backgroundTask.list()).data.map(({ id }) => id),
    [task.id],
  );
  for (const id of [unowned, theirs])
    await assert.rejects(portal.backgroundTask.get(id), refusal(404, 'not_found'));
  assert.equal((await sdk.backgroundTask.list()).data.length, 3);
  const blind = posthorn.sdkFor(await tokenWith(AppPortalCapability.CreateAttempts));
  await assert.rejects(blind.backgroundTask.get(task.id), refusal(403, 'insufficient access'));
  const cancel = `/api/v1/background-task/${task.id}/cancel`;
  assert.equal((await posthorn.call('POST', cancel, { token })).status, 403);
});

test('a running task can be canceled, and shows as failed to clients that know no such status', async () => {
  await using posthorn = await startPosthorn();
  const id = await stored(posthorn, { status: 'running', task: 'sleeping' });
  const cancel = () => posthorn.call('POST', `/api/v1/background-task/${id}/cancel`);
  const first = await cancel();
  assert.equal(first.status, 200);
  const task = await posthorn.sdk.backgroundTask.get(id);
  assert.deepEqual([task.status, task.data.canceled], ['failed', true]);
  assert.equal((await cancel()).status, 200);
  const [entry] = await posthorn.storage.catalog.audit(posthorn.organization, { before: null, limit: 1 });
  assert.deepEqual([entry?.action, entry?.subject], ['background-task.cancel', id]);
  const finished = await stored(posthorn, {});
  const refused = await posthorn.call('POST', `/api/v1/background-task/${finished}/cancel`);
  assert.deepEqual([refused.status, refused.json.code], [409, 'conflict']);
});
