import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Ordering } from 'svix';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';
import { refusal } from '../../../../test/support/refusal.ts';

let hub: TestPosthorn;
before(async () => {
  hub = await startPosthorn();
});
after(() => hub.stop());

test('an application is created, read by id and by uid, changed and deleted', async () => {
  const { application } = hub.sdk;
  const made = await application.create({
    name: 'Acme',
    uid: 'acme',
    throttleRate: 5,
    metadata: { plan: 'gold' },
  });
  assert.match(made.id, /^app_[0-9A-Za-z]{27}$/);
  assert.deepEqual(await application.get(made.id), made);
  assert.deepEqual(await application.get('acme'), made);
  const changed = await application.patch('acme', { name: 'Acme Ltd', throttleRate: null });
  assert.deepEqual(
    [changed.name, changed.throttleRate, changed.uid, changed.metadata],
    ['Acme Ltd', null, 'acme', { plan: 'gold' }],
  );
  assert.ok(changed.updatedAt >= made.updatedAt);
  await application.delete('acme');
  await assert.rejects(application.get(made.id), refusal(404, 'not_found'));
  await assert.rejects(application.delete('acme'), refusal(404, 'not_found'));
});

test('a taken uid is a conflict, and getOrCreate answers who has it', async () => {
  const { application } = hub.sdk;
  const made = await application.create({ name: 'One', uid: 'taken' });
  await assert.rejects(application.create({ name: 'Two', uid: 'taken' }), refusal(409, 'conflict'));
  assert.deepEqual(await application.getOrCreate({ name: 'Two', uid: 'taken' }), made);
  const other = await application.create({ name: 'Three' });
  await assert.rejects(application.patch(other.id, { uid: 'taken' }), refusal(409, 'conflict'));
});

test('PUT to a uid creates, PUT again replaces and keeps the uid, PUT to an unknown id is not found', async () => {
  const created = await hub.call('PUT', '/api/v1/app/by-put', { body: { name: 'A', metadata: { a: 'b' } } });
  assert.deepEqual([created.status, created.json.uid], [201, 'by-put']);
  const replaced = await hub.call('PUT', '/api/v1/app/by-put', { body: { name: 'B' } });
  assert.deepEqual(
    [replaced.status, replaced.json.id, replaced.json.uid, replaced.json.metadata],
    [200, created.json.id, 'by-put', {}],
  );
  const unknown = 'app_1srOrx2ZWZBpBUvZwXKQmoEYga2';
  await assert.rejects(hub.sdk.application.upsert(unknown, { name: 'C' }), refusal(404, 'not_found'));
});

test('a change answers its own instant, the one that is read afterwards', async () => {
  const { application } = hub.sdk;
  const made = await application.create({ name: 'Then', uid: 'then' });
  await setTimeout(5);
  for (const change of [application.patch, application.upsert]) {
    const changed = await change.call(application, 'then', { name: 'Now' });
    assert.ok(changed.updatedAt > made.updatedAt);
    assert.deepEqual(await application.get('then'), changed);
  }
});

test('lists go forwards and backwards in either order', async () => {
  const other = hub.sdkFor(await hub.tokenOf('org_lists'));
  for (let made = 0; made < 5; made++) await other.application.create({ name: 'x' });
  const ids = (page: { data: { id: string }[] }): string[] => page.data.map(({ id }) => id);
  const all = ids(await other.application.list());
  // Ids sort by the instant of creation, to 4 ms.
  assert.deepEqual(all, [...all].sort());
  const first = await other.application.list({ limit: 2 });
  assert.deepEqual([ids(first), first.done], [all.slice(0, 2), false]);
  const second = await other.application.list({ limit: 2, iterator: first.iterator });
  assert.deepEqual([ids(second), second.done], [all.slice(2, 4), false]);
  const last = await other.application.list({ limit: 2, iterator: second.iterator });
  assert.deepEqual([ids(last), last.done], [all.slice(4), true]);
  const back = await other.application.list({ limit: 2, iterator: last.prevIterator! });
  assert.deepEqual([ids(back), back.done], [all.slice(2, 4), false]);
  const turned = await other.application.list({ limit: 3, order: Ordering.Descending });
  assert.deepEqual(ids(turned), [...all].reverse().slice(0, 3));
});

test('bad input is refused by field and changes nothing', async () => {
  const { application } = hub.sdk;
  const refused: [Record<string, unknown>, string][] = [
    [{}, 'body.name'],
    [{ name: '' }, 'body.name'],
    [{ name: 'x', uid: 'a b' }, 'body.uid'],
    [{ name: 'x', uid: 'a'.repeat(257) }, 'body.uid'],
    [{ name: 'x', uid: 'app_mine' }, 'body.uid'],
    [{ name: 'x', throttleRate: 0 }, 'body.throttleRate'],
    [{ name: 'x', metadata: { a: 1 } }, 'body.metadata.a'],
    [{ name: 'x', metadata: { a: 'x'.repeat(5000) } }, 'body.metadata'],
  ];
  const before = (await application.list({ limit: 250 })).data.length;
  for (const [input, loc] of refused) {
    await assert.rejects(application.create(input as { name: string }), refusal(422, loc), loc);
  }
  assert.equal((await application.list({ limit: 250 })).data.length, before);
  await assert.rejects(application.list({ limit: 251 }), refusal(422, 'query.limit'));
  await assert.rejects(application.list({ iterator: 'ep_x' }), refusal(422, 'query.iterator'));
});

test('a repeated POST with the same idempotency key answers the same; with another body it is refused', async () => {
  const options = { idempotencyKey: 'key-1' };
  const made = await hub.sdk.application.create({ name: 'Once', uid: 'once' }, options);
  assert.deepEqual(await hub.sdk.application.create({ name: 'Once', uid: 'once' }, options), made);
  await assert.rejects(
    hub.sdk.application.create({ name: 'Twice', uid: 'twice' }, options),
    refusal(409, 'idempotency_key_reused'),
  );
  await assert.rejects(hub.sdk.application.get('twice'), refusal(404, 'not_found'));
});

test('one organization never sees another’s applications', async () => {
  const made = await hub.sdk.application.create({ name: 'Mine', uid: 'mine' });
  const stranger = hub.sdkFor(await hub.tokenOf('org_stranger'));
  for (const ref of [made.id, 'mine']) {
    await assert.rejects(stranger.application.get(ref), refusal(404, 'not_found'));
    await assert.rejects(stranger.application.delete(ref), refusal(404, 'not_found'));
  }
  assert.deepEqual((await stranger.application.list()).data, []);
  assert.equal((await stranger.application.create({ name: 'Theirs', uid: 'mine' })).uid, 'mine');
});

test('changes at the same time are decided one after the other, none is lost', async () => {
  await hub.sdk.application.create({ name: 'Busy', uid: 'busy' });
  const patches = [{ name: 'Renamed' }, { throttleRate: 9 }, { metadata: { a: 'b' } }];
  await Promise.all(patches.map((patch) => hub.sdk.application.patch('busy', patch)));
  const { name, throttleRate, metadata } = await hub.sdk.application.get('busy');
  assert.deepEqual(
    { name, throttleRate, metadata },
    { name: 'Renamed', throttleRate: 9, metadata: { a: 'b' } },
  );
});
