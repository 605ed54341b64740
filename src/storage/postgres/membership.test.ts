import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestCluster, type TestNode, until } from '../../../test/support/cluster-nodes.ts';
import { LEASE_MS } from '../../core/cluster/lease.ts';

const HOUR_MS = 3_600_000;
const ALL = Array.from({ length: 256 }, (_, shard) => shard);

async function three(cluster: TestCluster): Promise<[TestNode, TestNode, TestNode]> {
  const nodes = await Promise.all(['a', 'b', 'c'].map((name) => cluster.join(name)));
  await cluster.heldBy(...nodes);
  return nodes as [TestNode, TestNode, TestNode];
}

const heldBy = ({ cluster }: TestNode): number[] => ALL.filter((shard) => cluster.holds(shard));

test('the first node holds every shard when it has joined', async () => {
  await using cluster = await TestCluster.start();
  const node = cluster.open('a');
  assert.equal(node.cluster.epoch, 0);
  assert.equal(node.cluster.mayBegin(), false);
  await node.cluster.join(node.member);
  assert.ok(node.cluster.epoch > 0);
  assert.equal(node.cluster.mayBegin(), true);
  assert.deepEqual([...node.member.shards], ALL);
  assert.deepEqual(heldBy(node), ALL);
});

test('three nodes that come at once hold each shard once', async () => {
  await using cluster = await TestCluster.start();
  const nodes = await three(cluster);
  assert.deepEqual(
    nodes.flatMap(heldBy).sort((x, y) => x - y),
    ALL,
  );
  assert.equal(new Set(nodes.map((node) => node.cluster.epoch)).size, 3);
  const states = await nodes[0].cluster.nodes();
  assert.deepEqual(states.map(({ name }) => name).sort(), ['a', 'b', 'c']);
  assert.deepEqual(
    states.filter(({ isThis }) => isThis).map(({ epoch, name, version }) => ({ epoch, name, version })),
    [{ epoch: nodes[0].cluster.epoch, name: 'a', version: '1.2.3' }],
  );
  assert.equal(
    states.reduce((sum, { shards }) => sum + shards, 0),
    256,
  );
  assert.ok(states.every(({ renewedAgoMs }) => renewedAgoMs >= 0 && renewedAgoMs < LEASE_MS));
});

test('the shards of a node that stops go to the others, and it is told when it goes on', async () => {
  await using cluster = await TestCluster.start();
  const [a, b, c] = await three(cluster);
  const before = a.cluster.epoch;
  a.local.stop();
  const stoppedAt = performance.now();
  await cluster.heldBy(b, c);
  assert.ok(performance.now() - stoppedAt < 15_000, 'the lease of 3 s, and what a busy machine adds');
  assert.equal(a.cluster.mayBegin(), false);
  assert.ok(b.member.timesMissed > 0, 'what the dead node did not tell is looked for');
  assert.equal(a.member.timesLost, 0);
  a.local.goOn();
  await until('it is told', () => a.member.timesLost === 1);
  await cluster.heldBy(a, b, c);
  assert.ok(a.cluster.epoch > before);
  assert.equal(a.cluster.mayBegin(), true);
  assert.equal(b.member.timesLost + c.member.timesLost, 0);
});

test('a stopped node’s open transaction does not hold up its heirs', async () => {
  await using cluster = await TestCluster.start();
  const a = await cluster.join('a');
  const b = await cluster.join('b');
  await cluster.heldBy(a, b);
  const stuck = Promise.withResolvers<void>();
  const batch = a.connections.transact(async (session) => {
    await session.query('SELECT 1 FROM node WHERE epoch = $1 FOR KEY SHARE', [a.cluster.epoch]);
    await stuck.promise;
    await session.query('SELECT 1');
  });
  a.local.stop();
  await cluster.heldBy(b);
  stuck.resolve();
  await assert.rejects(batch, 'what it had begun was ended');
});

test('a node that leaves gives its shards at once', async () => {
  await using cluster = await TestCluster.start();
  const [a, b, c] = await three(cluster);
  await a.cluster.leave();
  assert.deepEqual(heldBy(a), []);
  assert.equal(a.cluster.mayBegin(), false);
  await cluster.heldBy(b, c);
  assert.deepEqual((await b.cluster.nodes()).map(({ name }) => name).sort(), ['b', 'c']);
  assert.equal(b.member.timesMissed, 0, 'nobody died');
});

