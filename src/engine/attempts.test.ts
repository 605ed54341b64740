import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineRig, headerOf, ORGANIZATION } from '../../test/support/engine-rig.ts';
import { answers, fails, hangs } from '../../test/support/scripted-wire.ts';
import { compileKey, newSigningKeyText, signature } from '../core/signing/standard-webhooks.ts';
import type { FetchToken } from './engine.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test('an accepted event is sent byte for byte, signed, and recorded as delivered', async () => {
  const rig = await EngineRig.start({ react: () => answers(201, { body: 'thanks' }) });
  const app = await rig.addApplication();
  const secret = newSigningKeyText('hmac256', rig.dice.bytes(24));
  const destination = await rig.addDestination(app);
  await rig.change(destination, { keys: [rig.signingKey(destination.id, secret)] });
  const event = await rig.publish(app, '{"a":  1}', { contentType: 'application/cloudevents+json' });
  await rig.clock.advance(10);
  const [call] = rig.callsTo(destination);
  assert.ok(call);
  assert.equal(new TextDecoder().decode(call.request.body), '{"a":  1}');
  const timestampSeconds = Math.floor(call.sentAt / SECOND);
  const signable = { id: `msg_${event.id}`, timestampSeconds, body: call.request.body };
  assert.deepEqual(call.request.headers, [
    ...['Webhook-Id', signable.id],
    ...['Webhook-Timestamp', `${timestampSeconds}`],
    ...['Webhook-Signature', signature([compileKey(secret)], signable)],
    ...['Content-Type', 'application/cloudevents+json'],
    ...['User-Agent', 'Posthorn/test'],
    ...['Accept', '*/*'],
  ]);
  const [attempt, ...more] = await rig.attempts(event, destination);
  assert.deepEqual(more, []);
  assert.equal(attempt?.status, 'delivered');
  assert.equal(attempt?.statusCode, 201);
  assert.equal(attempt?.number, 1);
  assert.equal(attempt?.url, destination.url);
  assert.equal(new TextDecoder().decode(attempt?.response ?? undefined), 'thanks');
  assert.equal(await rig.unsettled(), 0);
  await rig.close();
});

test('a failing delivery is tried along the schedule, with jitter, and then given up', async () => {
  const rig = await EngineRig.start({ react: () => answers(500) });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  const event = await rig.publish(app, '{}');
  await rig.clock.advance(2 * HOUR);
  const attempts = await rig.attempts(event, destination);
  assert.deepEqual(
    attempts.map(({ status, number }) => `${number} ${status}`),
    ['1 sending', '2 sending', '3 sending', '4 failed'],
  );
  const schedule = [5 * SECOND, 5 * MINUTE, 30 * MINUTE];
  for (const [index, delayMs] of schedule.entries()) {
    const gapMs = attempts[index + 1]!.startedAt - attempts[index]!.startedAt;
    assert.ok(
      gapMs >= delayMs * 0.8 && gapMs <= delayMs * 1.2 + 10,
      `attempt ${index + 2} came after ${gapMs} ms`,
    );
  }
  assert.equal(await rig.unsettled(), 0);
  await rig.close();
});

test('the schedule of the message goes before the endpoint’s, that before the event type’s', async () => {
  const rig = await EngineRig.start({ react: () => answers(500) });
  const app = await rig.addApplication();
  await rig.addEventType('order.paid', { retryScheduleMs: [SECOND, SECOND] });
  const plain = await rig.addDestination(app);
  const own = await rig.addDestination(app, { retryScheduleMs: [SECOND, SECOND, SECOND] });
  const event = await rig.publish(app, '{}');
  const single = await rig.publish(app, '{}', { retryScheduleMs: [] });
  await rig.clock.advance(HOUR);
  assert.equal((await rig.attempts(event, plain)).length, 3);
  assert.equal((await rig.attempts(event, own)).length, 4);
  assert.equal((await rig.attempts(single, own)).length, 1);
  await rig.close();
});

