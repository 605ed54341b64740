import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineRig, ORGANIZATION, type RigOptions } from '../../test/support/engine-rig.ts';
import { ALL_SHARDS, ScriptedCluster, type ScriptedNode } from '../../test/support/scripted-cluster.ts';
import { answers, hangs } from '../../test/support/scripted-wire.ts';
import type { Application, Destination } from '../core/catalog/resources.ts';
import { type ApplicationId, renderId } from '../core/ids.ts';
import { shardOf } from '../core/shard.ts';
import type { AttemptRecord } from '../ports/queue.ts';
import type { LoadedApplication } from './engine.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NONE: ReadonlySet<number> = new Set();
const numbers = (count: number) => Array.from({ length: count }, (_, index) => `${index}`);
const shardsOf = (...destinations: Destination[]) => new Set(destinations.map(({ id }) => shardOf(id)));
const attempted = (rig: EngineRig, destination: Destination) => rig.callsTo(destination).length;
const scopeOf = ({ id }: Application) => ({ organization: ORGANIZATION, applicationId: id as ApplicationId });
const logged = (rig: EngineRig, event: string) => rig.lines.filter((line) => line.event === event).length;

interface Pair {
  readonly cluster: ScriptedCluster;
  readonly one: EngineRig;
  readonly two: EngineRig;
  readonly nodes: readonly [ScriptedNode, ScriptedNode];
  readonly app: Application;
}

/** Two engines on one store; the first holds every shard until a test moves some. */
async function startPair(
  t: { after(fn: () => Promise<void>): void },
  options: RigOptions = {},
): Promise<Pair> {
  const cluster = new ScriptedCluster();
  const nodes = [cluster.node(ALL_SHARDS), cluster.node(NONE)] as const;
  const optionsOf = (node: ScriptedNode): RigOptions => ({
    ...options,
    wrapStorage: (storage) => cluster.storage(storage, node),
  });
  const one = await EngineRig.start(optionsOf(nodes[0]));
  const two = await EngineRig.start({ ...optionsOf(nodes[1]), beside: one });
  t.after(async () => {
    await two.close();
    await one.close();
  });
  const app = await one.addApplication({ uid: 'shop' });
  return { cluster, one, two, nodes, app };
}

async function load(rig: EngineRig): Promise<LoadedApplication> {
  return rig.engine.directory.application(ORGANIZATION, 'shop');
}

test('each node delivers what it holds, wherever it was published', async (t) => {
  const { cluster, one, two, nodes, app } = await startPair(t);
  const [here, there] = [await one.addDestination(app), await one.addDestination(app)];
  await cluster.move(shardsOf(there), ...nodes);
  assert.equal(two.engine.metrics.shardsHeld, 1);
  assert.equal(one.engine.metrics.shardsHeld, 255);
  for (const body of numbers(10)) await (Number(body) % 2 === 0 ? one : two).publish(app, body);
  await one.clock.advance(SECOND);
  assert.deepEqual(one.bodiesTo(here).toSorted(), numbers(10));
  assert.deepEqual(two.bodiesTo(there).toSorted(), numbers(10));
  assert.equal(one.wire.calls.length + two.wire.calls.length, 20);
  assert.equal(await one.unsettled(), 0);
});

test('a node that joins takes up the work of the shards it is given', async (t) => {
  const { one, two, nodes, app } = await startPair(t);
  const destination = await one.addDestination(app);
  nodes[0].isLeaseValid = false;
  for (const body of numbers(5)) await one.publish(app, body);
  await one.clock.advance(SECOND);
  await nodes[0].giveUp(ALL_SHARDS);
  nodes[1].gain(ALL_SHARDS);
  await one.clock.advance(SECOND);
  assert.deepEqual(two.bodiesTo(destination), numbers(5));
  assert.equal(attempted(one, destination), 0);
});

test('giving up waits for what is under way, begins nothing more, and leaves the rest to the other', async (t) => {
  const react = () => answers(200, { afterMs: 300 });
  const { cluster, one, two, nodes, app } = await startPair(t, {
    react,
    settings: { concurrencyPerDestination: 2 },
  });
  const destination = await one.addDestination(app);
  for (const body of numbers(10)) await one.publish(app, body);
  await one.clock.advance(100);
  let isMoved = false;
  const moving = cluster.move(shardsOf(destination), ...nodes).then(() => {
    isMoved = true;
  });
  await one.clock.advance(100);
  assert.equal(isMoved, false);
  await one.publish(app, 'late');
  await one.clock.advance(200);
  await moving;
  assert.equal(attempted(one, destination), 2);
  await one.clock.advance(10 * SECOND);
  assert.deepEqual(two.bodiesTo(destination), [...numbers(10).slice(2), 'late']);
  assert.equal(await one.unsettled(), 0);
  assert.equal(one.engine.metrics.heldInMemory, 0);
});

