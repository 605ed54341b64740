import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineRig, ORGANIZATION } from '../../test/support/engine-rig.ts';
import { answers } from '../../test/support/scripted-wire.ts';
import type { ApplicationId } from '../core/ids.ts';
import { compileKey, newSigningKeyText } from '../core/signing/standard-webhooks.ts';

const SECOND = 1_000;
const HOUR = 3_600_000;

test('a write raises the version, and one made from an older version is stale', async () => {
  const rig = await EngineRig.start();
  const app = await rig.addApplication();
  const [one, two] = [
    { ...app, name: 'One' },
    { ...app, name: 'Two' },
  ];
  assert.equal((await rig.commit([{ kind: 'application', before: app, after: one }])).kind, 'done');
  assert.equal((await rig.commit([{ kind: 'application', before: app, after: two }])).kind, 'stale');
  const loaded = await rig.engine.directory.applicationById(ORGANIZATION, app.id as ApplicationId);
  assert.equal(loaded.application.name, 'One');
  assert.equal(loaded.application.version, 2);
  await rig.close();
});

test('a taken uid is a conflict, a taken event type says so by name', async () => {
  const rig = await EngineRig.start();
  await rig.addApplication({ uid: 'shop' });
  await assert.rejects(rig.addApplication({ uid: 'shop' }), { code: 'conflict' });
  await rig.addEventType('order.paid');
  await assert.rejects(rig.addEventType('order.paid'), { code: 'event_type_exists' });
  await rig.close();
});

test('a change that was answered is seen by the next look, however the look came about', async () => {
  const rig = await EngineRig.start();
  const app = await rig.addApplication({ uid: 'shop' });
  const { directory } = rig.engine;
  assert.equal(await directory.eventType(ORGANIZATION, 'order.paid'), undefined);
  await rig.addEventType('order.paid');
  assert.equal((await directory.eventType(ORGANIZATION, 'order.paid'))?.uid, 'order.paid');
  const early = Promise.resolve(directory.application(ORGANIZATION, 'shop'));
  const destination = await rig.addDestination(app, { uid: 'hook' });
  const late = await directory.application(ORGANIZATION, 'shop');
  assert.deepEqual(
    late.destinations.map(({ id }) => id),
    [destination.id],
  );
  await early;
  assert.equal(
    (await directory.destination(ORGANIZATION, app.id as ApplicationId, 'hook')).id,
    destination.id,
  );
  await rig.commit([{ kind: 'destination', before: await rig.stored(destination), after: null }]);
  await assert.rejects(directory.destination(ORGANIZATION, app.id as ApplicationId, 'hook'), {
    code: 'not_found',
  });
  await rig.commit([{ kind: 'application', before: app, after: null }]);
  await assert.rejects(async () => directory.application(ORGANIZATION, 'shop'), { code: 'not_found' });
  await rig.close();
});

test('a look that waits for a load begun before a change sees the change', async () => {
  const rig = await EngineRig.start();
  const missing = Promise.resolve(rig.engine.directory.application(ORGANIZATION, 'shop')).catch(
    (error) => error,
  );
  await rig.addApplication({ uid: 'shop' });
  const found = await rig.engine.directory.application(ORGANIZATION, 'shop');
  assert.equal(found.application.uid, 'shop');
  await missing;
  await rig.close();
});

test('the audit log says who changed what, and keeps secrets to itself', async () => {
  const rig = await EngineRig.start();
  const app = await rig.addApplication();
  await rig.clock.advance(SECOND);
  const destination = await rig.addDestination(app, { url: 'https://user:pass@shop.example/hook' });
  await rig.clock.advance(SECOND);
  const changed = { description: 'The shop', headers: rig.seal(destination.id, [['X-Key', 'hush']]) };
  await rig.change(destination, changed);
  const [update, create] = await rig.storage.catalog.audit(ORGANIZATION, { before: null, limit: 2 });
  assert.equal(update?.actorId, 'tester');
  assert.equal(update?.action, 'endpoint.update');
  assert.equal(update?.subject, `ep_${destination.id}`);
  assert.deepEqual(update?.before, { description: '', headers: null });
  assert.deepEqual(update?.after, { description: 'The shop', headers: '(secret)' });
  assert.equal(create?.before, null);
  assert.equal(create?.after?.url, 'https://shop.example/hook');
  assert.equal(JSON.stringify([update, create]).includes('v1.'), false);
  await rig.close();
});

