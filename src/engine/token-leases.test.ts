import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineRig } from '../../test/support/engine-rig.ts';
import { FakeClock, threeTurns } from '../../test/support/fake-clock.ts';
import { ALL_SHARDS, ScriptedCluster } from '../../test/support/scripted-cluster.ts';
import { newBucket, take } from '../core/delivery/rate.ts';
import type { ApplicationId, OrganizationId } from '../core/ids.ts';
import type { Cluster } from '../ports/cluster.ts';
import { TokenLeases } from './token-leases.ts';

const SECOND = 1_000;
const organization = 'org_tokens' as OrganizationId;
const app = 'app' as ApplicationId;
type TakeTokens = Cluster['takeTokens'];

function makeLeases(takeTokens: TakeTokens) {
  const clock = new FakeClock();
  const asked: number[] = [];
  const errors: unknown[] = [];
  const cluster = {
    takeTokens: (...[owner, options]: Parameters<TakeTokens>) => {
      asked.push(options.wanted);
      return takeTokens(owner, options);
    },
  };
  const log = { info() {}, warn() {}, error: (_event: string, cause: unknown) => errors.push(cause) };
  const leases = new TokenLeases(cluster, { clock, log });
  const taken = (perSecond: number) => leases.take(organization, app, { perSecond, now: clock.now() });
  return { clock, asked, errors, taken };
}

test('tokens are leased for a quarter of a second of the rate, and used up without asking again', async () => {
  const { asked, taken } = makeLeases(async (_owner, { wanted }) => ({ granted: wanted, waitMs: 0 }));
  assert.equal(taken(40), 20);
  assert.equal(taken(40), 20);
  await threeTurns();
  for (let i = 0; i < 10; i++) assert.equal(taken(40), 0);
  assert.deepEqual(asked, [10]);
  assert.equal(taken(40), 20);
  assert.deepEqual(asked, [10, 10]);
});

test('at a low rate one token at a time is leased', async () => {
  const { asked, taken } = makeLeases(async () => ({ granted: 1, waitMs: 0 }));
  taken(0.5);
  await threeTurns();
  assert.equal(taken(0.5), 0);
  assert.deepEqual(asked, [1]);
});

test('an empty bucket is asked again when the store says, not before', async () => {
  const { clock, asked, taken } = makeLeases(async () => ({ granted: 0, waitMs: 700 }));
  taken(10);
  await threeTurns();
  assert.equal(taken(10), 700);
  await clock.advance(699);
  assert.equal(taken(10), 20);
  assert.equal(asked.length, 1);
  await clock.advance(1);
  taken(10);
  assert.equal(asked.length, 2);
});

test('tokens are not used any more when they are a second old', async () => {
  const { clock, asked, taken } = makeLeases(async () => ({ granted: 5, waitMs: 0 }));
  taken(20);
  await threeTurns();
  assert.equal(taken(20), 0);
  await clock.advance(SECOND);
  assert.equal(taken(20), 20);
  assert.equal(asked.length, 2);
});

test('a store that cannot answer is asked again a little later', async () => {
  const { clock, asked, errors, taken } = makeLeases(async () => {
    throw new Error('gone');
  });
  taken(10);
  await threeTurns();
  assert.ok(taken(10) > 100);
  assert.deepEqual([asked.length, errors.length], [1, 1]);
  await clock.advance(250);
  taken(10);
  assert.equal(asked.length, 2);
});

test('the rate of an application holds over two nodes together', async (t) => {
  const cluster = new ScriptedCluster();
  const even = new Set([...ALL_SHARDS].filter((shard) => shard % 2 === 0));
  const odd = new Set([...ALL_SHARDS].filter((shard) => shard % 2 === 1));
  const nodes = [cluster.node(even), cluster.node(odd)] as const;
  const one = await EngineRig.start({ wrapStorage: (inner) => cluster.storage(inner, nodes[0]) });
  const two = await EngineRig.start({
    wrapStorage: (inner) => cluster.storage(inner, nodes[1]),
    beside: one,
  });
  t.after(async () => {
    await two.close();
    await one.close();
  });
  let bucket = newBucket(10);
  for (const node of nodes) {
    node.takeTokens = async (_owner, { wanted }) => {
      for (let granted = 0; granted < wanted; granted++) {
        const token = take(bucket, one.clock.now());
        if (!token.ok) return { granted, waitMs: token.waitMs };
        bucket = token.bucket;
      }
      return { granted: wanted, waitMs: 0 };
    };
  }
  const application = await one.addApplication({ throttleRate: 10 });
  for (let i = 0; i < 8; i++) await one.addDestination(application);
  for (let i = 0; i < 20; i++) await one.publish(application, '{}');
  await one.clock.advance(5 * SECOND);
  const sent = [one, two].map(({ wire }) => wire.calls.length);
  const all = sent[0]! + sent[1]!;
  // A second's worth fits into the bucket; some tokens are leased and not used.
  assert.ok(all <= 60 && all >= 40, `${all} were sent in 5 s`);
  assert.ok(sent[0]! > 0 && sent[1]! > 0);
});
