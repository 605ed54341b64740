/** What a member says to the database (functions/membership.ts). Each is one statement and one transaction. */
import type { ShardChange, ShardState } from '../../core/cluster/assign-shards.ts';
import { LEASE_MS } from '../../core/cluster/lease.ts';
import type { OrganizationId } from '../../core/ids.ts';
import type { ClusterConnection } from './cluster-connection.ts';

type Session = Pick<ClusterConnection, 'query'>;

export interface Joining {
  readonly name: string;
  readonly version: string;
  /** The newest migration it knows. */
  readonly schemaCode: number;
  /** Of this process and no other. */
  readonly tag: string;
}

/** Where the cluster stands. */
export interface Standing {
  /** By the database's clock. */
  readonly now: number;
  /** False: another node has declared this one dead. */
  readonly isMember: boolean;
  /** Epochs, this node's included. */
  readonly members: readonly number[];
  /** Those whose lease has run out. */
  readonly lapsed: readonly number[];
  readonly shards: readonly ShardState[];
  readonly changedCatalogs: readonly { readonly organization: OrganizationId; readonly version: number }[];
  /** For the next renewal, so that it tells of what is committed from now on. */
  readonly decidedBelow: number;
  readonly hasOutbox: boolean;
}

const JOIN = {
  text: `WITH earlier AS (
      -- Of a try whose answer was lost.
      DELETE FROM node WHERE backend_tag = $4
    ), me AS (
      INSERT INTO node (epoch, name, version, schema_code, backend_tag, joined_at, renewed_at, expires_at)
      VALUES (nextval('epoch'), $1, $2, $3, $4, clock_timestamp(), clock_timestamp(),
        clock_timestamp() + $5 * interval '1 ms')
      RETURNING epoch
    ) SELECT epoch, pg_notify(posthorn_channel(), 'm') FROM me`,
};
const LEAVE = {
  text: `WITH me AS (
      DELETE FROM node WHERE epoch = $1 AND backend_tag = $2 RETURNING epoch
    ) SELECT pg_notify(posthorn_channel(), 'm') FROM me`,
};
const RENEW = { name: 'posthorn-renew', text: 'SELECT * FROM posthorn_renew_1($1, $2, $3, $4, $5)' };
const ASSIGN = { text: 'SELECT posthorn_assign_1($1, $2, $3, $4, $5, $6, $7) AS dead' };

/** The epoch of the new membership. */
export async function join(session: Session, { name, version, schemaCode, tag }: Joining): Promise<number> {
  const [row] = await session.query<{ epoch: number }>(JOIN, [name, version, schemaCode, tag, LEASE_MS]);
  return row!.epoch;
}

export async function leave(session: Session, epoch: number, tag: string): Promise<void> {
  await session.query(LEAVE, [epoch, tag]);
}

interface RenewRow {
  readonly now_ms: number;
  readonly is_member: boolean;
  readonly decided_below: number;
  readonly members: readonly number[];
  readonly lapsed: readonly number[];
  readonly holders: readonly number[];
  readonly takers: readonly number[];
  readonly organizations: readonly OrganizationId[];
  readonly versions: readonly number[];
  readonly has_outbox: boolean;
}

/** `given`: shards that may go to whoever wants them. `known`: `decidedBelow` of the last time; null = the first time. */
export async function renew(
  session: Session,
  me: { readonly epoch: number; readonly tag: string },
  { given, known }: { readonly given: readonly number[]; readonly known: number | null },
): Promise<Standing> {
  const [row] = await session.query<RenewRow>(RENEW, [me.epoch, me.tag, LEASE_MS, given, known]);
  const { holders, takers, organizations, versions } = row!;
  return {
    now: row!.now_ms,
    isMember: row!.is_member,
    members: row!.members,
    lapsed: row!.lapsed,
    shards: holders.map((holder, shard) => ({ holder, taker: takers[shard]! })),
    changedCatalogs: organizations.map((organization, n) => ({ organization, version: versions[n]! })),
    decidedBelow: row!.decided_below,
    hasOutbox: row!.has_outbox,
  };
}

/** Carries out what was decided, where the tables are still as it was decided upon. Returns who was declared dead. */
export async function assign(
  session: Session,
  lapsed: readonly number[],
  changes: readonly ShardChange[],
): Promise<readonly number[]> {
  const [row] = await session.query<{ dead: readonly number[] }>(ASSIGN, [
    LEASE_MS,
    lapsed,
    changes.map(({ shard }) => shard),
    changes.map(({ from }) => from.holder),
    changes.map(({ from }) => from.taker),
    changes.map(({ to }) => to.holder),
    changes.map(({ to }) => to.taker),
  ]);
  return row!.dead;
}