test('what was under way in a membership that has ended is fenced off, once and for all', async (t) => {
  const { one, two, nodes, app } = await startPair(t, {
    react: () => answers(500, { afterMs: 300 }),
    settings: { concurrencyPerDestination: 2 },
  });
  const destination = await one.addDestination(app);
  for (const body of numbers(5)) await one.publish(app, body);
  await one.clock.advance(100);
  nodes[0].hearOfDeath();
  assert.equal(one.engine.metrics.lanes, 0);
  assert.equal(one.engine.metrics.shardsHeld, 0);
  two.react = () => answers(200);
  nodes[1].gain(ALL_SHARDS);
  await one.clock.advance(MINUTE);
  assert.equal(attempted(one, destination), 2);
  assert.equal(logged(one, 'delivery.fenced'), 2);
  assert.deepEqual(two.bodiesTo(destination), numbers(5));
  assert.equal(await one.unsettled(), 0);
  assert.equal(one.engine.metrics.heldInMemory, 0);
  assert.equal(one.engine.metrics.heldBytes, 0);
});

test('a node that is dead and does not know sends no more of a lane after its first record was refused', async (t) => {
  const { one, two, nodes, app } = await startPair(t, { settings: { concurrencyPerDestination: 1 } });
  const destination = await one.addDestination(app);
  nodes[0].die();
  for (const body of numbers(5)) await one.publish(app, body);
  await one.clock.advance(SECOND);
  const begun = attempted(one, destination);
  // The second began while the first was being recorded.
  assert.ok(begun <= 2);
  await one.publish(app, 'late');
  await one.clock.advance(SECOND);
  assert.equal(attempted(one, destination), begun);
  nodes[0].hearOfDeath();
  nodes[1].gain(ALL_SHARDS);
  await one.clock.advance(SECOND);
  assert.deepEqual(two.bodiesTo(destination), [...numbers(5), 'late']);
  assert.equal(one.engine.metrics.heldInMemory, 0);
});

test('a node that hears of its death tells the new holders what it committed meanwhile', async (t) => {
  const { one, two, nodes, app } = await startPair(t);
  const destination = await one.addDestination(app);
  nodes[0].isLeaseValid = false;
  nodes[0].die();
  nodes[1].gain(ALL_SHARDS);
  await one.clock.advance(SECOND);
  await one.publish(app, 'after the new holder looked');
  await one.clock.advance(SECOND);
  assert.equal(attempted(two, destination), 0);
  nodes[0].hearOfDeath();
  await one.clock.advance(SECOND);
  assert.equal(attempted(two, destination), 1);
  assert.equal(attempted(one, destination), 0);
});

test('nothing begins while the lease is nearly over, and everything soon after it is renewed', async (t) => {
  const { one, nodes, app } = await startPair(t);
  const destination = await one.addDestination(app);
  nodes[0].isLeaseValid = false;
  await one.publish(app, '{}');
  await one.clock.advance(10 * SECOND);
  assert.equal(attempted(one, destination), 0);
  nodes[0].isLeaseValid = true;
  await one.clock.advance(100);
  assert.equal(attempted(one, destination), 1);
});

test('wakes that were lost are made up for by looking at every lane', async (t) => {
  const { cluster, one, two, nodes, app } = await startPair(t, {
    react: () => answers(200, { afterMs: 10 }),
  });
  const destination = await one.addDestination(app);
  await cluster.move(shardsOf(destination), ...nodes);
  await one.publish(app, 'first');
  await one.clock.advance(SECOND);
  cluster.isHeard = false;
  for (const body of numbers(3)) await one.publish(app, body);
  await one.clock.advance(SECOND);
  assert.equal(attempted(two, destination), 1);
  nodes[1].member!.missed();
  await one.clock.advance(SECOND);
  assert.deepEqual(two.bodiesTo(destination), ['first', ...numbers(3)]);
});

for (const onFailure of ['block', 'skip'] as const) {
  test(`${onFailure}: a lane that keeps order sends in order of acceptance, and only what is decided`, async (t) => {
    const { cluster, one, two, nodes, app } = await startPair(t, {
      react: () => answers(200, { afterMs: 5 }),
    });
    const destination = await one.addDestination(app, { ordering: { scope: 'endpoint', onFailure } });
    await cluster.move(shardsOf(destination), ...nodes);
    await one.publish(app, '0');
    await two.publish(app, '1');
    await one.clock.advance(SECOND);
    cluster.undecidedFrom = (await one.storage.history.lastSeq(scopeOf(app))) + 1;
    await two.publish(app, '2');
    await one.publish(app, '3');
    await one.clock.advance(10 * SECOND);
    assert.deepEqual(two.bodiesTo(destination), ['0', '1']);
    cluster.undecidedFrom = Number.POSITIVE_INFINITY;
    await one.clock.advance(200);
    assert.deepEqual(two.bodiesTo(destination), numbers(4));
  });
}

