/** Nodes of one cluster in this process, each with connections and a clock of its own, and a member that notes all. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { DestinationId, OrganizationId } from '../../src/core/ids.ts';
import { shardOf } from '../../src/core/shard.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Cluster, Member } from '../../src/ports/cluster.ts';
import type { LaneKey } from '../../src/ports/queue.ts';
import { silent } from '../../src/storage/conformance/scratch.ts';
import { type Connections, openConnections } from '../../src/storage/postgres/connection.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { openCluster } from '../../src/storage/postgres/open-cluster.ts';
import { type PostgresServer, testPostgres } from './postgres.ts';

const WITHIN_MS = 60_000;
const POLL_MS = 10;

export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WITHIN_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Not within ${WITHIN_MS} ms: ${what}.`);
    await sleep(POLL_MS);
  }
}

/** Lanes of shards that this node holds. */
export function lanesHeldBy({ cluster }: TestNode, count: number): readonly LaneKey[] {
  const lanes: LaneKey[] = [];
  for (let n = 0; lanes.length < count; n++) {
    const destinationId = String(n).padStart(27, '0') as DestinationId;
    if (cluster.holds(shardOf(destinationId)))
      lanes.push({ organization: 'org_1' as OrganizationId, destinationId });
  }
  return lanes;
}

/** Real time, moved by `aheadMs`, that can be stopped for a while as SIGSTOP stops a process. */
export class StoppableClock implements Clock {
  readonly #aheadMs: number;
  #isStopped = false;
  #due: (() => void)[] = [];

  constructor(aheadMs = 0) {
    this.#aheadMs = aheadMs;
  }

  now(): number {
    return Date.now() + this.#aheadMs;
  }

  after(delayMs: number, fire: () => void): () => void {
    let isCanceled = false;
    const timer = setTimeout(() => {
      const fired = () => {
        if (!isCanceled) fire();
      };
      if (this.#isStopped) this.#due.push(fired);
      else fired();
    }, delayMs);
    return () => {
      isCanceled = true;
      clearTimeout(timer);
    };
  }

  stop(): void {
    this.#isStopped = true;
  }

  goOn(): void {
    this.#isStopped = false;
    for (const fire of this.#due.splice(0)) fire();
  }
}

/** Notes what it is told. */
export class NotingMember implements Member {
  /** Those it works on. */
  readonly shards = new Set<number>();
  readonly gaveUp: number[] = [];
  readonly lanes: LaneKey[] = [];
  readonly catalogs: string[] = [];
  timesLost = 0;
  timesMissed = 0;
  timesFilled = 0;
  /** What giving up takes. */
  drain: (shard: number) => Promise<void> = async () => {};

  gained(shards: ReadonlySet<number>): void {
    for (const shard of shards) this.shards.add(shard);
  }

  async giveUp(shards: ReadonlySet<number>): Promise<void> {
    for (const shard of shards) {
      this.shards.delete(shard);
      this.gaveUp.push(shard);
      await this.drain(shard);
    }
  }

  lost(): void {
    this.shards.clear();
    this.timesLost++;
  }

  woken(lanes: readonly LaneKey[]): void {
    this.lanes.push(...lanes);
  }

  missed(): void {
    this.timesMissed++;
  }

  outboxFilled(): void {
    this.timesFilled++;
  }

  catalogChanged(organization: string, version: number): void {
    this.catalogs.push(`${organization} ${version}`);
  }
}

export interface TestNode {
  readonly name: string;
  readonly cluster: Cluster;
  /** As the cluster offers it. */
  readonly clock: Clock;
  readonly local: StoppableClock;
  readonly member: NotingMember;
  readonly connections: Connections;
  readonly tag: string;
  /** As a killed process: its connections end and nothing more is said. */
  kill(): Promise<void>;
}

export class TestCluster implements AsyncDisposable {
  readonly url: string;
  readonly nodes: TestNode[] = [];
  readonly #server: PostgresServer;

  private constructor(url: string, server: PostgresServer) {
    this.url = url;
    this.#server = server;
  }

  static async start(server?: PostgresServer): Promise<TestCluster> {
    const on = server ?? (await testPostgres());
    const url = await on.createDatabase();
    await migrate({ url, log: silent });
    return new TestCluster(url, on);
  }

  /** A node that has joined. */
  async join(name: string, { aheadMs = 0 } = {}): Promise<TestNode> {
    const node = this.open(name, { aheadMs });
    await node.cluster.join(node.member);
    return node;
  }

  /** A node that has not joined. */
  open(name: string, { aheadMs = 0 } = {}): TestNode {
    const tag = `posthorn:${randomBytes(8).toString('hex')}`;
    const connections = openConnections({
      ...{ url: this.url, name: tag, poolMax: 4, waitingMax: 1000, statementTimeoutMs: 10_000 },
      log: silent,
    });
    const local = new StoppableClock(aheadMs);
    const { cluster, clock } = openCluster({
      ...{ connections, tag, name, version: '1.2.3', clock: local },
      log: silent,
    });
    const node: TestNode = {
      ...{ name, cluster, clock, local, connections, tag, member: new NotingMember() },
      kill: async () => {
        local.stop();
        await this.query(
          'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1',
          [tag],
        );
      },
    };
    this.nodes.push(node);
    return node;
  }

  /** Each shard is held by one of these nodes and no other, evenly. */
  async heldBy(...nodes: readonly TestNode[]): Promise<void> {
    await until(`${nodes.map(({ name }) => name).join(', ')} hold all shards`, () => {
      const sizes = nodes.map(({ member }) => member.shards.size);
      const all = new Set(nodes.flatMap(({ member }) => [...member.shards]));
      const isEven = Math.max(...sizes) - Math.min(...sizes) <= 1;
      return all.size === 256 && isEven && sizes.reduce((sum, size) => sum + size, 0) === 256;
    });
  }

  /** As an administrator, who may write even when the database is set to take no writes. */
  async query<Row>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    const options = '-c default_transaction_read_only=off';
    const client = new pg.Client({ connectionString: this.url, options });
    await client.connect();
    try {
      return (await client.query(text, [...values])).rows as Row[];
    } finally {
      await client.end();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { local } of this.nodes) local.goOn();
    await Promise.all(this.nodes.map(({ cluster }) => cluster.leave()));
    await Promise.all(this.nodes.map(({ connections }) => connections.close()));
    await this.#server.dropDatabase(this.url);
  }
}
