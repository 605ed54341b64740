import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineRig } from '../../test/support/engine-rig.ts';
import { answers } from '../../test/support/scripted-wire.ts';
import type { Ordering } from '../core/catalog/resources.ts';
import type { WireRequest } from '../ports/wire.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
const BLOCK: Ordering = { scope: 'endpoint', onFailure: 'block' };
const SKIP: Ordering = { scope: 'endpoint', onFailure: 'skip' };
const BLOCK_KEY: Ordering = { scope: 'key', onFailure: 'block' };
const SKIP_KEY: Ordering = { scope: 'key', onFailure: 'skip' };
const textOf = ({ body }: WireRequest) => new TextDecoder().decode(body);
const numbers = (count: number) => Array.from({ length: count }, (_, index) => `${index}`);

/** Fails the first `times` attempts of the given bodies. */
function failing(times: Record<string, number>) {
  const left = new Map(Object.entries(times));
  return (request: WireRequest) => {
    const body = textOf(request);
    const more = left.get(body) ?? 0;
    left.set(body, more - 1);
    return answers(more > 0 ? 500 : 200, { afterMs: 5 });
  };
}

for (const ordering of [BLOCK, SKIP]) {
  test(`${ordering.onFailure}: one at a time in order of acceptance, also beyond what memory holds`, async () => {
    const rig = await EngineRig.start({
      react: () => answers(200, { afterMs: 5 }),
      settings: { laneItemsMax: 10 },
    });
    const app = await rig.addApplication();
    const destination = await rig.addDestination(app, { ordering });
    await Promise.all(numbers(60).map((body) => rig.publish(app, body)));
    await rig.clock.advance(100);
    await Promise.all(
      numbers(120)
        .slice(60)
        .map((body) => rig.publish(app, body)),
    );
    assert.equal(rig.engine.metrics.inFlight <= 1, true);
    await rig.clock.advance(MINUTE);
    assert.deepEqual(rig.bodiesTo(destination), numbers(120));
    assert.equal(await rig.unsettled(), 0);
    await rig.close();
  });
}

test('block: what is behind a failed one waits until it arrived, across a restart too', async () => {
  const rig = await EngineRig.start({
    react: failing({ 1: 2 }),
    settings: { retryScheduleMs: [MINUTE, MINUTE] },
  });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app, { ordering: BLOCK });
  for (const body of numbers(5)) await rig.publish(app, body);
  await rig.clock.advance(30 * SECOND);
  assert.deepEqual(rig.bodiesTo(destination), ['0', '1']);
  await rig.reopen();
  await rig.publish(app, '5');
  await rig.clock.advance(5 * MINUTE);
  assert.deepEqual(rig.bodiesTo(destination), ['0', '1', '1', '1', '2', '3', '4', '5']);
  assert.equal(await rig.unsettled(), 0);
  await rig.close();
});

test('block: when the head is given up, the others go on', async () => {
  const rig = await EngineRig.start({ react: failing({ 0: 99 }), settings: { retryScheduleMs: [SECOND] } });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app, { ordering: BLOCK });
  for (const body of numbers(3)) await rig.publish(app, body);
  await rig.clock.advance(MINUTE);
  assert.deepEqual(rig.bodiesTo(destination), ['0', '0', '1', '2']);
  await rig.close();
});

test('skip: the others pass a failed one, which comes again at its time', async () => {
  const rig = await EngineRig.start({ react: failing({ 1: 1 }), settings: { retryScheduleMs: [MINUTE] } });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app, { ordering: SKIP });
  for (const body of numbers(5)) await rig.publish(app, body);
  await rig.clock.advance(5 * MINUTE);
  assert.deepEqual(rig.bodiesTo(destination), ['0', '1', '2', '3', '4', '1']);
  assert.equal(await rig.unsettled(), 0);
  await rig.close();
});

for (const ordering of [BLOCK_KEY, SKIP_KEY]) {
  test(`${ordering.onFailure} by key: keys do not wait for each other, even when one is stuck with more than memory holds`, async () => {
    const rig = await EngineRig.start({
      react: failing({ a0: 1 }),
      settings: { retryScheduleMs: [MINUTE], laneItemsMax: 10 },
    });
    const app = await rig.addApplication();
    const destination = await rig.addDestination(app, { ordering });
    for (let i = 0; i < 40; i++) await rig.publish(app, `a${i}`, { orderingKey: 'a' });
    for (let i = 0; i < 40; i++) await rig.publish(app, `b${i}`, { orderingKey: 'b' });
    await rig.clock.advance(30 * SECOND);
    const bs = Array.from({ length: 40 }, (_, i) => `b${i}`);
    const as = Array.from({ length: 40 }, (_, i) => `a${i}`);
    const seen = () => rig.bodiesTo(destination);
    assert.deepEqual(
      seen().filter((body) => body.startsWith('b')),
      bs,
    );
    const behindTheHead = ordering.onFailure === 'block' ? [] : as.slice(1);
    assert.deepEqual(
      seen().filter((body) => body.startsWith('a')),
      ['a0', ...behindTheHead],
    );
    await rig.clock.advance(5 * MINUTE);
    const aOrder = ordering.onFailure === 'block' ? ['a0', ...as] : [...as, 'a0'];
    assert.deepEqual(
      seen().filter((body) => body.startsWith('a')),
      aOrder,
    );
    assert.equal(await rig.unsettled(), 0);
    assert.equal(rig.engine.metrics.heldInMemory, 0);
    await rig.close();
  });
}

test('order that is asked for later holds from then on', async () => {
  const rig = await EngineRig.start({ react: () => answers(200, { afterMs: 50 }) });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  for (const body of numbers(20)) await rig.publish(app, body);
  await rig.clock.advance(10);
  await rig.change(destination, { ordering: BLOCK });
  await rig.clock.advance(MINUTE);
  const bodies = rig.bodiesTo(destination);
  assert.deepEqual(bodies.slice(8), numbers(20).slice(8));
  assert.equal(bodies.length, 20);
  await rig.close();
});