test('a plan made with an old catalog is made again: what was added elsewhere gets the event', async (t) => {
  const { cluster, one, two, app } = await startPair(t);
  await load(two);
  cluster.isHeard = false;
  const added = await one.addDestination(app);
  await two.publish(app, '{}');
  cluster.isHeard = true;
  await one.clock.advance(MINUTE);
  assert.equal(attempted(one, added), 1);
});

test('a destination disabled on another node has its lane canceled where it is held', async (t) => {
  const { one, two, app } = await startPair(t, { react: () => answers(500) });
  const destination = await one.addDestination(app);
  await one.publish(app, '{}');
  await one.clock.advance(SECOND);
  assert.equal(await one.unsettled(), 1);
  await two.change(destination, { disabled: true });
  await one.clock.advance(SECOND);
  assert.equal(await one.unsettled(), 0);
});

test('a person on another node mends a destination: its circuit closes where it is held', async (t) => {
  const { one, two, app } = await startPair(t, {
    react: () => answers(500),
    settings: { retryScheduleMs: [SECOND, SECOND, SECOND] },
  });
  const destination = await one.addDestination(app);
  for (const body of numbers(12)) await one.publish(app, body);
  await one.clock.advance(100);
  assert.equal(one.engine.metrics.lanesBlocked, 1);
  const before = attempted(one, destination);
  one.react = () => answers(200);
  await two.change(destination, { timeoutMs: 5_000 });
  await one.clock.advance(2 * SECOND);
  assert.equal(one.engine.metrics.lanesBlocked, 0);
  assert.equal(attempted(one, destination), before + 12);
  assert.equal(await one.unsettled(), 0);
});

test('a change on another node makes no lane forget a failure that is still being recorded', async (t) => {
  const { one, two, app } = await startPair(t, {
    react: () => answers(500),
    settings: { retryScheduleMs: [HOUR] },
  });
  const destination = await one.addDestination(app);
  const { queue } = one.storage;
  const { record } = queue;
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  Object.assign(queue, { record: (attempt: AttemptRecord) => released.then(() => record(attempt)) });
  await one.publish(app, '1');
  await one.clock.advance(SECOND);
  await two.addApplication();
  await one.publish(app, '2');
  await one.clock.advance(SECOND);
  assert.equal(attempted(one, destination), 2);
  release();
  await one.clock.advance(SECOND);
  const lane = { organization: ORGANIZATION, destinationId: destination.id };
  assert.equal((await queue.readHealth(lane))?.failuresInRow, 2);
});

for (const ordering of [
  { scope: 'none', onFailure: 'block' },
  { scope: 'endpoint', onFailure: 'block' },
] as const) {
  test(`${ordering.scope}: enabling a destination on another node hurries what waits`, async (t) => {
    const { one, two, app } = await startPair(t, {
      react: () => answers(500),
      settings: { retryScheduleMs: [30 * MINUTE] },
    });
    const destination = await one.addDestination(app, { ordering });
    await one.publish(app, '{}');
    await one.clock.advance(SECOND);
    one.react = () => answers(200);
    // It was disabled and enabled again before its lane could be canceled.
    const stored = await one.stored(destination);
    const disabled = { ...stored, disabled: true };
    await one.storage.catalog.write({
      organization: ORGANIZATION,
      changes: [
        { op: 'update', kind: 'destination', resource: { ...disabled, version: stored.version + 1 } },
      ],
      audit: [],
      idempotency: null,
      publish: [],
      forgetHealth: [],
    });
    await two.change(destination, { disabled: false });
    await one.clock.advance(3 * SECOND);
    assert.equal(attempted(one, destination), 2);
    assert.equal(await one.unsettled(), 0);
  });
}

test('a resend asked for on another node goes out within a second or so', async (t) => {
  const { one, two, app } = await startPair(t);
  const destination = await one.addDestination(app);
  const event = await one.publish(app, '{}');
  await one.clock.advance(SECOND);
  await two.engine.resend(ORGANIZATION, destination, event.id);
  await two.engine.resend(ORGANIZATION, destination, event.id).catch(() => {});
  await one.clock.advance(2 * SECOND);
  assert.equal(attempted(one, destination), 2);
  assert.equal(attempted(two, destination), 0);
});

