import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FailingStorage, type Fate } from '../../test/support/failing-storage.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { SeededDice } from '../../test/support/seeded-dice.ts';
import type { Principal } from '../core/access/access.ts';
import { BLANK_DESTINATION } from '../core/catalog/blank-destination.ts';
import type { Application, BackgroundTask, Destination } from '../core/catalog/resources.ts';
import type { Event } from '../core/event/event.ts';
import { type ApplicationId, type EventId, newId, type OrganizationId, renderId } from '../core/ids.ts';
import type { Change } from '../ports/catalog.ts';
import type { Log } from '../ports/log.ts';
import type { Storage } from '../ports/storage.ts';
import { openSqlite } from '../storage/sqlite/open.ts';
import type { Engine, IdempotencyKey } from './engine.ts';
import { createTasks, type RunningTasks, type TaskParts } from './tasks.ts';

const organization = 'org_tasks' as OrganizationId;
const silent: Log = { info: () => {}, warn: () => {}, error: () => {} };
const principal: Principal = {
  kind: 'organization-token',
  organization,
  applicationId: null,
  role: 'owner',
  scopes: ['*'],
  actorId: organization,
  featureFlags: null,
};

/** A store with one application and one endpoint, and replays that go straight to its queue. */
async function makeHouse(t: { after(fn: () => Promise<void>): void }) {
  const clock = new FakeClock();
  const dice = new SeededDice(1);
  const store = await openSqlite({ path: ':memory:', form: 'inline', clock, log: silent });
  t.after(() => store.upkeep.close());
  const id = <Name extends string>() => newId<Name>(clock.now(), dice.bytes(15));
  const house = {
    clock,
    dice,
    store,
    id,
    queued: new Map<EventId, number>(),
    application: id<'application'>(),
  };
  await store.catalog.openOrganization(organization);
  const application: Application = {
    ...fresh(house.application, null, clock.now()),
    uid: 'ada',
    name: 'Ada',
    throttleRate: null,
    metadata: {},
    tokensValidFrom: 0,
  };
  await write(store, [{ op: 'insert', kind: 'application', resource: application }]);
  return house;
}
type House = Awaited<ReturnType<typeof makeHouse>>;

function fresh<Id>(id: Id, ownerId: ApplicationId | null, now: number) {
  return { id, uid: null, ownerId, createdAt: now, updatedAt: now, version: 1 };
}

async function write(store: Storage, changes: readonly Change[]): Promise<void> {
  const result = await store.catalog.write({
    organization,
    changes,
    audit: [],
    idempotency: null,
    publish: [],
    forgetHealth: [],
  });
  assert.equal(result.kind, 'done');
}

async function addEndpoint(house: House, over: Partial<Destination> = {}): Promise<Destination> {
  const endpoint: Destination = {
    ...BLANK_DESTINATION,
    ...fresh(house.id<'destination'>(), house.application, house.clock.now()),
    url: 'http://receiver.test/',
    ...over,
  };
  await write(house.store, [{ op: 'insert', kind: 'destination', resource: endpoint }]);
  return endpoint;
}

interface Published {
  readonly event: Event;
  readonly seq: number;
}

async function publish(
  house: House,
  endpoints: readonly Destination[],
  over: Partial<Event> = {},
): Promise<Published> {
  const event: Event = {
    id: house.id<'event'>(),
    applicationId: house.application,
    received: null,
    type: 'order.placed',
    eventId: null,
    channels: null,
    tags: null,
    method: 'POST',
    contentType: 'application/json',
    headers: null,
    orderingKey: null,
    retryScheduleMs: null,
    acceptedAt: house.clock.now(),
    contentExpiresAt: house.clock.now() + 90 * 86_400_000,
    deliverAt: 0,
    ...over,
  };
  const result = await house.store.intake.accept({
    organization,
    event,
    content: new TextEncoder().encode('{}'),
    destinations: endpoints.map((endpoint) => endpoint.id),
    idempotency: null,
    catalogVersion: null,
    outboxNo: null,
  });
  assert.equal(result.kind, 'accepted');
  return { event, seq: result.kind === 'accepted' ? result.seq : 0 };
}

