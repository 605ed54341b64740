import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineRig, ORGANIZATION } from '../../test/support/engine-rig.ts';
import { FailingStorage, type Fate } from '../../test/support/failing-storage.ts';
import { answers } from '../../test/support/scripted-wire.ts';
import { Problem } from '../core/problem.ts';
import type { LoadedApplication, PublishRequest } from './engine.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function request(application: LoadedApplication, given: Partial<PublishRequest> = {}): PublishRequest {
  return {
    organization: ORGANIZATION,
    application,
    event: {
      type: 'order.paid',
      eventId: null,
      channels: null,
      tags: null,
      method: 'POST',
      contentType: 'application/json',
      headers: null,
      orderingKey: null,
      retryScheduleMs: null,
      contentExpiresAt: Date.UTC(2031, 0, 1),
      deliverAt: 0,
    },
    content: new TextEncoder().encode('{}'),
    idempotency: null,
    reply: (event) => ({ status: 202, body: { id: event.id } }),
    only: null,
    ...given,
  };
}

test('only destinations that want the type and channel get a delivery, disabled ones get none', async () => {
  const rig = await EngineRig.start();
  const app = await rig.addApplication();
  const all = await rig.addDestination(app);
  const typed = await rig.addDestination(app, { eventTypes: ['order.paid'] });
  const channelled = await rig.addDestination(app, { channels: ['eu'] });
  const disabled = await rig.addDestination(app, { disabled: true });
  const polled = await rig.addDestination(app, { kind: 'poller' });
  await rig.publish(app, '"paid"');
  await rig.publish(app, '"sent"', { type: 'order.sent', channels: ['eu'] });
  await rig.clock.advance(SECOND);
  const bodies = [all, typed, channelled, disabled, polled].map((destination) => rig.bodiesTo(destination));
  assert.deepEqual(bodies, [['"paid"', '"sent"'], ['"paid"'], ['"sent"'], [], []]);
  await rig.close();
});

test('publishing reads nothing when the application is cached', async () => {
  const rig = await EngineRig.start();
  const app = await rig.addApplication({ uid: 'shop' });
  const first = rig.engine.directory.application(ORGANIZATION, 'shop');
  assert.ok(first instanceof Promise);
  await first;
  for (const ref of ['shop', `app_${app.id}`]) {
    assert.equal(rig.engine.directory.application(ORGANIZATION, ref) instanceof Promise, false);
  }
  await rig.close();
});

test('the same idempotency key gives the same answer, with another body it is refused', async () => {
  const rig = await EngineRig.start();
  const app = await rig.addApplication({ uid: 'shop' });
  const destination = await rig.addDestination(app);
  const loaded = await rig.engine.directory.application(ORGANIZATION, 'shop');
  const key = (body: number) => ({
    keyHash: new Uint8Array(32).fill(1),
    bodyHash: new Uint8Array(32).fill(body),
  });
  const first = await rig.engine.publish(request(loaded, { idempotency: key(1) }));
  assert.ok(first.kind === 'accepted');
  const again = await rig.engine.publish(request(loaded, { idempotency: key(1) }));
  assert.deepEqual(again, {
    kind: 'replayed',
    reply: { status: 202, body: JSON.stringify({ id: first.event.id }), raw: true },
  });
  await assert.rejects(rig.engine.publish(request(loaded, { idempotency: key(2) })), {
    code: 'idempotency_key_reused',
  });
  await rig.clock.advance(SECOND);
  assert.equal(rig.callsTo(destination).length, 1);
  await rig.close();
});

test('an eventId is taken once per application', async () => {
  const rig = await EngineRig.start();
  const app = await rig.addApplication({ uid: 'shop' });
  const event = await rig.publish(app, '{}', { eventId: 'e1' });
  const loaded = await rig.engine.directory.application(ORGANIZATION, 'shop');
  const given = request(loaded);
  const again = await rig.engine.publish({ ...given, event: { ...given.event, eventId: 'e1' } });
  assert.deepEqual(again, { kind: 'duplicate', id: event.id });
  await rig.close();
});

test('a failed manual resend leaves the automatic retries alone', async () => {
  const rig = await EngineRig.start({ react: () => answers(500) });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  const event = await rig.publish(app, '{}');
  await rig.clock.advance(SECOND);
  await rig.engine.resend(ORGANIZATION, destination, event.id);
  await rig.clock.advance(SECOND);
  const seen = async () =>
    (await rig.attempts(event, destination)).map(({ trigger, status }) => `${trigger} ${status}`);
  assert.deepEqual(await seen(), ['scheduled sending', 'manual failed']);
  rig.react = () => answers(200);
  await rig.clock.advance(10 * SECOND);
  assert.deepEqual(await seen(), ['scheduled sending', 'manual failed', 'scheduled delivered']);
  assert.equal(await rig.unsettled(), 0);
  await rig.close();
});