test('a fourth node gets its part by giving up alone, each shard when it is drained', async () => {
  await using cluster = await TestCluster.start();
  const nodes = await three(cluster);
  const [a] = nodes;
  for (const { member } of nodes) member.gaveUp.length = 0;
  const drained: (() => void)[] = [];
  a.member.drain = () => new Promise((resolve) => drained.push(resolve));
  const d = await cluster.join('d');
  await until('they are asked', () => nodes.every(({ member }) => member.gaveUp.length > 20));
  await until('who drains at once has given', () => d.member.shards.size >= 42);
  const wanted = a.member.gaveUp.filter((shard) => !d.member.shards.has(shard));
  assert.deepEqual(wanted, a.member.gaveUp, 'nothing of a node that still works on it');
  assert.ok(wanted.every((shard) => !a.cluster.holds(shard)));
  drained.shift()!();
  await until('one is drained, and one goes', () =>
    a.member.gaveUp.some((shard) => d.member.shards.has(shard)),
  );
  assert.equal(a.member.gaveUp.filter((shard) => d.member.shards.has(shard)).length, 1);
  for (const resolve of drained) resolve();
  await cluster.heldBy(...nodes, d);
  assert.equal(
    nodes.reduce((sum, { member }) => sum + member.gaveUp.length, 0),
    64,
  );
});

test('a node keeps what it was to give when the taker is gone', async () => {
  await using cluster = await TestCluster.start();
  const a = await cluster.join('a');
  let drained: () => void = () => {};
  const draining = new Promise<void>((resolve) => {
    drained = resolve;
  });
  a.member.drain = () => draining;
  const b = await cluster.join('b');
  await until('it gives up half', () => a.member.gaveUp.length === 128);
  await b.cluster.leave();
  drained();
  await cluster.heldBy(a);
  assert.equal(b.member.shards.size, 0);
});

test('the clocks of the nodes decide nothing, and they agree on the time', async () => {
  await using cluster = await TestCluster.start();
  const early = await cluster.join('early', { aheadMs: -HOUR_MS });
  const late = await cluster.join('late', { aheadMs: HOUR_MS });
  await cluster.heldBy(early, late);
  await sleep(LEASE_MS * 2);
  assert.equal(early.member.timesLost + late.member.timesLost, 0);
  const apart = Math.min(...Array.from({ length: 20 }, () => Math.abs(early.clock.now() - late.clock.now())));
  assert.ok(apart < 100, `${apart} ms apart`);
  const [row] = await cluster.query<{ now: number }>(
    'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now',
  );
  assert.ok(Math.abs(early.clock.now() - row!.now) < 1_000);
});

test('a row that claims more than a lease is no member’s', async () => {
  await using cluster = await TestCluster.start();
  const a = await cluster.join('a');
  const b = await cluster.join('b');
  await cluster.heldBy(a, b);
  await b.kill();
  // As if the database's clock had been set back after its last renewal.
  await cluster.query(`UPDATE node SET expires_at = expires_at + interval '1 hour' WHERE epoch = $1`, [
    b.cluster.epoch,
  ]);
  await cluster.heldBy(a);
});

test('a catalog change reaches the other nodes, also one that commits late and says nothing', async () => {
  await using cluster = await TestCluster.start();
  const a = await cluster.join('a');
  const [{ no }] = (await cluster.query<{ no: string }>(
    `INSERT INTO organization (id, catalog_version, created_at) VALUES ('org_1', 1, 0) RETURNING no`,
  )) as [{ no: string }];
  await cluster.query('SELECT posthorn_bump_catalog_1($1)', [no]);
  await until('it is told', () => a.member.catalogs.includes('org_1 2'));
  await a.connections.transact(async (session) => {
    await session.query(
      'UPDATE organization SET catalog_version = 3, changed_seq = posthorn_take_seqs(0) WHERE no = $1',
      [no],
    );
    await sleep(2_000);
  });
  await until('it is told of what it asked for too early', () => a.member.catalogs.includes('org_1 3'));
});

test('an entry in the outbox is told of until it is gone', async () => {
  await using cluster = await TestCluster.start();
  const { member } = await cluster.join('a');
  assert.equal(member.timesFilled, 0);
  await cluster.query(
    `INSERT INTO outbox (organization_id, application_id, id, type, content) VALUES ('org_1', 'x', 'y', 'z', '')`,
  );
  await until('it is told twice', () => member.timesFilled >= 2);
  await cluster.query('DELETE FROM outbox');
});
