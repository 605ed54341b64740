import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineRig } from '../../test/support/engine-rig.ts';
import { answers, hangs } from '../../test/support/scripted-wire.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const numbers = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `{"n":${from + index}}`);

test('a destination is called at most as often at once as it allows', async () => {
  const rig = await EngineRig.start({ react: () => hangs() });
  const app = await rig.addApplication();
  const two = await rig.addDestination(app, { concurrency: 2 });
  const plain = await rig.addDestination(app);
  for (const body of numbers(20)) await rig.publish(app, body);
  await rig.clock.advance(SECOND);
  assert.equal(rig.callsTo(two).length, 2);
  assert.equal(rig.callsTo(plain).length, 8);
  await rig.close();
});

test('endpoints that never answer leave slots for the others', async () => {
  const rig = await EngineRig.start({ settings: { concurrencyTotal: 16 } });
  const app = await rig.addApplication();
  const dead = [];
  for (let i = 0; i < 6; i++) dead.push(await rig.addDestination(app, { channels: ['dead'] }));
  const alive = await rig.addDestination(app, { channels: ['alive'] });
  rig.react = ({ url }) => (url.href === alive.url ? answers(200) : hangs());
  for (const body of numbers(50)) await rig.publish(app, body, { channels: ['dead'] });
  await rig.clock.advance(SECOND);
  for (const body of numbers(50)) await rig.publish(app, body, { channels: ['alive'] });
  await rig.clock.advance(SECOND);
  assert.equal(rig.callsTo(alive).length, 50);
  assert.ok(rig.engine.metrics.inFlight < 16);
  assert.ok(dead.every((destination) => rig.callsTo(destination).length > 0));
  await rig.close();
});

test('a rate holds per destination, and an application’s is shared by its destinations', async () => {
  const rig = await EngineRig.start();
  const app = await rig.addApplication({ throttleRate: 6 });
  const slow = await rig.addDestination(app, { throttleRate: 2 });
  const fast = await rig.addDestination(app);
  for (const body of numbers(40)) await rig.publish(app, body);
  await rig.clock.advance(10 * SECOND);
  const [slowCount, fastCount] = [rig.callsTo(slow).length, rig.callsTo(fast).length];
  assert.ok(slowCount >= 18 && slowCount <= 23, `${slowCount} calls in 10 s at 2 per second`);
  assert.ok(slowCount + fastCount <= 67, `${slowCount + fastCount} calls in 10 s at 6 per second`);
  assert.equal(fastCount, 40);
  await rig.clock.advance(20 * SECOND);
  assert.equal(rig.callsTo(slow).length, 40);
  await rig.close();
});

test('after ten failures the circuit opens, one probe goes at a time, and a success lets all through', async () => {
  const rig = await EngineRig.start({
    react: () => answers(500),
    settings: { retryScheduleMs: [10 * SECOND, HOUR], concurrencyPerDestination: 4 },
  });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  for (const body of numbers(30)) await rig.publish(app, body);
  await rig.clock.advance(SECOND);
  const opened = rig.callsTo(destination).length;
  assert.ok(opened >= 10 && opened <= 13, `${opened} calls before the circuit opened`);
  assert.equal(rig.engine.metrics.lanesBlocked, 1);
  assert.equal(rig.engine.metrics.heldInMemory, 0);
  await rig.clock.advance(22 * SECOND);
  assert.equal(rig.callsTo(destination).length, opened);
  await rig.clock.advance(15 * SECOND);
  assert.equal(rig.callsTo(destination).length, opened + 1);
  await rig.reopen();
  await rig.clock.advance(30 * SECOND);
  assert.equal(rig.callsTo(destination).length, opened + 1, 'the restart forgot that the circuit is open');
  rig.react = () => answers(200);
  await rig.clock.advance(MINUTE);
  assert.equal(new Set(rig.bodiesTo(destination).slice(opened + 1)).size >= 17, true);
  assert.equal(rig.engine.metrics.lanesBlocked, 0);
  await rig.clock.advance(2 * HOUR);
  assert.equal(await rig.unsettled(), 0);
  assert.equal(
    await rig.storage.queue.readHealth({ organization: rig.organization, destinationId: destination.id }),
    null,
  );
  await rig.close();
});

test('a dead endpoint with a long backlog takes no memory, and what it missed arrives when it is back', async () => {
  const rig = await EngineRig.start({
    react: () => answers(500),
    settings: { retryScheduleMs: [MINUTE, MINUTE, MINUTE, HOUR], laneItemsMax: 20 },
  });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  for (const body of numbers(300)) await rig.publish(app, body);
  await rig.clock.advance(SECOND);
  assert.equal(rig.engine.metrics.heldInMemory, 0);
  rig.react = () => answers(200);
  await rig.clock.advance(HOUR);
  assert.equal(new Set(rig.bodiesTo(destination)).size, 300);
  assert.equal(await rig.unsettled(), 0);
  assert.equal(rig.engine.metrics.heldInMemory, 0);
  assert.equal(rig.engine.metrics.heldBytes, 0);
  await rig.close();
});