/** Records the end of a delivery. */
async function settle(
  house: House,
  endpoint: Destination,
  { event, seq }: Published,
  end: { status: 'failed' | 'delivered'; statusCode: number },
): Promise<void> {
  await house.store.queue.record({
    organization,
    epoch: 0,
    seq,
    attempt: {
      id: house.id<'attempt'>(),
      eventId: event.id,
      destinationId: endpoint.id,
      url: endpoint.url,
      outcome: 'answered',
      response: new Uint8Array(),
      durationMs: 1,
      startedAt: house.clock.now(),
      trigger: 'scheduled',
      number: 1,
      nextAttemptAt: null,
      ...end,
    },
    next: { kind: 'settled' },
    health: undefined,
    publish: [],
  });
}

/** Messages that an endpoint has failed to take. */
async function publishFailed(house: House, endpoint: Destination, count: number): Promise<void> {
  const published = await Promise.all(Array.from({ length: count }, () => publish(house, [endpoint])));
  const end = { status: 'failed', statusCode: 500 } as const;
  await Promise.all(published.map((one) => settle(house, endpoint, one, end)));
  await house.clock.advance(10);
}

/** Tasks whose replays are counted per event and then left in the queue, or handled as `onQueued` says. */
function makeTasks(
  house: House,
  options: {
    storage?: Storage;
    onQueued?: (ids: readonly EventId[]) => Promise<void>;
    parts?: Partial<TaskParts>;
  } = {},
): RunningTasks {
  const storage = options.storage ?? house.store;
  const replay: Engine['replay'] = async (_, destination, eventIds) => {
    const results = await storage.queue.enqueue(
      organization,
      eventIds.map((eventId) => ({ eventId, destinationId: destination.id, trigger: 'scheduled', dueAt: 0 })),
    );
    const queued = eventIds.filter((_id, index) => results[index]!.kind === 'queued');
    for (const id of queued) house.queued.set(id, (house.queued.get(id) ?? 0) + 1);
    await options.onQueued?.(queued);
    return results.filter(({ kind }) => kind === 'queued' || kind === 'already-queued').length;
  };
  return createTasks({
    isHere: () => true,
    written: () => {},
    received: { find: async () => ({ rows: [], next: null }), plan: async () => [] },
    storage,
    clock: house.clock,
    dice: house.dice,
    log: silent,
    replay,
    ...options.parts,
  });
}

function startTask(
  tasks: RunningTasks,
  task: string,
  input: Record<string, unknown>,
  idempotency: IdempotencyKey | null = null,
): Promise<string> {
  const reply = tasks.start({
    organization,
    principal,
    task,
    input,
    idempotency,
    reply: (made) => ({ status: 202, body: { id: made.id } }),
  });
  return reply.then(({ body }) => (typeof body === 'string' ? JSON.parse(body) : body).id as string);
}

async function readTask(house: House, id: string): Promise<BackgroundTask> {
  const task = await house.store.catalog.find(organization, 'background-task', { id }, undefined);
  assert.ok(task !== null);
  return task;
}

/** Lets time pass until the task has ended. */
async function untilEnded(house: House, id: string): Promise<BackgroundTask> {
  for (let turns = 0; turns < 2_000; turns++) {
    const task = await readTask(house, id);
    if (task.status !== 'running') return task;
    await house.clock.advance(1_000);
  }
  assert.fail('The task does not end.');
}

function rangeOf(endpoint: Destination, over: Record<string, unknown> = {}) {
  return { applicationId: endpoint.ownerId, destinationId: endpoint.id, since: 0, until: null, ...over };
}

