import assert from 'node:assert/strict';
import test from 'node:test';
import { askingRig } from '../../../test/support/asking-rig.ts';
import { startHubCallback } from '../../../test/support/hub-callback.ts';
import { wrongMember } from '../../../test/support/queue-rig.ts';
import { startReceiver } from '../../../test/support/receiver.ts';
import { startWebsubHub } from '../../../test/support/websub-hub.ts';
import type { HubCursor } from '../../core/received/hub-subscription.ts';
import { discoverFeed, discoverHub } from './discover-hub.ts';
import { websubSettings } from './settings.ts';
import { makeWebsubKind } from './websub-kind.ts';

async function world() {
  const rig = askingRig(makeWebsubKind);
  const hub = await startWebsubHub({ now: () => rig.clock.now() });
  const page = await startReceiver();
  const callback = await startHubCallback(rig);
  const topic = `${page.url}/feed`;
  page.answer({ headers: { link: `<${hub.url}>; rel="hub", <${topic}>; rel="self"` }, body: '<feed/>' });
  return {
    ...{ rig, hub, page, callback, topic },
    async [Symbol.asyncDispose]() {
      for (const one of [rig, callback, page, hub]) await one[Symbol.asyncDispose]();
    },
  };
}

test('the hub of a page is found and asked, confirms, and its signed content is proven', async () => {
  await using it = await world();
  const { rig, hub, topic, callback } = it;
  rig.start({ url: `${it.page.url}/`, leaseSeconds: 3_600 });
  await rig.pass('it runs', () => rig.health.length > 0);
  assert.deepEqual(rig.health, [['running', null]]);
  const [form] = hub.asked;
  assert.deepEqual(
    [form?.['hub.mode'], form?.['hub.topic'], form?.['hub.callback'], form?.['hub.lease_seconds']],
    ['subscribe', topic, callback.url, '3600'],
  );
  for (const algorithm of ['sha1', 'sha256', 'sha384', 'sha512'] as const) {
    hub.algorithm = algorithm;
    assert.deepEqual(await hub.publish(topic, `<entry>${algorithm}</entry>`), [202]);
  }
  assert.equal(callback.taken.length, 4);
});

test('it renews before the lease ends, with the same secret, so that nothing is missed', async () => {
  await using it = await world();
  const { rig, hub, topic } = it;
  hub.leaseSeconds = 1_000;
  rig.start({ url: it.page.url });
  await rig.pass('it runs', () => rig.health.length > 0);
  for (let passed = 0; passed < 3_000; passed += 100) {
    await rig.asleep();
    await rig.clock.advance(100_000);
    await rig.until('it is renewed', () => (hub.subscribers[0]?.leaseUntil ?? 0) > rig.clock.now());
  }
  assert.deepEqual(await hub.publish(topic, 'late'), [202]);
  assert.equal(hub.asked.length, 4);
  assert.equal(new Set(hub.asked.map((form) => form['hub.secret'])).size, 1);
});

test('without renewal the hub forgets: that is what the renewal is for', async () => {
  await using it = await world();
  it.hub.leaseSeconds = 1_000;
  const running = it.rig.start({ url: it.page.url });
  await it.rig.pass('it runs', () => it.rig.health.length > 0);
  await running.stop();
  await it.rig.clock.advance(1_001_000);
  assert.deepEqual(await it.hub.publish(it.topic, 'lost'), []);
});

test('a restart goes on with the subscription and asks nobody', async () => {
  await using it = await world();
  const first = it.rig.start({ url: it.page.url });
  await it.rig.pass('it runs', () => it.rig.health.length > 0);
  await first.stop();
  it.rig.start({ url: it.page.url });
  await it.rig.pass('it runs again', () => it.rig.health.length > 1);
  assert.equal(it.hub.asked.length, 1);
  assert.deepEqual(await it.hub.publish(it.topic, 'still'), [202]);
});

test('other settings are another subscription, with a secret of its own', async () => {
  await using it = await world();
  const { rig, hub } = it;
  const first = rig.start({ url: it.page.url });
  await rig.pass('it runs', () => rig.health.length > 0);
  await first.stop();
  rig.start({ url: 'https://other.example/feed', hub: hub.url });
  await rig.pass('it runs again', () => rig.health.length > 1);
  assert.equal(hub.asked[1]?.['hub.topic'], 'https://other.example/feed');
  assert.deepEqual(await hub.publish('https://other.example/feed', 'new'), [202]);
  assert.deepEqual(await hub.publish(it.topic, 'old'), [401]);
});

test('a hub that refuses, now or later, is told with its reason and asked again after an hour', async () => {
  await using it = await world();
  const { rig, hub } = it;
  rig.start({ url: it.page.url });
  await rig.pass('it runs', () => rig.health.length > 0);
  await hub.deny(it.topic, 'We are closing');
  await rig.asleep();
  await rig.clock.advance(600_000);
  await rig.until('it is told', () => rig.health.at(-1)?.[0] === 'failing');
  assert.match(String(rig.health.at(-1)), /The hub refuses the subscription: We are closing/);
  await rig.asleep();
  await rig.clock.advance(3_600_000);
  await rig.pass('it runs', () => rig.health.at(-1)?.[0] === 'running');
  assert.equal(hub.asked.length, 2);
});