test('Retry-After puts the next attempt off, and nobody else goes to a throttling endpoint meanwhile', async () => {
  const rig = await EngineRig.start({ react: () => answers(429, { retryAfter: '600' }) });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  const event = await rig.publish(app, '{"n":1}');
  await rig.clock.advance(SECOND);
  await rig.publish(app, '{"n":2}');
  await rig.clock.advance(590 * SECOND);
  assert.deepEqual(rig.bodiesTo(destination), ['{"n":1}']);
  rig.react = () => answers(200);
  await rig.clock.advance(20 * SECOND);
  assert.deepEqual(rig.bodiesTo(destination).toSorted(), ['{"n":1}', '{"n":1}', '{"n":2}']);
  const [first, second] = await rig.attempts(event, destination);
  assert.ok(second!.startedAt - first!.startedAt >= 600 * SECOND);
  await rig.close();
});

test('each way to get no answer is an outcome of its own, told in words', async () => {
  const rig = await EngineRig.start();
  const app = await rig.addApplication();
  const outcomes: string[] = [];
  for (const reaction of [fails('unreachable'), fails('tls-failed'), fails('blocked'), hangs()]) {
    rig.react = () => reaction;
    const destination = await rig.addDestination(app, { retryScheduleMs: [], timeoutMs: 2_000 });
    const event = await rig.publish(app, '{}', { only: [destination.id] });
    await rig.clock.advance(3_000);
    const [attempt] = await rig.attempts(event, destination);
    assert.equal(attempt?.statusCode, 0);
    assert.match(new TextDecoder().decode(attempt?.response ?? undefined), /\.$/);
    outcomes.push(attempt!.outcome);
  }
  assert.deepEqual(outcomes, ['unreachable', 'tls-failed', 'blocked', 'timed-out']);
  await rig.close();
});

test('410 disables the endpoint, cancels what waits for it and tells the operational webhooks', async () => {
  const rig = await EngineRig.start({ settings: { concurrencyPerDestination: 1 } });
  const app = await rig.addApplication({ uid: 'shop' });
  const destination = await rig.addDestination(app);
  const operational = await rig.addDestination(null, { eventTypes: ['endpoint.disabled'] });
  rig.react = (request) => answers(request.url.href === destination.url ? 410 : 200);
  const gone = await rig.publish(app, '{"n":1}');
  const waiting = await rig.publish(app, '{"n":2}');
  await rig.clock.advance(SECOND);
  const stored = await rig.stored(destination);
  assert.equal(stored.disabled, true);
  assert.equal(stored.disabledReason, '410 Gone');
  assert.deepEqual(
    (await rig.attempts(gone, destination)).map(({ status }) => status),
    ['failed'],
  );
  assert.deepEqual(
    (await rig.attempts(waiting, destination)).map(({ status }) => status),
    ['canceled'],
  );
  const [told] = rig.bodiesTo(operational).map((body) => JSON.parse(body));
  assert.equal(told.type, 'endpoint.disabled');
  assert.equal(told.data.endpointId, `ep_${destination.id}`);
  assert.equal(told.data.appUid, 'shop');
  const later = await rig.publish(app, '{"n":3}');
  await rig.clock.advance(SECOND);
  assert.deepEqual(await rig.attempts(later, destination), []);
  assert.equal(await rig.unsettled(), 0);
  await rig.close();
});

test('an endpoint that failed for the configured time is disabled, also across a restart', async () => {
  const rig = await EngineRig.start({ react: () => answers(500), settings: { disableAfterMs: 3 * HOUR } });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app, { retryScheduleMs: [HOUR, HOUR, HOUR, HOUR, HOUR] });
  await rig.publish(app, '{}');
  await rig.clock.advance(2 * HOUR);
  await rig.reopen();
  assert.equal((await rig.stored(destination)).disabled, false);
  await rig.clock.advance(3 * HOUR);
  const stored = await rig.stored(destination);
  assert.equal(stored.disabled, true);
  assert.match(stored.disabledReason ?? '', /^failing since 20/);
  await rig.close();
});

test('failing, recovered and exhausted are told once each', async () => {
  const rig = await EngineRig.start({ settings: { retryScheduleMs: [SECOND, SECOND, SECOND, SECOND] } });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  const operational = await rig.addDestination(null);
  const tell = async (failures: number) => {
    let left = failures;
    rig.react = ({ url }) => answers(url.href === destination.url && left-- > 0 ? 500 : 200);
    const before = rig.bodiesTo(operational).length;
    await rig.publish(app, '{}', { eventId: `e${failures}` });
    await rig.clock.advance(MINUTE);
    return rig
      .bodiesTo(operational)
      .slice(before)
      .map((body) => JSON.parse(body).type as string);
  };
  assert.deepEqual(await tell(3), []);
  assert.deepEqual(await tell(4), ['message.attempt.failing', 'message.attempt.recovered']);
  assert.deepEqual(await tell(99), ['message.attempt.failing', 'message.attempt.exhausted']);
  await rig.close();
});