test('recover queues each of more than 10,000 failed messages exactly once, although they fail again meanwhile', async (t) => {
  const house = await makeHouse(t);
  const endpoint = await addEndpoint(house);
  const published = await Promise.all(Array.from({ length: 10_450 }, () => publish(house, [endpoint])));
  const failed = published.slice(50);
  const byId = new Map(published.map((one) => [one.event.id, one]));
  await Promise.all(
    published.map((one, index) =>
      settle(
        house,
        endpoint,
        one,
        index < 50 ? { status: 'delivered', statusCode: 200 } : { status: 'failed', statusCode: 500 },
      ),
    ),
  );
  await house.clock.advance(10);
  const tasks = makeTasks(house, {
    onQueued: async (ids) => {
      await Promise.all(
        ids.map((id) => settle(house, endpoint, byId.get(id)!, { status: 'failed', statusCode: 500 })),
      );
    },
  });
  const task = await untilEnded(house, await startTask(tasks, 'endpoint.recover', rangeOf(endpoint)));
  assert.equal(task.status, 'finished');
  assert.deepEqual(task.progress, { done: 10_400, total: 10_400 });
  assert.deepEqual(task.data, { messagesSent: 10_400 });
  assert.equal(house.queued.size, 10_400);
  for (const { event } of failed) assert.equal(house.queued.get(event.id), 1);
});

test('a task goes on where it was after its process died, and repeats at most the page that was under way', async (t) => {
  const house = await makeHouse(t);
  const endpoint = await addEndpoint(house);
  await publishFailed(house, endpoint, 900);
  let writes = 0;
  const dying = new FailingStorage({
    inner: house.store,
    // The insert, a step, then death after a page was queued and before its cursor was written.
    fate: ({ name }): Fate => (name === 'catalog.write' && ++writes === 3 ? 'die-before' : 'pass'),
  });
  const id = await startTask(makeTasks(house, { storage: dying }), 'endpoint.recover', rangeOf(endpoint));
  await house.clock.advance(60_000);
  assert.equal(dying.isDead, true);
  assert.equal(house.queued.size, 400);
  assert.equal((await readTask(house, id)).progress.done, 200);

  const tasks = makeTasks(house);
  await tasks.resume();
  const task = await untilEnded(house, id);
  assert.equal(task.status, 'finished');
  assert.equal(house.queued.size, 900);
  assert.deepEqual([...new Set(house.queued.values())], [1]);
});

test('a step is tried again when the store was unavailable, or when its answer was lost', async (t) => {
  const house = await makeHouse(t);
  const endpoint = await addEndpoint(house);
  await publishFailed(house, endpoint, 450);
  const fates: Fate[] = ['pass', 'reject', 'lose-reply', 'reject', 'reject'];
  const flaky = new FailingStorage({
    inner: house.store,
    fate: ({ name }) => (name === 'catalog.write' ? (fates.shift() ?? 'pass') : 'pass'),
  });
  const id = await startTask(makeTasks(house, { storage: flaky }), 'endpoint.recover', rangeOf(endpoint));
  const task = await untilEnded(house, id);
  // Messages that a repeated step finds queued already are not counted again.
  assert.deepEqual([task.status, fates.length], ['finished', 0]);
  assert.equal(house.queued.size, 450);
});

test('a task of an endpoint that was removed fails and says so', async (t) => {
  const house = await makeHouse(t);
  const endpoint = await addEndpoint(house);
  await write(house.store, [{ op: 'remove', kind: 'destination', id: endpoint.id }]);
  const task = await untilEnded(
    house,
    await startTask(makeTasks(house), 'endpoint.recover', rangeOf(endpoint)),
  );
  assert.equal(task.status, 'failed');
  assert.match(String(task.data.error), /endpoint was removed/);
});

test('a bug fails its task without telling its cause, and the next task runs', async (t) => {
  const house = await makeHouse(t);
  const endpoint = await addEndpoint(house);
  await publishFailed(house, endpoint, 1);
  const logged: unknown[] = [];
  const tasks = makeTasks(house, {
    parts: {
      replay: async () => {
        throw new TypeError('a secret detail');
      },
      log: { ...silent, error: (_event, cause) => logged.push(cause) },
      atOnceMax: 1,
    },
  });
  const broken = await startTask(tasks, 'endpoint.recover', rangeOf(endpoint));
  const fine = await startTask(tasks, 'application.purge_content', { applicationId: house.application });
  const task = await untilEnded(house, broken);
  assert.equal(task.status, 'failed');
  assert.doesNotMatch(JSON.stringify(task.data), /secret detail/);
  assert.ok(logged.some((cause) => cause instanceof TypeError));
  assert.equal((await untilEnded(house, fine)).status, 'finished');
});