test('a manual resend that arrives settles the retry that was waiting, and passes an open circuit', async () => {
  const rig = await EngineRig.start({ react: () => answers(500), settings: { retryScheduleMs: [HOUR] } });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  const events = [];
  for (let i = 0; i < 12; i++) events.push(await rig.publish(app, `{"n":${i}}`));
  await rig.clock.advance(SECOND);
  assert.equal(rig.engine.metrics.lanesBlocked, 1);
  rig.react = () => answers(200);
  await rig.engine.resend(ORGANIZATION, destination, events[0]!.id);
  await rig.clock.advance(3 * HOUR);
  assert.equal(rig.bodiesTo(destination).filter((body) => body === '{"n":0}').length, 2);
  assert.equal(await rig.unsettled(), 0);
  await rig.close();
});

test('a resend says what is wrong: unknown message, payload gone, endpoint disabled', async () => {
  const rig = await EngineRig.start();
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  const event = await rig.publish(app, '{}');
  await rig.clock.advance(SECOND);
  const resend = (id: typeof event.id) => rig.engine.resend(ORGANIZATION, destination, id);
  await assert.rejects(resend(rig.newId<'event'>()), { code: 'not_found' });
  const scope = { organization: ORGANIZATION, applicationId: event.applicationId };
  await rig.storage.history.expungeContent(scope, event.id);
  await assert.rejects(resend(event.id), { code: 'missing_payload' });
  const disabled = await rig.change(destination, { disabled: true });
  await assert.rejects(rig.engine.resend(ORGANIZATION, disabled, event.id), {
    code: 'generic_error',
    message: /enable it/,
  });
  await rig.close();
});

test('replayed events are sent again, with retries; one that is still queued is not doubled', async () => {
  const rig = await EngineRig.start({ react: () => answers(500), settings: { retryScheduleMs: [MINUTE] } });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app, { ordering: { scope: 'endpoint', onFailure: 'block' } });
  const lost = await rig.publish(app, '"lost"', { retryScheduleMs: [] });
  await rig.clock.advance(SECOND);
  const waiting = await rig.publish(app, '"waiting"');
  await rig.clock.advance(SECOND);
  const unknown = rig.newId<'event'>();
  rig.react = () => answers(200);
  const count = await rig.engine.replay(ORGANIZATION, destination, [lost.id, waiting.id, unknown]);
  assert.equal(count, 2, 'the unknown one is not in the queue');
  await rig.clock.advance(10 * MINUTE);
  assert.deepEqual(rig.bodiesTo(destination).toSorted(), ['"lost"', '"lost"', '"waiting"', '"waiting"']);
  assert.equal(await rig.unsettled(), 0);
  await rig.close();
});

test('an acceptance whose answer was lost is delivered although nobody handed it over', async () => {
  const fates: Fate[] = [];
  const rig = await EngineRig.start({
    wrapStorage: (inner) =>
      new FailingStorage({
        inner,
        fate: ({ name }) => (name === 'intake.accept' ? fates.shift() : null) ?? 'pass',
      }),
  });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  fates.push('lose-reply');
  await assert.rejects(rig.publish(app, '"unanswered"'), Problem);
  await rig.publish(app, '"answered"');
  await rig.clock.advance(5 * SECOND);
  assert.deepEqual(rig.bodiesTo(destination).toSorted(), ['"answered"', '"unanswered"']);
  await rig.close();
});

test('an outcome that the store would not take is kept and recorded later, not sent again', async () => {
  let isDown = false;
  const rig = await EngineRig.start({
    wrapStorage: (inner) =>
      new FailingStorage({
        inner,
        fate: ({ name }) => (isDown && name === 'queue.record' ? 'reject' : 'pass'),
      }),
  });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  isDown = true;
  const event = await rig.publish(app, '{}');
  await rig.clock.advance(MINUTE);
  assert.equal(await rig.unsettled(), 1);
  isDown = false;
  await rig.clock.advance(10 * SECOND);
  assert.equal(await rig.unsettled(), 0);
  assert.equal(rig.callsTo(destination).length, 1);
  assert.equal((await rig.attempts(event, destination)).length, 1);
  await rig.close();
});
