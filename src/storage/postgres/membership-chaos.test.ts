/** One law under faults that come as they like: no shard is worked on by two nodes at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestCluster, type TestNode } from '../../../test/support/cluster-nodes.ts';
import { startPostgres } from '../../../test/support/postgres.ts';
import { SeededDice } from '../../../test/support/seeded-dice.ts';
import { LEASE_MS } from '../../core/cluster/lease.ts';

const FAULTS = 8;
const NODES_MIN = 2;
const NODES_MAX = 6;

class Chaos {
  readonly #cluster: TestCluster;
  readonly #dice: SeededDice;
  /** With the shards that each is still draining. */
  readonly nodes = new Map<TestNode, Set<number>>();
  readonly violations: string[] = [];
  #joined = 0;

  constructor(cluster: TestCluster, dice: SeededDice) {
    this.#cluster = cluster;
    this.#dice = dice;
  }

  async join(): Promise<void> {
    const node = this.#cluster.open(`node ${++this.#joined}`);
    const draining = new Set<number>();
    node.member.drain = async (shard) => {
      draining.add(shard);
      await sleep(this.upTo(100));
      draining.delete(shard);
    };
    this.nodes.set(node, draining);
    await node.cluster.join(node.member);
  }

  async leave(): Promise<void> {
    const node = this.pick();
    this.nodes.delete(node);
    await node.cluster.leave();
  }

  async stop(ms: number): Promise<void> {
    const node = this.pick();
    node.local.stop();
    await sleep(ms);
    node.local.goOn();
  }

  async cut(): Promise<void> {
    const { tag } = this.pick();
    await this.#cluster.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1',
      [tag],
    );
  }

  /** What a node that lost its membership was draining is refused when it is recorded: mayBegin() is what counts. */
  look(): void {
    const workers = new Map<number, TestNode>();
    for (const [node, draining] of this.nodes) {
      if (!node.cluster.mayBegin()) continue;
      for (const shard of new Set([...node.member.shards, ...draining])) {
        const other = workers.get(shard);
        if (other) this.violations.push(`${shard} at ${other.name} and ${node.name}`);
        workers.set(shard, node);
      }
    }
  }

  pick(): TestNode {
    return [...this.nodes.keys()][this.upTo(this.nodes.size)]!;
  }

  upTo(most: number): number {
    return Math.floor(this.#dice.uniform() * most);
  }
}

test('no shard is worked on by two nodes at once, whatever fails', async () => {
  const server = await startPostgres();
  try {
    await using cluster = await TestCluster.start(server);
    const chaos = new Chaos(cluster, new SeededDice(process.pid));
    await Promise.all([chaos.join(), chaos.join(), chaos.join()]);
    const faults = [
      () => (chaos.nodes.size < NODES_MAX ? chaos.join() : chaos.leave()),
      () => (chaos.nodes.size > NODES_MIN ? chaos.leave() : chaos.join()),
      () => chaos.stop(LEASE_MS + chaos.upTo(LEASE_MS)),
      () => chaos.cut(),
      () => server.restart(),
      async () => {
        server.pause();
        await sleep(chaos.upTo(LEASE_MS * 1.5));
        server.resume();
      },
    ];
    const looking = setInterval(() => chaos.look(), 3);
    try {
      for (let n = 0; n < FAULTS; n++) {
        await faults[chaos.upTo(faults.length)]!();
        await sleep(chaos.upTo(LEASE_MS / 3));
      }
      await cluster.heldBy(...chaos.nodes.keys());
    } finally {
      clearInterval(looking);
    }
    assert.deepEqual(chaos.violations, []);
  } finally {
    await server.stop();
  }
});