test('more than fits in memory arrives completely and once, while more is being accepted', async () => {
  const rig = await EngineRig.start({
    react: () => answers(200, { afterMs: 20 }),
    settings: { laneItemsMax: 16, concurrencyPerDestination: 4 },
  });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  for (let round = 0; round < 20; round++) {
    await Promise.all(numbers(20, round * 20).map((body) => rig.publish(app, body)));
    await rig.clock.advance(30);
    assert.ok(rig.engine.metrics.heldInMemory <= 16 + 4);
  }
  await rig.clock.advance(MINUTE);
  assert.deepEqual(rig.bodiesTo(destination), numbers(400));
  assert.equal(await rig.unsettled(), 0);
  await rig.close();
});

test('when all memory is taken every lane still goes on', async () => {
  const rig = await EngineRig.start({ settings: { memoryBytesMax: 4_000 } });
  const app = await rig.addApplication();
  const destinations = [];
  for (let i = 0; i < 5; i++) destinations.push(await rig.addDestination(app));
  const big = (n: number) => JSON.stringify({ n, text: 'x'.repeat(1_000) });
  await Promise.all(numbers(40).map((_, n) => rig.publish(app, big(n))));
  await rig.clock.advance(MINUTE);
  for (const destination of destinations) assert.equal(new Set(rig.bodiesTo(destination)).size, 40);
  assert.equal(await rig.unsettled(), 0);
  await rig.close();
});

test('what was committed before a crash is delivered after it, in flight or not', async () => {
  const rig = await EngineRig.start({ react: () => hangs(), settings: { concurrencyPerDestination: 2 } });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  for (const body of numbers(30)) await rig.publish(app, body);
  await rig.clock.advance(SECOND);
  rig.react = () => answers(200);
  await rig.reopen();
  await rig.clock.advance(SECOND);
  assert.deepEqual(rig.bodiesTo(destination).slice(2), numbers(30));
  assert.equal(await rig.unsettled(), 0);
  await rig.close();
});

test('after a restart many lanes of one application all start', async () => {
  const rig = await EngineRig.start({ react: () => hangs(), settings: { concurrencyTotal: 1_000 } });
  const app = await rig.addApplication();
  const destinations = [];
  for (let i = 0; i < 60; i++) destinations.push(await rig.addDestination(app));
  await rig.publish(app, '{}');
  await rig.clock.advance(1);
  rig.react = () => answers(200);
  await rig.reopen();
  await rig.clock.advance(SECOND);
  assert.ok(destinations.every((destination) => rig.callsTo(destination).length === 2));
  assert.equal(await rig.unsettled(), 0);
  await rig.close();
});

test('a delayed message waits for its time', async () => {
  const rig = await EngineRig.start();
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  await rig.publish(app, '"later"', { deliverAt: rig.clock.now() + HOUR });
  await rig.publish(app, '"now"');
  await rig.clock.advance(59 * MINUTE);
  assert.deepEqual(rig.bodiesTo(destination), ['"now"']);
  await rig.clock.advance(2 * MINUTE);
  assert.deepEqual(rig.bodiesTo(destination), ['"now"', '"later"']);
  await rig.close();
});

test('an engine told to stop finishes what is in flight and leaves the rest in the store', async () => {
  const rig = await EngineRig.start({
    react: () => answers(200, { afterMs: 500 }),
    settings: { concurrencyPerDestination: 2 },
  });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  for (const body of numbers(10)) await rig.publish(app, body);
  await rig.clock.advance(100);
  const stopped = rig.engine.stop(5 * SECOND);
  await rig.clock.advance(SECOND);
  await stopped;
  assert.equal(rig.callsTo(destination).length, 2);
  assert.equal(await rig.unsettled(), 8);
  await rig.close();
});

test('idle lanes are forgotten, and come back with the health they had', async () => {
  const rig = await EngineRig.start({ react: () => answers(500), settings: { retryScheduleMs: [] } });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  for (const body of numbers(12)) await rig.publish(app, body);
  await rig.clock.advance(SECOND);
  await rig.clock.advance(10 * MINUTE);
  assert.equal(await rig.unsettled(), 0);
  assert.equal(rig.engine.metrics.lanes, 0);
  await rig.publish(app, '{}');
  await rig.clock.advance(SECOND);
  const health = await rig.storage.queue.readHealth({
    organization: rig.organization,
    destinationId: destination.id,
  });
  assert.equal((health?.failuresInRow ?? 0) > 10, true);
  await rig.close();
});