test('at most so many tasks run at once; the others wait their turn', async (t) => {
  const house = await makeHouse(t);
  const endpoint = await addEndpoint(house);
  await publishFailed(house, endpoint, 1);
  let running = 0;
  let most = 0;
  const tasks = makeTasks(house, {
    onQueued: async () => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => house.clock.after(5_000, resolve));
      running--;
    },
    parts: { atOnceMax: 2 },
  });
  const again = { eventTypes: null, channel: null, tag: null, status: null, statusCodeClass: null };
  const ids: string[] = [];
  for (let i = 0; i < 5; i++)
    ids.push(await startTask(tasks, 'endpoint.bulk-replay', rangeOf(endpoint, again)));
  for (const id of ids) assert.equal((await untilEnded(house, id)).status, 'finished');
  assert.equal(most, 2);
});

test('a task that is canceled while a step runs counts what that step has queued, and goes no further', async (t) => {
  const house = await makeHouse(t);
  const endpoint = await addEndpoint(house);
  await publishFailed(house, endpoint, 450);
  let id = '';
  const tasks = makeTasks(house, {
    onQueued: async () => {
      const task = await readTask(house, id);
      const resource = { ...task, status: 'canceled', version: task.version + 1 } as const;
      await write(house.store, [{ op: 'update', kind: 'background-task', resource }]);
    },
  });
  id = await startTask(tasks, 'endpoint.recover', rangeOf(endpoint));
  const canceled = await untilEnded(house, id);
  await house.clock.advance(60_000);
  const task = await readTask(house, id);
  assert.equal(canceled.status, 'canceled');
  assert.deepEqual(
    [task.status, task.progress, task.data],
    ['canceled', { done: 200, total: 450 }, { messagesSent: 200 }],
  );
  assert.equal(house.queued.size, 200);
});

async function cancel(house: House, { id }: Destination, eventIds: readonly EventId[]): Promise<void> {
  const lane = { organization, destinationId: id };
  const options = { limit: 10, now: house.clock.now(), newAttemptIds: () => house.id() };
  for (const eventId of eventIds) await house.store.queue.cancel(lane, { eventId, ...options });
}

test('recover takes what was canceled, too, and counts only what has a payload left to send', async (t) => {
  const house = await makeHouse(t);
  const endpoint = await addEndpoint(house);
  const waited = await publish(house, [endpoint]);
  const emptied = await publish(house, [endpoint]);
  await cancel(house, endpoint, [waited.event.id, emptied.event.id]);
  const scope = { organization, applicationId: house.application };
  await house.store.history.expungeContent(scope, emptied.event.id);
  await house.clock.advance(10);
  const task = await untilEnded(
    house,
    await startTask(makeTasks(house), 'endpoint.recover', rangeOf(endpoint)),
  );
  assert.deepEqual([task.status, task.progress], ['finished', { done: 2, total: 2 }]);
  assert.deepEqual(task.data, { messagesSent: 1 });
  assert.deepEqual([...house.queued.keys()], [waited.event.id]);
});

test('stopping leaves a task running in the store, and ends its steps', async (t) => {
  const house = await makeHouse(t);
  const endpoint = await addEndpoint(house);
  await publishFailed(house, endpoint, 450);
  const tasks = makeTasks(house);
  const id = await startTask(tasks, 'endpoint.recover', rangeOf(endpoint));
  await tasks.stop();
  const doneAtStop = (await readTask(house, id)).progress.done;
  await house.clock.advance(60_000);
  const task = await readTask(house, id);
  assert.deepEqual([task.status, task.progress.done], ['running', doneAtStop]);
  assert.ok(doneAtStop < 450);
});