test('a commit whose answer was lost is found by the holder', async (t) => {
  const { one, two, nodes, cluster, app } = await startPair(t);
  const destination = await one.addDestination(app);
  await cluster.move(shardsOf(destination), ...nodes);
  const { intake } = one.storage;
  const accept = intake.accept.bind(intake);
  Object.assign(intake, {
    accept: async (acceptance: Parameters<typeof accept>[0]) => {
      await accept(acceptance);
      throw new Error('The answer was lost.');
    },
  });
  await assert.rejects(one.publish(app, '{}'), /lost/);
  Object.assign(intake, { accept });
  await one.clock.advance(3 * SECOND);
  assert.equal(attempted(two, destination), 1);
});

test('a task runs where it was started, and goes on with the shard of its id', async (t) => {
  const { one, two, nodes, app, cluster } = await startPair(t);
  const destination = await one.addDestination(app);
  for (const body of numbers(3)) await one.publish(app, body);
  await one.clock.advance(SECOND);
  await cluster.move(new Set([...ALL_SHARDS].filter((shard) => shard % 2 === 1)), ...nodes);
  await one.clock.advance(SECOND);
  const reply = await two.engine.tasks.start({
    organization: ORGANIZATION,
    principal: two.principal,
    task: 'endpoint.bulk-replay',
    input: { applicationId: app.id, destinationId: destination.id, since: 0 },
    idempotency: null,
    reply: (task) => ({ status: 202, body: task }),
  });
  const { id } = reply.body as { id: string };
  assert.equal(shardOf(id) % 2, 1);
  // Before its first step: the other one does it all.
  nodes[1].hearOfDeath();
  nodes[0].gain(ALL_SHARDS);
  await one.clock.advance(10 * SECOND);
  const task = await one.storage.catalog.find(ORGANIZATION, 'background-task', { id }, undefined);
  assert.equal(task?.status, 'finished', renderId(id as never, 'backgroundTask'));
  assert.equal(attempted(one, destination) + attempted(two, destination), 6);
});

test('a task that a node takes in after its death is found by the new holder', async (t) => {
  const { one, two, nodes } = await startPair(t);
  nodes[0].die();
  nodes[1].gain(ALL_SHARDS);
  await one.clock.advance(SECOND);
  const reply = await one.engine.tasks.start({
    organization: ORGANIZATION,
    principal: one.principal,
    task: 'event-type.aggregate',
    input: {},
    idempotency: null,
    reply: (task) => ({ status: 202, body: task }),
  });
  nodes[0].hearOfDeath();
  await one.clock.advance(MINUTE);
  const { id } = reply.body as { id: string };
  const task = await two.storage.catalog.find(ORGANIZATION, 'background-task', { id }, undefined);
  assert.equal(task?.status, 'finished');
});

test('a node that holds nothing takes no task', async (t) => {
  const { two } = await startPair(t);
  const start = two.engine.tasks.start({
    organization: ORGANIZATION,
    principal: two.principal,
    task: 'event-type.aggregate',
    input: {},
    idempotency: null,
    reply: (task) => ({ status: 202, body: task }),
  });
  await assert.rejects(start, { code: 'unavailable' });
});

test('an engine that stops ends what is under way, leaves, and another goes on', async (t) => {
  const react = () => answers(200, { afterMs: 300 });
  const { one, two, nodes, app } = await startPair(t, { react, settings: { concurrencyPerDestination: 1 } });
  const destination = await one.addDestination(app);
  for (const body of numbers(3)) await one.publish(app, body);
  await one.clock.advance(100);
  const stopping = one.engine.stop(5 * SECOND);
  await one.clock.advance(SECOND);
  await stopping;
  assert.equal(nodes[0].member, null);
  assert.equal(attempted(one, destination), 1);
  nodes[1].gain(ALL_SHARDS);
  await one.clock.advance(5 * SECOND);
  assert.deepEqual(two.bodiesTo(destination), ['1', '2']);
  assert.equal(logged(one, 'delivery.fenced'), 0);
});

test('a read that was under way when its shard went leaves nothing in memory', async (t) => {
  const { one, nodes, app } = await startPair(t, { react: () => hangs() });
  await one.addDestination(app);
  for (const body of numbers(20)) await one.publish(app, body);
  nodes[0].member!.missed();
  nodes[0].hearOfDeath();
  await one.clock.advance(MINUTE);
  assert.equal(one.engine.metrics.heldInMemory, 0);
  assert.equal(one.engine.metrics.inFlight, 0);
});
