/** What a publisher does when the catalog has changed since it planned. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineRig, ORGANIZATION } from '../../test/support/engine-rig.ts';
import type { Destination } from '../core/catalog/resources.ts';
import type { Acceptance } from '../ports/intake.ts';
import type { Storage } from '../ports/storage.ts';

const SECOND = 1_000;

async function start(t: { after(fn: () => Promise<void>): void }) {
  const asked: Acceptance[] = [];
  const stale = { times: 0 };
  const wrapStorage = (inner: Storage): Storage => ({
    ...inner,
    intake: {
      ...inner.intake,
      accept: async (acceptance) => {
        asked.push(acceptance);
        if (stale.times-- <= 0) return inner.intake.accept(acceptance);
        return { kind: 'stale', catalogVersion: await inner.catalog.openOrganization(ORGANIZATION) };
      },
    },
  });
  const rig = await EngineRig.start({ wrapStorage });
  t.after(() => rig.close());
  const app = await rig.addApplication();
  return { rig, app, asked, stale };
}

/** As another node does it. */
async function writeBehind(rig: EngineRig, resource: Destination): Promise<void> {
  const result = await rig.storage.catalog.write({
    organization: ORGANIZATION,
    changes: [
      { op: 'update', kind: 'destination', resource: { ...resource, version: resource.version + 1 } },
    ],
    audit: [],
    idempotency: null,
    publish: [],
    forgetHealth: [],
  });
  assert.equal(result.kind, 'done');
}

test('a plan carries the version of the catalog that it was made with', async (t) => {
  const { rig, app, asked } = await start(t);
  await rig.publish(app, '{}');
  await rig.addDestination(app);
  await rig.publish(app, '{}');
  const version = await rig.storage.catalog.openOrganization(ORGANIZATION);
  assert.deepEqual(
    asked.map(({ catalogVersion }) => catalogVersion),
    [version - 1, version],
  );
});

test('deliveries that somebody chose depend on no version', async (t) => {
  const { rig, app, asked } = await start(t);
  const destination = await rig.addDestination(app);
  await rig.publish(app, '{}', { only: [destination.id] });
  assert.equal(asked[0]!.catalogVersion, null);
});

test('an outdated plan is made again from what the catalog says now', async (t) => {
  const { rig, app, asked } = await start(t);
  const destination = await rig.addDestination(app, { eventTypes: ['something.else'] });
  await rig.publish(app, '"before"');
  await writeBehind(rig, { ...destination, eventTypes: null });
  const event = await rig.publish(app, '"after"');
  await rig.clock.advance(SECOND);
  assert.deepEqual(rig.bodiesTo(destination), ['"after"']);
  assert.equal(asked.length, 3);
  assert.deepEqual(
    asked.slice(1).map((acceptance) => acceptance.event.id),
    [event.id, event.id],
  );
});

test('the engine’s own changes make no plan outdated that is made after them', async (t) => {
  const { rig, app, asked } = await start(t);
  const destination = await rig.addDestination(app);
  for (let i = 0; i < 5; i++) {
    await rig.change(destination, { description: `${i}` });
    await rig.publish(app, '{}');
  }
  assert.equal(asked.length, 5);
});

test('while the catalog keeps changing a publisher gives up, and its caller is told to come again', async (t) => {
  const { rig, app, asked, stale } = await start(t);
  stale.times = 100;
  await assert.rejects(rig.publish(app, '{}'), { code: 'unavailable' });
  assert.equal(asked.length, 25);
  stale.times = 0;
  await rig.publish(app, '{}');
});

test('a store whose catalog went back is believed', async (t) => {
  const { rig, app } = await start(t);
  const destination = await rig.addDestination(app);
  await rig.publish(app, '{}');
  const version = await rig.storage.catalog.openOrganization(ORGANIZATION);
  // Heard from a transaction that was lost with the old primary.
  const { accept } = rig.storage.intake;
  const planned: (number | null)[] = [];
  Object.assign(rig.storage.intake, {
    accept: async (acceptance: Acceptance) => {
      planned.push(acceptance.catalogVersion);
      const result = await accept(acceptance);
      return result.kind === 'accepted' ? { ...result, catalogVersion: version + 7 } : result;
    },
  });
  await rig.publish(app, '{}');
  await rig.publish(app, '{}');
  assert.deepEqual(planned, [version, version + 7, version]);
  Object.assign(rig.storage.intake, { accept });
  await rig.clock.advance(SECOND);
  assert.equal(rig.callsTo(destination).length, 3);
});