test('a repeated start with the same key gives the first answer and starts nothing; another body is refused', async (t) => {
  const house = await makeHouse(t);
  const endpoint = await addEndpoint(house);
  const tasks = makeTasks(house);
  const key = { keyHash: new Uint8Array(32).fill(1), bodyHash: new Uint8Array(32).fill(2) };
  const first = await startTask(tasks, 'endpoint.recover', rangeOf(endpoint), key);
  assert.equal(await startTask(tasks, 'endpoint.recover', rangeOf(endpoint), key), first);
  const other = { ...key, bodyHash: new Uint8Array(32).fill(3) };
  await assert.rejects(startTask(tasks, 'endpoint.recover', rangeOf(endpoint), other), {
    code: 'idempotency_key_reused',
  });
  await untilEnded(house, first);
  const all = await house.store.catalog.list(organization, 'background-task', {
    orderBy: 'id',
    direction: 'ascending',
    after: null,
    limit: 10,
  });
  assert.equal(all.length, 1);
});

test('a task whose start was stored although its caller was told of a failure runs', async (t) => {
  const house = await makeHouse(t);
  const fates: Fate[] = ['lose-reply'];
  const flaky = new FailingStorage({
    inner: house.store,
    fate: ({ name }) => (name === 'catalog.write' ? (fates.shift() ?? 'pass') : 'pass'),
  });
  const tasks = makeTasks(house, { storage: flaky });
  const input = { applicationId: house.application };
  await assert.rejects(startTask(tasks, 'application.purge_content', input), { code: 'unavailable' });
  const [running] = await house.store.catalog.runningTasks(10);
  assert.ok(running !== undefined);
  assert.equal((await untilEnded(house, running.task.id)).status, 'finished');
});

test('bad input is refused and stores nothing', async (t) => {
  const house = await makeHouse(t);
  const endpoint = await addEndpoint(house);
  const tasks = makeTasks(house);
  const bad: [string, Record<string, unknown>][] = [
    ['endpoint.recover', rangeOf(endpoint, { since: 'yesterday' })],
    ['endpoint.recover', rangeOf(endpoint, { destinationId: 'ep_1' })],
    ['endpoint.bulk-replay', rangeOf(endpoint, { status: 'lost' })],
    ['endpoint.bulk-replay', rangeOf(endpoint, { statusCodeClass: 204 })],
    ['endpoint.bulk-replay', rangeOf(endpoint, { eventTypes: 'order.placed' })],
    ['application.stats', { since: 0 }],
  ];
  for (const [task, input] of bad)
    await assert.rejects(startTask(tasks, task, input), { code: 'validation' });
  assert.deepEqual(await house.store.catalog.runningTasks(10), []);
});

test('replay-missing queues what the endpoint wants and was never given', async (t) => {
  const house = await makeHouse(t);
  const old = await addEndpoint(house);
  const wants = { eventTypes: ['order.placed'], channels: ['north'] };
  const endpoint = await addEndpoint(house, wants);
  const missing = await publish(house, [old], { channels: ['north', 'south'] });
  await publish(house, [old], { channels: ['south'] });
  await publish(house, [old]);
  await publish(house, [old], { channels: ['north'], type: 'user.joined' });
  const had = await publish(house, [old, endpoint], { channels: ['north'] });
  await settle(house, endpoint, had, { status: 'failed', statusCode: 500 });
  await house.clock.advance(10);
  const task = await untilEnded(
    house,
    await startTask(makeTasks(house), 'endpoint.replay', rangeOf(endpoint)),
  );
  assert.equal(task.status, 'finished');
  assert.deepEqual([...house.queued.keys()], [missing.event.id]);
});

