import assert from 'node:assert/strict';
import test from 'node:test';
import { askingRig } from '../../../test/support/asking-rig.ts';
import { startHubCallback } from '../../../test/support/hub-callback.ts';
import { refuse, storeIsAway, wrongMember } from '../../../test/support/queue-rig.ts';
import { type ScriptedAnswer, startReceiver, type TestReceiver } from '../../../test/support/receiver.ts';
import { startWebsubHub } from '../../../test/support/websub-hub.ts';
import { type HubCursor, notePoke } from '../../core/received/hub-subscription.ts';
import { makeFeedKind } from './feed-kind.ts';
import { feedSettings } from './settings.ts';

const rss = (ids: readonly (number | string)[], more = '', headers = {}): ScriptedAnswer => ({
  headers: { 'content-type': 'application/rss+xml', ...headers },
  body: `<rss version="2.0"><channel><title>T</title>${more}${ids
    .map((id) => `<item><guid isPermaLink="false">${id}</guid><title>Post ${id}</title></item>`)
    .join('')}</channel></rss>`,
});
const settingsOf = ({ url }: TestReceiver, more = {}) => ({
  ...{ url: `${url}/feed`, everySeconds: 60, jitterSeconds: 0 },
  ...more,
});
const ids = (news: readonly Record<string, unknown>[]): unknown[] => news.map(({ id }) => id);

test('the first run is silent; then each new item is an event, oldest first', async () => {
  await using site = await startReceiver();
  await using rig = askingRig(makeFeedKind);
  site.answer(rss([2, 1]), rss([4, 3, 2, 1]));
  rig.start(settingsOf(site));
  await rig.round();
  await rig.round();
  assert.deepEqual(
    rig.stored.map(({ type, orderingKey }) => [type, orderingKey]),
    [
      ['feed.created', '3'],
      ['feed.created', '4'],
    ],
  );
  const [first] = rig.news();
  assert.deepEqual([first?.title, first?.feed], ['Post 3', { format: 'rss', title: 'T', url: null }]);
});

test('the newest of the first run can be asked for, and items that scrolled out are remembered', async () => {
  await using site = await startReceiver();
  await using rig = askingRig(makeFeedKind);
  site.answer(rss([3, 2, 1]), rss([4, 3]), rss([4, 3, 2, 1]));
  const first = rig.start(settingsOf(site, { firstRun: 2 }));
  await rig.asleep();
  assert.deepEqual(ids(rig.news()), ['2', '3']);
  await rig.round();
  await first.stop();
  rig.start(settingsOf(site));
  await rig.asleep();
  assert.deepEqual(ids(rig.news()), ['4']);
});

test('an item that changed is told, unless that is not wanted or only its date moved', async () => {
  await using site = await startReceiver();
  const posts = (title: string, date: string): ScriptedAnswer => ({
    body: `<rss version="2.0"><channel><item><guid>1</guid><title>${title}</title><pubDate>${date}</pubDate></item></channel></rss>`,
  });
  for (const [emitUpdated, types] of [
    [true, ['feed.updated']],
    [false, []],
  ] as const) {
    await using rig = askingRig(makeFeedKind);
    site.answer(
      posts('a', 'Mon, 01 Jan 2029 10:00:00 GMT'),
      posts('a', 'Tue, 02 Jan 2029 10:00:00 GMT'),
      posts('b', ''),
    );
    rig.start(settingsOf(site, { emitUpdated }));
    await rig.round();
    assert.equal(rig.stored.length, 0);
    await rig.round();
    assert.deepEqual(
      rig.stored.map(({ type }) => type),
      types,
    );
  }
});

test('conditions are sent back, and 304 writes nothing', async () => {
  await using site = await startReceiver();
  await using rig = askingRig(makeFeedKind);
  site.answer(rss([1], '', { etag: 'W/"1"' }), 304);
  rig.start(settingsOf(site));
  await rig.round();
  assert.deepEqual([site.requests[1]?.headers['if-none-match'], rig.cursorWrites], ['W/"1"', 1]);
  assert.match(site.requests[0]?.headers.accept ?? '', /atom\+xml/);
});

test('without an interval of its own it asks as often as the feed hints, within bounds', async () => {
  await using site = await startReceiver();
  const { everySeconds: _, ...input } = settingsOf(site);
  for (const [hint, minutes] of [
    ['', 15],
    ['<ttl>30</ttl>', 30],
    ['<ttl>1</ttl>', 5],
    ['<ttl>99999</ttl>', 1_440],
    ['<sy:updatePeriod xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">hourly</sy:updatePeriod>', 60],
  ] as const) {
    await using rig = askingRig(makeFeedKind);
    site.answer(rss([1], hint));
    rig.start(input);
    await rig.asleep();
    assert.equal((rig.clock.nextAt() ?? 0) - rig.clock.now(), minutes * 60_000, hint);
  }
});

test('whatever the dice say, each round asks', async () => {
  await using site = await startReceiver();
  const dice = [0, 0.9, 0.1, 0.5, 0, 0.8];
  await using rig = askingRig(makeFeedKind, { uniform: () => dice.shift() ?? 0 });
  site.answer(rss([1]));
  rig.start(settingsOf(site, { jitterSeconds: 60 }));
  await rig.until('it has asked', () => site.requests.length === 1);
  await rig.round();
  await rig.round();
  assert.equal(site.requests.length, 3);
});

