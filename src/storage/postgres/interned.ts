/**
 * Small integers for organizations, scopes, lanes and event types. A node remembers those it has used. They are made in
 * statements of their own, before what needs them, so that a number that is remembered is always a committed one. They
 * are forgotten with the connection they came over: after a failover the server may have lost them.
 */
import { shardOf } from '../../core/shard.ts';
import type { AcceptOp, RecordOp } from '../sql/write-op.ts';
import type { Session } from './connection.ts';
import { int2s, int8s, texts } from './sql-array.ts';

/** Remembered numbers; past them the memory starts anew. About 100 bytes each. */
const REMEMBERED_MAX = 200_000;
/** A lane needs the number of its scope, and that the one of its organization; and a row may be pruned meanwhile. */
const ROUNDS_MAX = 10;

/** By name. What a batch was given stays as it is when the memory starts anew. */
export type Known = ReadonlyMap<string, Organization>;

export interface Organization {
  readonly no: number;
  readonly scopes: Map<string, number>;
  readonly lanes: Map<string, Lane>;
  readonly types: Map<string, number>;
}

export interface Lane {
  readonly no: number;
  /** null until the first event comes. */
  readonly scopeNo: number | null;
}

/** Names without a known number, each once. */
class Unknown {
  readonly organizations = new Set<string>();
  readonly scopes = new Map<string, { to: Organization; name: string }>();
  readonly types = new Map<string, { to: Organization; name: string }>();
  readonly lanes = new Map<string, { to: Organization; name: string; scopeNo: number | null }>();

  get isEmpty(): boolean {
    return this.organizations.size + this.scopes.size + this.types.size + this.lanes.size === 0;
  }
}

export class Interned {
  readonly #session: Session;
  #organizations = new Map<string, Organization>();
  #remembered = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  /** After a write found a lane's row gone, or a connection was. */
  forget(): void {
    this.#organizations = new Map();
    this.#remembered = 0;
  }

  /** Makes the organization when it is new. */
  async organization(id: string): Promise<Organization> {
    if (!this.#organizations.has(id)) await this.#learnOrganizations(this.#session, [id]);
    return this.#organizations.get(id)!;
  }

  /** Makes and remembers all names of a batch. */
  async learn(ops: readonly (AcceptOp | RecordOp)[], session = this.#session): Promise<Known> {
    if (this.#remembered > REMEMBERED_MAX) this.forget();
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const unknown = this.#unknown(ops);
      if (unknown.isEmpty) return this.#organizations;
      if (unknown.organizations.size > 0) await this.#learnOrganizations(session, [...unknown.organizations]);
      if (unknown.scopes.size > 0) await this.#learnNames(session, 'scope', [...unknown.scopes.values()]);
      if (unknown.types.size > 0) await this.#learnNames(session, 'type', [...unknown.types.values()]);
      if (unknown.lanes.size > 0) await this.#learnLanes(session, [...unknown.lanes.values()]);
    }
    throw new Error('Names of a batch got no numbers.');
  }

  #unknown(ops: readonly (AcceptOp | RecordOp)[]): Unknown {
    const unknown = new Unknown();
    for (const op of ops) {
      if (op.kind === 'accept') this.#seeAccept(op, unknown);
      else this.#seeRecord(op, unknown);
    }
    return unknown;
  }

