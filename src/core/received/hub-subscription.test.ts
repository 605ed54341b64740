import assert from 'node:assert/strict';
import test from 'node:test';
import {
  answerHubChallenge,
  type HubCursor,
  type HubSubscription,
  hubSecrets,
  nextHubStep,
  notePoke,
} from './hub-subscription.ts';

const TOPIC = 'https://blog.example/feed?a=b';
const NOW = Date.UTC(2030, 0, 1);
const DAY = 86_400_000;
const asked: HubSubscription = {
  ...{ page: TOPIC, topic: TOPIC, hub: 'https://hub.example/', secret: 's' },
  ...{ askedAt: NOW, verifiedAt: null, leaseUntil: null, denied: null },
};
const cursor = { other: 1, subscription: asked };
const answer = (query: Record<string, string>, kept: unknown = cursor) =>
  answerHubChallenge(kept, new URLSearchParams(query), NOW);
const confirm = { 'hub.mode': 'subscribe', 'hub.topic': TOPIC, 'hub.challenge': 'c<1>' };

test('what was asked for is confirmed with the challenge, and the lease is kept', () => {
  const { status, body, cursor: after } = answer({ ...confirm, 'hub.lease_seconds': '600' });
  assert.deepEqual([status, body], [200, 'c<1>']);
  assert.deepEqual(after, {
    other: 1,
    subscription: { ...asked, verifiedAt: NOW, leaseUntil: NOW + 600_000 },
  });
  const unsaid = answer(confirm).cursor as HubCursor;
  assert.equal(unsaid.subscription?.leaseUntil, NOW + 10 * DAY);
});

test('nothing else is confirmed, and changes nothing', () => {
  const cases: readonly [Record<string, string>, number][] = [
    [{ ...confirm, 'hub.topic': 'https://other.example/' }, 404],
    [{ ...confirm, 'hub.mode': 'unsubscribe' }, 404],
    [{ 'hub.mode': 'denied', 'hub.topic': 'https://other.example/' }, 404],
    [{ ...confirm, 'hub.challenge': '' }, 400],
    [{ ...confirm, 'hub.challenge': 'x'.repeat(3_000) }, 400],
    [{}, 404],
  ];
  for (const [query, status] of cases) {
    const given = answer(query);
    assert.deepEqual([given.status, given.cursor === cursor], [status, true], JSON.stringify(query));
  }
  for (const kept of [null, {}, { subscription: null }]) assert.equal(answer(confirm, kept).status, 404);
});

test('a refusal is kept with its reason, and asked again after an hour', () => {
  const query = { 'hub.mode': 'denied', 'hub.topic': TOPIC, 'hub.reason': 'too\nmany' };
  const { status, cursor: after } = answer(query);
  const { subscription } = after as HubCursor;
  assert.deepEqual([status, subscription?.denied], [200, 'too many']);
  assert.equal(nextHubStep(subscription!, NOW).kind, 'denied');
  assert.equal(nextHubStep(subscription!, NOW + 3_600_000).kind, 'ask');
});

test('a subscription is renewed in the last tenth of its lease, or a minute before its end', () => {
  const step = (leaseMs: number, at: number): string =>
    nextHubStep({ ...asked, verifiedAt: NOW, leaseUntil: NOW + leaseMs }, NOW + at).kind;
  assert.deepEqual([step(10 * DAY, 8.9 * DAY), step(10 * DAY, 9 * DAY)], ['wait', 'ask']);
  assert.deepEqual([step(300_000, 239_000), step(300_000, 240_000)], ['wait', 'ask']);
  assert.deepEqual([step(60_000, 29_000), step(60_000, 30_000)], ['wait', 'ask']);
  assert.deepEqual([nextHubStep(null, NOW).kind, nextHubStep(asked, NOW).kind], ['ask', 'ask']);
});

test('secrets and pokes', () => {
  assert.deepEqual([hubSecrets(cursor), hubSecrets(null)], [['s'], []]);
  assert.deepEqual(notePoke(notePoke(cursor)), { ...cursor, pokes: 2 });
});