test('a changed header or secret is used by the next attempt, also of a delivery that already waits', async () => {
  const rig = await EngineRig.start({ react: () => answers(500) });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  const event = await rig.publish(app, '{}');
  await rig.clock.advance(SECOND);
  const old = (await rig.stored(destination)).keys[0]!;
  const secret = newSigningKeyText('hmac256', rig.dice.bytes(24));
  await rig.change(destination, {
    headers: rig.seal(destination.id, [['X-Api-KEY', 'tomato']]),
    keys: [rig.signingKey(destination.id, secret), { ...old, expiresAt: rig.clock.now() + MINUTE }],
  });
  await rig.clock.advance(10 * SECOND);
  const [before, after] = rig.callsTo(destination);
  assert.equal(headerOf(before!, 'x-api-key'), undefined);
  assert.ok(after!.request.headers.includes('X-Api-KEY'));
  const timestampSeconds = Math.floor(after!.sentAt / SECOND);
  const signable = { id: `msg_${event.id}`, timestampSeconds, body: after!.request.body };
  const oldText = rig.engine.vault.open(ORGANIZATION, destination.id, old.secret);
  const expected = signature([compileKey(secret), compileKey(oldText)], signable);
  assert.equal(headerOf(after!, 'webhook-signature'), expected);
  await rig.clock.advance(10 * MINUTE);
  assert.equal(headerOf(rig.callsTo(destination)[2]!, 'webhook-signature')!.split(' ').length, 1);
  await rig.close();
});

test('OAuth2 tokens are fetched once, sent as bearer, and fetched anew after a 401', async () => {
  let fetched = 0;
  const fetchToken: FetchToken = async (_wire, auth, { now }) => {
    assert.equal(auth.clientSecret, 'hush');
    return { kind: 'granted', token: `t${++fetched}`, expiresAt: now + HOUR };
  };
  const rig = await EngineRig.start({ fetchToken });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  await rig.change(destination, {
    auth: rig.seal(destination.id, {
      type: 'oauth2',
      tokenUrl: 'https://auth.example/token',
      clientId: 'id',
      clientSecret: 'hush',
      scopes: [],
      clientAuth: 'basic',
      extraParams: {},
    }),
  });
  await rig.publish(app, '{}');
  await rig.publish(app, '{}');
  await rig.clock.advance(SECOND);
  rig.react = () => answers(401);
  await rig.publish(app, '{}');
  await rig.clock.advance(SECOND);
  rig.react = () => answers(200);
  await rig.clock.advance(MINUTE);
  const tokens = rig.callsTo(destination).map((call) => headerOf(call, 'authorization'));
  assert.deepEqual(tokens, ['Bearer t1', 'Bearer t1', 'Bearer t1', 'Bearer t2']);
  await rig.close();
});

test('a payload that was expunged before its retry is canceled, not sent', async () => {
  const rig = await EngineRig.start({ react: () => answers(500) });
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  const event = await rig.publish(app, '{}');
  await rig.clock.advance(SECOND);
  await rig.storage.history.expungeContent(
    { organization: ORGANIZATION, applicationId: event.applicationId },
    event.id,
  );
  await rig.clock.advance(MINUTE);
  const statuses = (await rig.attempts(event, destination)).map(({ status }) => status);
  assert.deepEqual(statuses, ['sending', 'canceled']);
  assert.equal(rig.callsTo(destination).length, 1);
  assert.equal(await rig.unsettled(), 0);
  await rig.close();
});

test('a main secret that does not fit holds deliveries back and uses up no attempt', async () => {
  const rig = await EngineRig.start();
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  await rig.reopen({ mainSecrets: ['another main secret than before'] });
  await rig.publish(app, '{}');
  await rig.clock.advance(MINUTE);
  assert.deepEqual(rig.callsTo(destination), []);
  await rig.reopen();
  await rig.clock.advance(MINUTE);
  assert.equal(rig.callsTo(destination).length, 1);
  await rig.close();
});
