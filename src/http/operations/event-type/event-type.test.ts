import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';
import { refusal } from '../../../../test/support/refusal.ts';

let hub: TestPosthorn;
before(async () => {
  hub = await startPosthorn();
});
after(() => hub.stop());

const schemas = { 1: { type: 'object', properties: { id: { type: 'string' } } } };

test('an event type is created, read, replaced and patched', async () => {
  const { eventType } = hub.sdk;
  const made = await eventType.create({
    name: 'user.signup',
    description: 'Signed up',
    schemas,
    groupName: 'user',
  });
  assert.deepEqual([made.archived, made.deprecated, made.schemas], [false, false, schemas]);
  assert.deepEqual(await eventType.get('user.signup'), made);
  const patched = await eventType.patch('user.signup', { deprecated: true });
  assert.deepEqual([patched.deprecated, patched.groupName, patched.schemas], [true, 'user', schemas]);
  const replaced = await eventType.upsert('user.signup', { description: 'Joined' });
  assert.deepEqual(
    [replaced.description, replaced.deprecated, replaced.groupName, replaced.schemas],
    ['Joined', false, null, null],
  );
  const put = await hub.call('PUT', '/api/v1/event-type/user.left', { body: { description: 'Left' } });
  assert.deepEqual([put.status, put.json.name], [201, 'user.left']);
});

test('a name exists once; deleting archives, creating again brings it back, expunging removes', async () => {
  const { eventType } = hub.sdk;
  await eventType.create({ name: 'order.paid', description: 'Paid' });
  await assert.rejects(
    eventType.create({ name: 'order.paid', description: 'Paid' }),
    refusal(409, 'event_type_exists'),
  );
  await eventType.delete('order.paid');
  assert.equal((await eventType.get('order.paid')).archived, true);
  const names = async (includeArchived: boolean): Promise<string[]> =>
    (await eventType.list({ includeArchived })).data.map(({ name }) => name);
  assert.ok(!(await names(false)).includes('order.paid'));
  assert.ok((await names(true)).includes('order.paid'));
  const back = await eventType.create({ name: 'order.paid', description: 'Paid again' });
  assert.deepEqual([back.archived, back.description], [false, 'Paid again']);
  await eventType.delete('order.paid', { expunge: true });
  await assert.rejects(eventType.get('order.paid'), refusal(404, 'not_found'));
});

test('a change answers its own instant, the one that is read afterwards', async () => {
  const { eventType } = hub.sdk;
  const made = await eventType.create({ name: 'time.told', description: '' });
  const changes = [
    () => eventType.patch('time.told', { deprecated: true }),
    () => eventType.upsert('time.told', { description: 'Told' }),
    async () => {
      await eventType.delete('time.told');
      return eventType.create({ name: 'time.told', description: 'Told again' });
    },
  ];
  for (const change of changes) {
    await setTimeout(5);
    const changed = await change();
    assert.ok(changed.updatedAt > made.updatedAt);
    assert.deepEqual(await eventType.get('time.told'), changed);
  }
});

test('the list goes by name, forwards and backwards, with schemas only when asked for', async () => {
  const { eventType } = hub.sdkFor(await hub.tokenOf('org_names'));
  for (const name of ['b', 'a.z', 'c', 'a']) await eventType.create({ name, description: '', schemas });
  const first = await eventType.list({ limit: 3 });
  assert.deepEqual(
    first.data.map(({ name }) => name),
    ['a', 'a.z', 'b'],
  );
  assert.equal(first.data[0]?.schemas, null);
  const rest = await eventType.list({ limit: 3, iterator: first.iterator, withContent: true });
  assert.deepEqual(
    [rest.data.map(({ name }) => name), rest.done, rest.data[0]?.schemas],
    [['c'], true, schemas],
  );
  const back = await eventType.list({ limit: 2, iterator: rest.prevIterator! });
  assert.deepEqual(
    back.data.map(({ name }) => name),
    ['a.z', 'b'],
  );
});

test('an app token sees a flagged event type only with its flag', async () => {
  const { eventType, application, authentication } = hub.sdkFor(await hub.tokenOf('org_flags'));
  for (const name of ['a', 'c', 'e']) await eventType.create({ name, description: '' });
  await eventType.create({ name: 'b', description: '', featureFlags: ['beta'] });
  await eventType.create({ name: 'd', description: '', featureFlags: ['other'] });
  await application.create({ name: 'x', uid: 'x' });
  const plain = hub.sdkFor((await authentication.appPortalAccess('x', {})).token);
  const beta = hub.sdkFor((await authentication.appPortalAccess('x', { featureFlags: ['beta'] })).token);
  const names = async (sdk: typeof plain): Promise<string> => {
    const page = await sdk.eventType.list({ limit: 2 });
    const next = await sdk.eventType.list({ limit: 2, iterator: page.iterator });
    return [...page.data, ...next.data].map(({ name }) => name).join('');
  };
  assert.equal(await names(plain), 'ace');
  assert.equal(await names(beta), 'abce');
  await assert.rejects(plain.eventType.get('b'), refusal(404, 'not_found'));
  assert.equal((await beta.eventType.get('b')).featureFlag, 'beta');
  await assert.rejects(beta.eventType.delete('b'), refusal(403, 'insufficient access'));
});

test('a retry schedule of its own is kept in seconds', async () => {
  const body = { name: 'slow', description: '', retrySchedule: [5, '5m', '500ms'] };
  const made = await hub.call('POST', '/api/v1/event-type', { body });
  assert.deepEqual([made.status, made.json.retrySchedule], [201, [5, 300, 0.5]]);
  const cleared = await hub.call('PATCH', '/api/v1/event-type/slow', { body: { retrySchedule: null } });
  assert.equal(cleared.json.retrySchedule, null);
});

test('bad input is refused by field', async () => {
  const { eventType } = hub.sdk;
  const create = (input: object): Promise<unknown> =>
    eventType.create(input as { name: string; description: string });
  await assert.rejects(create({ name: 'x' }), refusal(422, 'body.description'));
  await assert.rejects(create({ name: 'a b', description: '' }), refusal(422, 'body.name'));
  await assert.rejects(
    create({ name: 'x', description: '', schemas: { 1: 'no' } }),
    refusal(422, 'body.schemas.[1]'),
  );
  await assert.rejects(eventType.upsert('a b', { description: '' }), refusal(422, 'path.event_type_name'));
});
