/** What the cluster does when its database, or the way there, fails. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { lanesHeldBy, TestCluster, type TestNode, until } from '../../../test/support/cluster-nodes.ts';
import { type PostgresServer, startPostgres } from '../../../test/support/postgres.ts';
import { LEASE_MS } from '../../core/cluster/lease.ts';

let server: PostgresServer;
before(async () => {
  server = await startPostgres();
});
after(() => server.stop());

async function three(): Promise<{ cluster: TestCluster; nodes: TestNode[] }> {
  const cluster = await TestCluster.start(server);
  const nodes = await Promise.all(['a', 'b', 'c'].map((name) => cluster.join(name)));
  await cluster.heldBy(...nodes);
  return { cluster, nodes };
}

async function allGoOn(nodes: readonly TestNode[], epochs: readonly number[]): Promise<void> {
  await until('all may begin again', () => nodes.every(({ cluster }) => cluster.mayBegin()));
  // Long enough for whoever was back first to judge the others.
  await sleep(LEASE_MS * 1.5);
  assert.deepEqual(
    nodes.map(({ cluster }) => cluster.epoch),
    epochs,
  );
  for (const { member } of nodes) {
    assert.equal(member.timesLost, 0);
    assert.ok(member.timesMissed > 0, 'what it did not hear meanwhile is looked for');
  }
}

const FAULTS: Record<string, (nodes: readonly TestNode[]) => Promise<void>> = {
  'is restarted': () => server.restart(),
  'is killed and comes back after more than a lease': async (nodes) => {
    await server.kill();
    await until('nobody begins anything', () => nodes.every(({ cluster }) => !cluster.mayBegin()));
    await sleep(LEASE_MS * 1.5);
    await server.start();
  },
  'stalls for more than a lease': async (nodes) => {
    server.pause();
    await until('nobody begins anything', () => nodes.every(({ cluster }) => !cluster.mayBegin()));
    await sleep(LEASE_MS * 1.5);
    server.resume();
  },
};

for (const [fault, happens] of Object.entries(FAULTS))
  test(`when the database ${fault}, nobody is declared dead and all go on`, async () => {
    const { cluster, nodes } = await three();
    await using _ = cluster;
    const epochs = nodes.map((node) => node.cluster.epoch);
    await happens(nodes);
    await allGoOn(nodes, epochs);
    await cluster.heldBy(...nodes);
  });

test('a node that dies while the database is away is declared dead when it is back', async () => {
  const { cluster, nodes } = await three();
  await using _ = cluster;
  const [a, b, c] = nodes as [TestNode, TestNode, TestNode];
  a.local.stop();
  await server.kill();
  await server.start();
  await cluster.heldBy(b, c);
  assert.equal(b.member.timesLost + c.member.timesLost, 0);
});

test('a node whose connections are cut stays a member, and looks for what it did not hear', async () => {
  const { cluster, nodes } = await three();
  await using _ = cluster;
  const [a, b] = nodes as [TestNode, TestNode];
  await cluster.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [
    a.tag,
  ]);
  await until('it looks', () => a.member.timesMissed > 0);
  assert.equal(a.member.timesLost, 0);
  const [lane] = lanesHeldBy(a, 1);
  b.cluster.wake([lane!]);
  await until('it hears again', () => a.member.lanes.length > 0);
  assert.deepEqual(a.member.lanes[0], lane);
});

test('a node connects anew when its database takes no more writes, as after a failover', async () => {
  const { cluster, nodes } = await three();
  await using _ = cluster;
  const [a] = nodes as [TestNode];
  const database = pg.escapeIdentifier(new URL(cluster.url).pathname.slice(1));
  await cluster.query(`ALTER DATABASE ${database} SET default_transaction_read_only = on`);
  await cluster.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [
    a.tag,
  ]);
  await until('it begins nothing', () => !a.cluster.mayBegin());
  await cluster.query(`ALTER DATABASE ${database} RESET default_transaction_read_only`);
  await until('it goes on', () => a.cluster.mayBegin());
});
