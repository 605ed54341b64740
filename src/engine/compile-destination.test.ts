import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineRig, headerOf } from '../../test/support/engine-rig.ts';
import { answers } from '../../test/support/scripted-wire.ts';
import type { Destination } from '../core/catalog/resources.ts';
import type { Event } from '../core/event/event.ts';
import type { EngineSettings } from './engine.ts';

async function callWith(
  given: (rig: EngineRig, destination: Destination) => Partial<Destination>,
  options: { event?: Partial<Event>; settings?: Partial<EngineSettings> } = {},
) {
  const rig = await EngineRig.start({
    react: () => answers(200),
    settings: { retryScheduleMs: [], ...options.settings },
  });
  const app = await rig.addApplication();
  const added = await rig.addDestination(app);
  const destination = await rig.change(added, given(rig, added));
  const event = await rig.publish(app, '{}', options.event);
  await rig.clock.advance(100);
  const [attempt] = await rig.attempts(event, destination);
  const call = rig.wire.calls[0];
  await rig.close();
  return { call, attempt: attempt! };
}

test('userinfo of the URL becomes basic authentication and is shown nowhere', async () => {
  const { call, attempt } = await callWith(() => ({ url: 'https://me:p%40ss@shop.example/hook?a=1' }));
  assert.equal(headerOf(call!, 'authorization'), `Basic ${Buffer.from('me:p@ss').toString('base64')}`);
  assert.equal(call!.request.url.href, 'https://shop.example/hook?a=1');
  assert.equal(attempt.url, 'https://shop.example/hook?a=1');
});

test('chosen authentication goes before userinfo, an authorization header of one’s own before both', async () => {
  const bearer = await callWith((rig, { id }) => ({
    url: 'https://me:pass@shop.example/',
    auth: rig.seal(id, { type: 'bearer', token: 'abc' }),
  }));
  assert.equal(headerOf(bearer.call!, 'authorization'), 'Bearer abc');
  const own = await callWith((rig, { id }) => ({
    auth: rig.seal(id, { type: 'basic', username: 'a', password: 'b' }),
    headers: rig.seal(id, [['AUTHORIZATION', 'Custom xyz']]),
  }));
  const names = own.call!.request.headers.filter((text) => text.toLowerCase() === 'authorization');
  assert.deepEqual(names, ['AUTHORIZATION']);
  assert.equal(headerOf(own.call!, 'authorization'), 'Custom xyz');
});

test('headers of the message replace those of the endpoint but never the signature', async () => {
  const { call } = await callWith((rig, { id }) => ({ headers: rig.seal(id, [['X-Tenant', 'endpoint']]) }), {
    event: {
      headers: [
        ['x-tenant', 'message'],
        ['X-More', '1'],
        ['webhook-id', 'forged'],
      ],
    },
  });
  assert.equal(headerOf(call!, 'x-tenant'), 'message');
  assert.equal(headerOf(call!, 'x-more'), '1');
  assert.notEqual(headerOf(call!, 'webhook-id'), 'forged');
  assert.equal(call!.request.headers.filter((text) => text.toLowerCase() === 'webhook-id').length, 1);
});

test('the endpoint’s method goes before the message’s', async () => {
  const put = await callWith(() => ({ method: 'PUT' }), { event: { method: 'PATCH' } });
  assert.equal(put.call!.request.method, 'PUT');
  const patch = await callWith(() => ({}), { event: { method: 'PATCH' } });
  assert.equal(patch.call!.request.method, 'PATCH');
});

test('svix-style names are sent when so configured', async () => {
  const { call } = await callWith(() => ({}), { settings: { signatureHeaders: 'svix' } });
  assert.ok(headerOf(call!, 'svix-signature'));
  assert.equal(headerOf(call!, 'webhook-signature'), undefined);
});

test('an endpoint that cannot be called says what to change, and nothing is sent', async () => {
  const broken = await callWith(() => ({ url: 'nowhere' }));
  assert.equal(broken.call, undefined);
  assert.equal(broken.attempt.outcome, 'unrenderable');
  assert.match(
    new TextDecoder().decode(broken.attempt.response ?? undefined),
    /change it to an absolute http or https URL/,
  );
  const plain = await callWith(() => ({ url: 'http://shop.example/' }), {
    settings: { endpointHttpsOnly: true },
  });
  assert.equal(plain.call, undefined);
  assert.match(new TextDecoder().decode(plain.attempt.response ?? undefined), /change the URL to https/);
});

test('connections live on when only headers change, and are dropped when the certificates do', async () => {
  const rig = await EngineRig.start();
  const app = await rig.addApplication();
  const destination = await rig.addDestination(app);
  const next = async (changes: Partial<Destination>) => {
    await rig.change(destination, changes);
    await rig.publish(app, '{}');
    await rig.clock.advance(100);
    return rig.wire.calls.at(-1)!.request.connection;
  };
  const first = await next({});
  const second = await next({ headers: rig.seal(destination.id, [['A', 'b']]) });
  assert.equal(second, first);
  assert.deepEqual(rig.wire.forgotten, []);
  const third = await next({ tls: rig.seal(destination.id, { cert: 'c', key: 'k', ca: null }) });
  assert.notEqual(third, first);
  assert.deepEqual(third.tls, { cert: 'c', key: 'k', ca: null });
  assert.deepEqual(rig.wire.forgotten, [first]);
  await rig.close();
});