  #seeAccept(op: AcceptOp, unknown: Unknown): void {
    const to = this.#organizations.get(op.organization);
    if (to === undefined) {
      unknown.organizations.add(op.organization);
      return;
    }
    const scopeNo = to.scopes.get(op.applicationId);
    if (scopeNo === undefined)
      unknown.scopes.set(`${to.no} ${op.applicationId}`, { to, name: op.applicationId });
    if (!to.types.has(op.type)) unknown.types.set(`${to.no} ${op.type}`, { to, name: op.type });
    if (scopeNo === undefined) return;
    for (const name of op.destinations) {
      const lane = to.lanes.get(name);
      if (lane === undefined || lane.scopeNo === null)
        unknown.lanes.set(`${to.no} ${name}`, { to, name, scopeNo });
    }
  }

  #seeRecord(op: RecordOp, unknown: Unknown): void {
    const to = this.#organizations.get(op.organization);
    if (to === undefined) unknown.organizations.add(op.organization);
    else if (!to.lanes.has(op.destinationId)) {
      const name = op.destinationId;
      unknown.lanes.set(`${to.no} ${name}`, { to, name, scopeNo: null });
    }
    for (const caused of op.publish) this.#seeAccept(caused, unknown);
  }

  async #learnOrganizations(session: Session, ids: readonly string[]): Promise<void> {
    const values = [texts(ids)];
    await session.query(
      `INSERT INTO organization (id, catalog_version, created_at)
       SELECT w.id, 0, extract(epoch FROM clock_timestamp())::bigint * 1000 FROM unnest($1::text[]) AS w (id)
       WHERE NOT EXISTS (SELECT 1 FROM organization o WHERE o.id = w.id) ORDER BY 1 ON CONFLICT DO NOTHING`,
      values,
    );
    const rows = await session.query<{ k: number; no: number }>(
      `SELECT w.k, o.no FROM unnest($1::text[]) WITH ORDINALITY AS w (id, k) JOIN organization o ON o.id = w.id`,
      values,
    );
    for (const { k, no } of rows) {
      this.#organizations.set(ids[k - 1]!, { no, scopes: new Map(), lanes: new Map(), types: new Map() });
    }
    this.#remembered += rows.length;
  }

  async #learnNames(
    session: Session,
    table: 'scope' | 'type',
    wanted: readonly { readonly to: Organization; readonly name: string }[],
  ): Promise<void> {
    const column = table === 'scope' ? 'application_id' : 'name';
    const values = [int8s(wanted.map(({ to }) => to.no)), texts(wanted.map(({ name }) => name))];
    await session.query(
      `INSERT INTO ${table} (organization_no, ${column})
       SELECT w.* FROM unnest($1::bigint[], $2::text[]) AS w (organization_no, name)
       WHERE NOT EXISTS (SELECT 1 FROM ${table} t WHERE t.organization_no = w.organization_no AND t.${column} = w.name)
       ORDER BY 1, 2 ON CONFLICT DO NOTHING`,
      values,
    );
    const rows = await session.query<{ k: number; no: number }>(
      `SELECT w.k, t.no FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS w (organization_no, name, k)
       JOIN ${table} t ON t.organization_no = w.organization_no AND t.${column} = w.name`,
      values,
    );
    for (const { k, no } of rows) {
      const { to, name } = wanted[k - 1]!;
      to[table === 'scope' ? 'scopes' : 'types'].set(name, no);
    }
    this.#remembered += rows.length;
  }

  async #learnLanes(
    session: Session,
    wanted: readonly { readonly to: Organization; readonly name: string; readonly scopeNo: number | null }[],
  ): Promise<void> {
    const lanes = await makeLanes(
      session,
      wanted.map(({ to, name, scopeNo }) => ({ organizationNo: to.no, destinationId: name, scopeNo })),
    );
    lanes.forEach((lane, i) => {
      if (lane !== undefined) wanted[i]!.to.lanes.set(wanted[i]!.name, lane);
    });
    this.#remembered += lanes.length;
  }
}

export interface WantedLane {
  readonly organizationNo: number;
  readonly destinationId: string;
  /** Told to the lane when it does not know it yet. */
  readonly scopeNo: number | null;
}

/** Lanes in the order asked for; makes those that are new. No lane twice. Undefined: pruned at this very moment. */
export async function makeLanes(
  session: Session,
  wanted: readonly WantedLane[],
): Promise<readonly (Lane | undefined)[]> {
  const keys = [
    int8s(wanted.map(({ organizationNo }) => organizationNo)),
    texts(wanted.map(({ destinationId }) => destinationId)),
  ];
  const values = [
    ...keys,
    int8s(wanted.map(({ scopeNo }) => scopeNo)),
    int2s(wanted.map(({ destinationId }) => shardOf(destinationId))),
  ];
  await session.query(
    `INSERT INTO lane (organization_no, destination_id, scope_no, shard)
     SELECT w.* FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::smallint[])
       AS w (organization_no, destination_id, scope_no, shard)
     ORDER BY 1, 2
     ON CONFLICT (organization_no, destination_id) DO UPDATE SET scope_no = EXCLUDED.scope_no
     WHERE lane.scope_no IS NULL AND EXCLUDED.scope_no IS NOT NULL`,
    values,
  );
  const rows = await session.query<{ k: number; no: number; scope_no: number | null }>(
    `SELECT w.k, l.no, l.scope_no
     FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS w (organization_no, destination_id, k)
     JOIN lane l ON l.organization_no = w.organization_no AND l.destination_id = w.destination_id`,
    keys,
  );
  const lanes = new Array<Lane | undefined>(wanted.length).fill(undefined);
  for (const { k, no, scope_no } of rows) lanes[k - 1] = { no, scopeNo: scope_no };
  return lanes;
}