test('what is no feed is told, with the feed of the page where it names one', async () => {
  await using site = await startReceiver();
  await using rig = askingRig(makeFeedKind);
  const page = '<html><head><link rel="alternate" type="application/atom+xml" href="/atom"></head>';
  site.answer({ body: 'gone fishing' }, { body: page }, rss([1]));
  rig.start(settingsOf(site));
  await rig.asleep();
  assert.match(String(rig.health.at(-1)), /no feed that can be read/);
  await rig.round();
  assert.match(String(rig.health.at(-1)), /its feed is at http:\/\/127\.0\.0\.1:\d+\/atom/);
  await rig.round();
  assert.deepEqual([rig.health.at(-1), rig.bugs], [['running', null], []]);
});

test('a store that is away loses nothing, a crash brings nothing twice, and what is never taken is left out', async () => {
  await using site = await startReceiver();
  await using rig = askingRig(makeFeedKind);
  const stores = rig.answer;
  site.answer(rss([1], '', { etag: '"1"' }), rss([3, 2, 1], '', { etag: '"2"' }));
  rig.start(settingsOf(site));
  await rig.asleep();
  rig.answer = (item) => (item.orderingKey === '3' ? storeIsAway() : stores(item));
  await rig.round();
  assert.equal(rig.health.at(-1)?.[0], 'failing');
  rig.answer = (item) => (item.orderingKey === '3' ? refuse(true)() : stores(item));
  await rig.round();
  assert.deepEqual(ids(rig.news()), ['2']);
  assert.match(String(rig.health.at(-1)), /running,An event was left out/);
  assert.equal(site.requests[2]?.headers['if-none-match'], '"1"');
});

test('a hub that the feed announces makes it look at once, and its calls are no events', async () => {
  await using site = await startReceiver();
  await using rig = askingRig(makeFeedKind);
  await using hub = await startWebsubHub({ now: () => rig.clock.now() });
  const poke = (): void => {
    rig.cursor = notePoke(rig.cursor);
  };
  await using callback = await startHubCallback(rig, poke);
  const topic = `${site.url}/feed`;
  const links = `<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="hub" href="${hub.url}"/>`;
  site.answer(rss([1], links, { etag: '"1"' }), rss([2, 1], links));
  rig.start(settingsOf(site, { websub: true, everySeconds: 86_400 }));
  await rig.until('the hub knows it', () => hub.subscribers.length === 1);
  await rig.asleep();
  await rig.clock.advance(10_000);
  assert.equal(site.requests.length, 1);
  assert.deepEqual(await hub.publish(topic, 'anything'), [202]);
  await rig.asleep();
  await rig.clock.advance(5_000);
  await rig.until('it is taken', () => rig.stored.length === 1);
  assert.deepEqual([ids(rig.news()), callback.taken], [['2'], ['anything']]);
  await rig.asleep();
  assert.deepEqual([hub.asked.length, (rig.cursor as HubCursor).pokes], [1, 1]);
  assert.deepEqual(rig.health.at(-1), ['running', null]);
});

test('the hub is asked again before the lease ends, although the feed does not change', async () => {
  await using site = await startReceiver();
  await using rig = askingRig(makeFeedKind);
  await using hub = await startWebsubHub({ now: () => rig.clock.now() });
  await using callback = await startHubCallback(rig);
  assert.deepEqual(callback.taken, []);
  hub.leaseSeconds = 4 * 3_600;
  site.answer(rss([1], '', { etag: '"1"', link: `<${hub.url}>; rel="hub"` }), 304);
  rig.start(settingsOf(site, { websub: true, everySeconds: 1_800 }));
  await rig.until('the hub knows it', () => hub.subscribers.length === 1);
  for (let hour = 0; hour < 4; hour++) {
    await rig.asleep();
    await rig.clock.advance(3_600_000);
    await rig.asleep();
  }
  await rig.until('it is renewed', () => hub.asked.length === 2);
});

test('a hub that refuses is told, and the feed is asked at intervals', async () => {
  await using site = await startReceiver();
  await using rig = askingRig(makeFeedKind);
  await using hub = await startWebsubHub();
  hub.mood = { status: 403, body: 'not you' };
  site.answer(rss([1], '', { link: `<${hub.url}>; rel="hub"` }), rss([2, 1]));
  rig.start(settingsOf(site, { websub: true }));
  await rig.asleep();
  assert.match(String(rig.health.at(-1)), /running,The hub .* answered 403: not you; the feed is asked at/);
  await rig.round();
  assert.deepEqual(ids(rig.news()), ['2']);
});

test('settings that cannot work are refused, at the member that is wrong', () => {
  const refused = wrongMember(feedSettings);
  const url = 'https://blog.example/feed';
  assert.equal(refused({ url, everySeconds: 5 }), 'everySeconds');
  assert.equal(refused({ url, firstRun: 1_000 }), 'firstRun');
  assert.equal(refused({ url: 'feed://blog.example' }), 'url');
  assert.equal(refused({ url, auth: { type: 'bearer' } }), 'auth.token');
});