test('bulk replay is narrowed by type, state, and the class of the latest answer', async (t) => {
  const house = await makeHouse(t);
  const endpoint = await addEndpoint(house);
  const ended = async (status: 'failed' | 'delivered', statusCode: number, over: Partial<Event> = {}) => {
    const one = await publish(house, [endpoint], over);
    await settle(house, endpoint, one, { status, statusCode });
    return one.event.id;
  };
  const refused = await ended('failed', 404);
  const broke = await ended('failed', 503);
  const fine = await ended('delivered', 200);
  const other = await ended('delivered', 200, { type: 'user.joined', tags: ['vip'] });
  await house.clock.advance(10);
  const replayed = async (filter: Record<string, unknown>): Promise<EventId[]> => {
    house.queued.clear();
    const byId = new Map<EventId, true>();
    const tasks = makeTasks(house, { onQueued: async (ids) => ids.forEach((id) => void byId.set(id, true)) });
    await untilEnded(house, await startTask(tasks, 'endpoint.bulk-replay', rangeOf(endpoint, filter)));
    await cancel(house, endpoint, [...byId.keys()]);
    return [...byId.keys()];
  };
  assert.deepEqual(await replayed({ statusCodeClass: 400 }), [refused]);
  assert.deepEqual(await replayed({ tag: 'vip' }), [other]);
  assert.deepEqual(
    new Set(await replayed({ eventTypes: ['order.placed'] })),
    new Set([refused, broke, fine]),
  );
});

test('purging removes the payloads of the messages that were there when it was started', async (t) => {
  const house = await makeHouse(t);
  const endpoint = await addEndpoint(house);
  const before = await Promise.all(Array.from({ length: 420 }, () => publish(house, [endpoint])));
  await house.clock.advance(10);
  const tasks = makeTasks(house);
  const id = await startTask(tasks, 'application.purge_content', { applicationId: house.application });
  await house.clock.advance(10);
  const after = await publish(house, [endpoint]);
  const task = await untilEnded(house, id);
  assert.deepEqual([task.status, task.data], ['finished', { messagesPurged: 420 }]);
  const scope = { organization, applicationId: house.application };
  const stateOf = async ({ event }: Published) =>
    (await house.store.history.findEvent(scope, { id: event.id }, { withContent: true }))?.contentState;
  assert.equal(await stateOf(before[0]!), 'expunged');
  assert.equal(await stateOf(before[419]!), 'expunged');
  assert.equal(await stateOf(after), 'kept');
});

test('statistics count messages and attempts per application', async (t) => {
  const house = await makeHouse(t);
  const endpoint = await addEndpoint(house);
  const since = house.clock.now();
  for (let i = 0; i < 3; i++) {
    const one = await publish(house, [endpoint]);
    if (i > 0) await settle(house, endpoint, one, { status: 'delivered', statusCode: 200 });
  }
  await house.clock.advance(1_000);
  const expected = {
    appId: renderId(house.application, 'application'),
    appUid: 'ada',
    messageDestinations: 2,
    messages: 3,
  };
  for (const applicationIds of [null, [house.application]]) {
    const input = { since, until: house.clock.now(), applicationIds };
    const task = await untilEnded(house, await startTask(makeTasks(house), 'application.stats', input));
    assert.equal(task.status, 'finished');
    assert.deepEqual(task.data, { appStats: [expected] });
  }
});

test('aggregating event types tells what endpoints subscribe to and what was published', async (t) => {
  const house = await makeHouse(t);
  const endpoint = await addEndpoint(house, { eventTypes: ['order.placed', 'order.paid'] });
  await addEndpoint(house, { eventTypes: ['order.paid'] });
  await publish(house, [endpoint], { type: 'order.paid' });
  await publish(house, [endpoint], { type: 'user.joined' });
  await house.clock.advance(1_000);
  const task = await untilEnded(house, await startTask(makeTasks(house), 'event-type.aggregate', {}));
  assert.equal(task.status, 'finished');
  assert.deepEqual(task.data, {
    event_types: [
      {
        appId: renderId(house.application, 'application'),
        explicitlySubscribedEventTypes: ['order.paid', 'order.placed'],
        hasCatchAllEndpoint: false,
      },
    ],
    used_event_types: ['order.paid', 'user.joined'],
  });
});
