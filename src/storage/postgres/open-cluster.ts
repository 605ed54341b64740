/** A node's part in a cluster of nodes on one database. */
import type { Clock } from '../../ports/clock.ts';
import type { Cluster, NodeState } from '../../ports/cluster.ts';
import type { Log } from '../../ports/log.ts';
import { takeTokensFrom } from './allowance.ts';
import { ClusterConnection } from './cluster-connection.ts';
import type { Connections } from './connection.ts';
import { DatabaseClock } from './database-clock.ts';
import { Membership } from './membership.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { Wakes } from './wakes.ts';

export interface ClusterOptions {
  readonly connections: Pick<Connections, 'query' | 'dedicated'>;
  /** application_name of all connections of this process and of no other: a takeover ends those of the dead. */
  readonly tag: string;
  /** Shown to people. */
  readonly name: string;
  readonly version: string;
  /** The local one: its timers, and its time until the database has told its own. */
  readonly clock: Clock;
  readonly log: Log;
  /** Ms of a clock that is never set. */
  readonly uptime?: () => number;
  /** In [0, 1): spreads the renewals of the nodes. */
  readonly uniform?: () => number;
}

/** Wakes that are still to be sent may hold up leaving for so long. */
const LAST_WAKES_MS = 2_000;

const NODES = `
  SELECT n.epoch, n.name, n.version, (extract(epoch FROM n.joined_at) * 1000)::bigint AS joined_at,
    (extract(epoch FROM clock_timestamp() - n.renewed_at) * 1000)::bigint AS renewed_ago_ms,
    (SELECT count(*) FROM shard s WHERE s.epoch = n.epoch) AS shards
  FROM node n ORDER BY n.epoch`;

interface NodeRow {
  readonly epoch: number;
  readonly name: string;
  readonly version: string;
  readonly joined_at: number;
  readonly renewed_ago_ms: number;
  readonly shards: number;
}

/** Connects to nothing before `join`. `clock`: the database's time, the same for all nodes. */
export function openCluster(options: ClusterOptions): { readonly cluster: Cluster; readonly clock: Clock } {
  const { connections, tag, log, uptime = () => performance.now(), uniform = Math.random } = options;
  const clock = new DatabaseClock(options.clock, uptime);
  const connection = new ClusterConnection({
    connections,
    tag,
    heard: (payload) => membership.heard(payload),
    closed: () => membership.disturbed(),
  });
  const wakes = new Wakes({ connection, members: () => membership.size, clock: options.clock, log });
  const membership: Membership = new Membership({
    ...options,
    connection,
    uptime,
    uniform,
    schemaCode: MIGRATIONS.at(-1)!.version,
    toldTime: (sentAt, databaseNow, receivedAt) => clock.answered(sentAt, databaseNow, receivedAt),
    opened: () => wakes.send(),
  });
  const cluster: Cluster = {
    isShared: true,
    get epoch() {
      return membership.epoch;
    },
    join: (member) => membership.join(member),
    async leave() {
      const tooLong = new Promise<void>((resolve) => void options.clock.after(LAST_WAKES_MS, resolve));
      await Promise.race([wakes.flush(), tooLong]);
      await membership.leave();
      await connection.close();
    },
    holds: (shard) => membership.holds(shard),
    mayBegin: () => membership.mayBegin(),
    wake: (lanes) => wakes.add(lanes),
    takeTokens: takeTokensFrom(connections),
    async nodes() {
      const rows = await connections.query<NodeRow>(NODES);
      return rows.map((row) => nodeOf(row, membership.epoch));
    },
  };
  return { cluster, clock };
}

function nodeOf(
  { epoch, name, version, joined_at, renewed_ago_ms, shards }: NodeRow,
  own: number,
): NodeState {
  return {
    epoch,
    name,
    version,
    joinedAt: joined_at,
    renewedAgoMs: renewed_ago_ms,
    shards,
    isThis: epoch === own,
  };
}