test('a hub that never asks back, or answers an error, is told and tried again', async () => {
  await using it = await world();
  const { rig, hub } = it;
  hub.mood = 'silent';
  rig.start({ url: it.page.url });
  for (let i = 0; i < 60; i++) {
    await rig.asleep();
    await rig.clock.advance(1_000);
  }
  await rig.until('it is told', () => rig.health.length > 0);
  assert.match(String(rig.health.at(-1)), /did not ask back within 60 s; it must be able to reach http:/);
  assert.ok(!String(rig.health).includes('token'));
  hub.mood = { status: 400, body: 'topic not allowed' };
  await rig.asleep();
  await rig.clock.advanceToNext();
  await rig.until('it is told', () => String(rig.health.at(-1)).includes('topic not allowed'));
  hub.mood = 'kind';
  await rig.asleep();
  await rig.clock.advanceToNext();
  await rig.pass('it runs', () => rig.health.at(-1)?.[0] === 'running');
});

test('a hub that has moved is followed with the whole form', async () => {
  await using it = await world();
  await using moved = await startWebsubHub({ now: () => it.rig.clock.now() });
  it.hub.mood = { status: 307, location: moved.url };
  it.rig.start({ url: it.page.url });
  await it.rig.pass('it runs', () => it.rig.health.length > 0);
  assert.deepEqual([moved.asked[0], moved.subscribers.length], [it.hub.asked[0], 1]);
  assert.equal((it.rig.cursor as HubCursor).subscription?.hub, it.hub.url);
});

test('a page without a hub says what to do instead', async () => {
  await using it = await world();
  it.page.answer({ body: '<html><body><a rel="hub" href="/x">' });
  it.rig.start({ url: it.page.url });
  await it.rig.until('it is told', () => it.rig.health.length > 0);
  assert.match(String(it.rig.health), /announces no hub; poll it as a feed/);
});

test('hubs are found in headers, HTML, Atom, RSS and JSON feeds, and not in what the items say', () => {
  const found = (body: string, headers: Record<string, string> = {}) =>
    discoverHub(
      { kind: 'answered', status: 200, headers, body: new Uint8Array(), url: 'https://a.example/b/c' },
      body,
    );
  const expected = { hub: 'https://h.example/?a=1&b=2', topic: 'https://a.example/self' };
  const hub = 'https://h.example/?a=1&amp;b=2';
  assert.deepEqual(
    found('', { link: '<https://h.example/?a=1&b=2>; rel=hub, </self>; rel="self x"' }),
    expected,
  );
  assert.deepEqual(
    found(`<html><head><link rel='self' href=/self><LINK href="${hub}" REL="hub foo">`),
    expected,
  );
  assert.deepEqual(found(`<feed><link rel="hub" href="${hub}"/><link rel="self" href="../self"/>`), expected);
  assert.deepEqual(
    found(`<rss><channel><atom:link rel="hub" href="${hub}"/><atom:link rel="self" href="/self"/>`),
    expected,
  );
  const json = { hubs: [{ type: 'WebSub', url: expected.hub }], feed_url: expected.topic };
  assert.deepEqual(found(JSON.stringify(json)), expected);
  assert.equal(found(`<feed><!-- <link rel="hub" href="x"/> --><entry><link rel="hub" href="x"/>`), null);
  assert.equal(found('<feed><link rel="hub" href="file:///etc/passwd"/>'), null);
  assert.equal(found('{"hubs":[null,{"url":1}]'), null);
});

test('the feed of a web page is found', () => {
  const page = {
    kind: 'answered',
    status: 200,
    headers: {},
    body: new Uint8Array(),
    url: 'https://a.example/',
  } as const;
  const html = '<link rel="alternate" type="application/rss+xml" href="/rss?a&amp;b">';
  assert.deepEqual(
    [discoverFeed(page, html), discoverFeed(page, '<p>')],
    ['https://a.example/rss?a&b', null],
  );
});

test('settings that cannot work are refused, at the member that is wrong', () => {
  const refused = wrongMember(websubSettings);
  assert.equal(refused({}), 'url');
  assert.equal(refused({ url: 'https://a.example', hub: 'hub' }), 'hub');
  assert.equal(refused({ url: 'https://a.example', leaseSeconds: 1 }), 'leaseSeconds');
});

test('a page of nothing but beginnings is looked through at once', () => {
  const page = {
    kind: 'answered',
    status: 200,
    headers: {},
    body: Buffer.of(),
    url: 'https://a.example/',
  } as const;
  const begun = performance.now();
  for (const beginning of ['<!--', '<link ', '<link rel="', '<a:'])
    assert.equal(discoverHub(page, beginning.repeat(262_144 / beginning.length)), null);
  assert.ok(performance.now() - begun < 20_000);
});
