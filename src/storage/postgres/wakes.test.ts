import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { lanesHeldBy, StoppableClock, TestCluster, until } from '../../../test/support/cluster-nodes.ts';
import type { DestinationId, OrganizationId } from '../../core/ids.ts';
import { silent } from '../conformance/scratch.ts';
import { migrate } from './migrate.ts';
import { Wakes } from './wakes.ts';

const ORGANIZATION = 'org_1' as OrganizationId;
const idOf = (n: number) => String(n).padStart(27, '0') as DestinationId;
const laneOf = (n: number) => ({ organization: ORGANIZATION, destinationId: idOf(n) });

/** A connection that keeps what it is asked to send. */
function newConnection() {
  const sent: string[][] = [];
  return {
    sent,
    isOpen: true,
    failures: 0,
    async query(_: unknown, [payloads]: readonly unknown[]) {
      if (this.failures > 0) {
        this.failures--;
        throw new Error('the connection broke');
      }
      sent.push(payloads as string[]);
      return [];
    },
  };
}
type FakeConnection = ReturnType<typeof newConnection>;

const wakesOn = (connection: FakeConnection) =>
  new Wakes({ connection: connection as never, members: () => 3, clock: new StoppableClock(), log: silent });

test('lanes of one turn go together, each once', async () => {
  const connection = newConnection();
  const wakes = wakesOn(connection);
  wakes.add([laneOf(1), laneOf(2)]);
  wakes.add([laneOf(2), laneOf(3)]);
  await wakes.flush();
  assert.deepEqual(connection.sent, [[`l org_1 ${[1, 2, 3].map(idOf).join()}`]]);
});

test('what could not be sent is sent again, with what came meanwhile', async () => {
  const connection = newConnection();
  connection.failures = 2;
  const wakes = wakesOn(connection);
  wakes.add([laneOf(1)]);
  await sleep(50);
  wakes.add([laneOf(2)]);
  await wakes.flush();
  const lanes = connection.sent.flat().flatMap((payload) => payload.split(' ')[2]!.split(','));
  assert.deepEqual(lanes.sort(), [1, 2].map(idOf));
});

test('all wait while the connection is away', async () => {
  const connection = newConnection();
  connection.isOpen = false;
  const wakes = wakesOn(connection);
  wakes.add([laneOf(1)]);
  await wakes.flush();
  assert.deepEqual(connection.sent, []);
  connection.isOpen = true;
  wakes.send();
  await wakes.flush();
  assert.deepEqual(connection.sent, [[`l org_1 ${idOf(1)}`]]);
});

test('more than fit into memory are told as any lane, once', async () => {
  const connection = newConnection();
  connection.isOpen = false;
  const wakes = wakesOn(connection);
  for (let n = 0; n < 120_000; n++) wakes.add([laneOf(n)]);
  connection.isOpen = true;
  await wakes.flush();
  assert.deepEqual(connection.sent, [['a']]);
});

test('a wake arrives at the holder and nowhere else', async () => {
  await using cluster = await TestCluster.start();
  const [a, b, c] = [await cluster.join('a'), await cluster.join('b'), await cluster.join('c')];
  await cluster.heldBy(a, b, c);
  const [lane] = lanesHeldBy(b, 1);
  a.cluster.wake([lane!]);
  await until('it arrives', () => b.member.lanes.length > 0);
  assert.deepEqual(b.member.lanes, [lane]);
  b.cluster.wake([lane!]);
  await until('a node may wake itself', () => b.member.lanes.length > 1);
  assert.deepEqual([a.member.lanes, c.member.lanes], [[], []]);
});

test('ten thousand at once arrive all', async () => {
  await using cluster = await TestCluster.start();
  const [a, b, c] = [await cluster.join('a'), await cluster.join('b'), await cluster.join('c')];
  await cluster.heldBy(a, b, c);
  const lanes = Array.from({ length: 10_000 }, (_, n) => laneOf(n));
  for (const lane of lanes) a.cluster.wake([lane]);
  const woken = () => [a, b, c].flatMap(({ member }) => member.lanes);
  await until('all arrive', () => woken().length >= lanes.length);
  assert.deepEqual(
    woken()
      .map(({ destinationId }) => destinationId)
      .sort(),
    lanes.map(({ destinationId }) => destinationId),
  );
});

test('who leaves has said first what was to be said', async () => {
  await using cluster = await TestCluster.start();
  const [a, b] = [await cluster.join('a'), await cluster.join('b')];
  await cluster.heldBy(a, b);
  const lanes = lanesHeldBy(b, 3);
  a.cluster.wake(lanes);
  await a.cluster.leave();
  await until('they arrive', () => b.member.lanes.length === 3);
});

test('stores in two schemas of a database have channels of their own', async () => {
  await using cluster = await TestCluster.start();
  await cluster.query('CREATE SCHEMA other');
  const other = new URL(cluster.url);
  other.searchParams.set('options', '-c search_path=other');
  await migrate({ url: other.href, log: silent });
  const [channels] = await cluster.query(
    'SELECT posthorn_channel() AS ours, other.posthorn_channel() AS theirs',
  );
  assert.deepEqual(channels, { ours: 'posthorn_public', theirs: 'posthorn_other' });
});