test('endpoints that are made, changed, disabled and removed are told to the operational webhooks', async () => {
  const rig = await EngineRig.start();
  const app = await rig.addApplication();
  const operational = await rig.addDestination(null);
  const destination = await rig.addDestination(app, { uid: 'hook' });
  await rig.change(destination, { description: 'changed' });
  await rig.change(destination, { disabled: true });
  await rig.commit([{ kind: 'destination', before: await rig.stored(destination), after: null }]);
  await rig.clock.advance(SECOND);
  const told = rig.bodiesTo(operational).map((body) => JSON.parse(body));
  assert.deepEqual(told.map(({ type }) => type).toSorted(), [
    'endpoint.created',
    'endpoint.deleted',
    'endpoint.disabled',
    'endpoint.updated',
    'endpoint.updated',
  ]);
  assert.deepEqual(told[0].data, {
    appId: `app_${app.id}`,
    appUid: null,
    endpointId: `ep_${destination.id}`,
    endpointUid: 'hook',
  });
  await rig.close();
});

for (const way of ['disabling', 'removing', 'removing the application of'] as const) {
  test(`${way} a destination cancels what waits for it`, async () => {
    const rig = await EngineRig.start({ react: () => answers(500), settings: { retryScheduleMs: [HOUR] } });
    const app = await rig.addApplication();
    const destination = await rig.addDestination(app);
    const other = await rig.addDestination(app);
    for (let i = 0; i < 15; i++) await rig.publish(app, `{"n":${i}}`, { only: [destination.id] });
    await rig.clock.advance(SECOND);
    const before = await rig.stored(destination);
    if (way === 'disabling') await rig.change(destination, { disabled: true });
    else if (way === 'removing') await rig.commit([{ kind: 'destination', before, after: null }]);
    else await rig.commit([{ kind: 'application', before: app, after: null }]);
    await rig.clock.advance(SECOND);
    assert.equal(await rig.unsettled(), 0);
    assert.equal(rig.callsTo(other).length, 0);
    await rig.close();
  });
}

test('a destination that is enabled again starts from health and gets new messages at once', async () => {
  const rig = await EngineRig.start({ react: () => answers(500), settings: { retryScheduleMs: [] } });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  for (let i = 0; i < 15; i++) await rig.publish(app, `{"n":${i}}`);
  await rig.clock.advance(SECOND);
  await rig.change(destination, { disabled: true });
  await rig.clock.advance(SECOND);
  rig.react = () => answers(200);
  await rig.change(destination, { disabled: false });
  await rig.publish(app, '"fresh"');
  await rig.clock.advance(SECOND);
  assert.equal(rig.bodiesTo(destination).at(-1), '"fresh"');
  await rig.close();
});

test('mending the URL of an endpoint behind an open circuit closes the circuit', async () => {
  const rig = await EngineRig.start({ react: () => answers(500) });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  for (let i = 0; i < 15; i++) await rig.publish(app, `{"n":${i}}`);
  await rig.clock.advance(SECOND);
  assert.equal(rig.engine.metrics.lanesBlocked, 1);
  rig.react = () => answers(200);
  const mended = await rig.change(destination, { url: 'https://mended.example/hook' });
  await rig.publish(app, '"fresh"');
  await rig.clock.advance(SECOND);
  assert.ok(rig.bodiesTo(mended).includes('"fresh"'));
  await rig.close();
});

test('both kinds of keys sign at once, and the vault opens only its own rows', async () => {
  const rig = await EngineRig.start();
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  const texts = [
    newSigningKeyText('hmac256', rig.dice.bytes(24)),
    newSigningKeyText('ed25519', rig.dice.bytes(32)),
  ];
  await rig.change(destination, { keys: texts.map((text) => rig.signingKey(destination.id, text)) });
  await rig.publish(app, '{}');
  await rig.clock.advance(SECOND);
  const [call] = rig.callsTo(destination);
  const header = call!.request.headers[5]!;
  assert.match(header, /^v1,\S+ v1a,\S+$/);
  assert.equal(compileKey(texts[1]!).type, 'ed25519');
  const { keys } = await rig.stored(destination);
  assert.throws(() => rig.engine.vault.open(ORGANIZATION, 'another row', keys[0]!.secret), {
    code: 'unavailable',
  });
  await rig.close();
});
