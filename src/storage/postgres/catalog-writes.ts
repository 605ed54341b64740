/**
 * Change sets of the catalog, each a transaction of its own. Changes of one organization queue up at its row, so that
 * what is decided from a look at the table still holds when it is written.
 */
import { UNVERSIONED_KINDS } from '../../core/catalog/resources.ts';
import { RECEIVED } from '../../core/ids.ts';
import { shardOf } from '../../core/shard.ts';
import type { AuditEntry, Change, ChangeResult } from '../../ports/catalog.ts';
import type { IdempotencyRecord, IdempotencyResult } from '../../ports/intake.ts';
import { facetsOf } from '../sql/facets.ts';
import type { AcceptOp, WriteOpOf } from '../sql/write-op.ts';
import type { Connections, Session } from './connection.ts';

/** Accepts operational events inside a change's transaction; their seqs in order, 0 = it was refused. */
export type AcceptIn = (session: Session, events: readonly AcceptOp[]) => Promise<readonly number[]>;

/** Makes the organization when it is new; its catalog version. */
export async function openOrganization(session: Session, id: string, now: number): Promise<number> {
  await session.query(
    'INSERT INTO organization (id, catalog_version, created_at) VALUES ($1, 0, $2) ON CONFLICT (id) DO NOTHING',
    [id, now],
  );
  const [row] = await session.query<{ catalog_version: number }>(
    'SELECT catalog_version FROM organization WHERE id = $1',
    [id],
  );
  return row!.catalog_version;
}

export async function change(
  connections: Connections,
  op: WriteOpOf<'change'>,
  options: { readonly now: number; readonly accept: AcceptIn },
): Promise<ChangeResult> {
  try {
    return await connections.transact((session) =>
      new ChangeInSession(session, options.now).run(op, options),
    );
  } catch (cause) {
    if (cause instanceof Refused) return cause.result;
    throw cause;
  }
}

type Refusal = 'uid-taken' | 'id-taken' | 'stale';

/** Rolls the transaction back; nothing of a refused change set is written. */
class Refused extends Error {
  readonly result: ChangeResult;

  constructor(result: ChangeResult) {
    super(result.kind);
    this.result = result;
  }
}

class ChangeInSession {
  readonly #session: Session;
  readonly #now: number;
  #organization = 0;

  constructor(session: Session, now: number) {
    this.#session = session;
    this.#now = now;
  }

  async run(
    { change, publish }: WriteOpOf<'change'>,
    { accept }: { accept: AcceptIn },
  ): Promise<ChangeResult> {
    const before = await this.#lock(change.organization);
    if (change.idempotency !== null) {
      const answered = await this.#findAnswered(change.idempotency);
      if (answered !== null) throw new Refused(answered);
    }
    for (const [index, each] of change.changes.entries()) {
      const refused = await this.#apply(each);
      if (refused !== null) throw new Refused({ kind: refused, change: index });
    }
    await this.#forgetHealth(change.forgetHealth);
    await this.#writeAudit(change.audit);
    const isVersioned = !change.changes.every(({ kind }) => UNVERSIONED_KINDS.has(kind));
    const catalogVersion = isVersioned ? await this.#bump() : before;
    if (change.idempotency !== null) await this.#rememberAnswer(change.idempotency);
    const published = publish.length === 0 ? [] : await accept(this.#session, publish);
    return { kind: 'done', catalogVersion, published };
  }

  /** Waits for the change before this one; the catalog version that it left. */
  async #lock(id: string): Promise<number> {
    const lock = () =>
      this.#session.query<{ no: number; catalog_version: number }>(
        'SELECT no, catalog_version FROM organization WHERE id = $1 FOR NO KEY UPDATE',
        [id],
      );
    let [row] = await lock();
    if (row === undefined) {
      await openOrganization(this.#session, id, this.#now);
      [row] = await lock();
    }
    this.#organization = row!.no;
    return row!.catalog_version;
  }

  async #bump(): Promise<number> {
    const [row] = await this.#session.query<{ version: number }>(
      'SELECT posthorn_bump_catalog_1($1) AS version',
      [this.#organization],
    );
    return row!.version;
  }

  async #findAnswered(asked: IdempotencyRecord): Promise<IdempotencyResult | null> {
    const [row] = await this.#session.query<{ is_same: boolean; status: number; response: string }>(
      `SELECT body_hash = $3 AS is_same, status, response FROM idempotency
       WHERE organization_no = $1 AND key_hash = $2 AND expires_at > $4`,
      [this.#organization, Buffer.from(asked.keyHash), Buffer.from(asked.bodyHash), this.#now],
    );
    if (row === undefined) return null;
    return row.is_same
      ? { kind: 'replayed', status: row.status, response: row.response }
      : { kind: 'key-reused' };
  }

  async #rememberAnswer(answer: IdempotencyRecord): Promise<void> {
    await this.#session.query(
      `INSERT INTO idempotency VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (organization_no, key_hash) DO UPDATE
       SET body_hash = EXCLUDED.body_hash, status = EXCLUDED.status, response = EXCLUDED.response,
         expires_at = EXCLUDED.expires_at`,
      [
        this.#organization,
        Buffer.from(answer.keyHash),
        Buffer.from(answer.bodyHash),
        answer.status,
        answer.response,
        answer.expiresAt,
      ],
    );
  }

  async #writeAudit(entries: readonly AuditEntry[]): Promise<void> {
    if (entries.length === 0) return;
    await this.#session.query(
      'INSERT INTO audit SELECT $1, id, doc FROM unnest($2::text[], $3::text[]) AS entry (id, doc)',
      [this.#organization, entries.map(({ id }) => id), entries.map((entry) => JSON.stringify(entry))],
    );
  }

  async #forgetHealth(destinationIds: readonly string[]): Promise<void> {
    if (destinationIds.length === 0) return;
    await this.#session.query(
      `DELETE FROM health h USING lane l
       WHERE l.no = h.lane_no AND l.organization_no = $1 AND l.destination_id = ANY ($2::text[])`,
      [this.#organization, destinationIds],
    );
  }

  #apply(change: Change): Promise<Refusal | null> {
    switch (change.op) {
      case 'insert':
        return this.#insert(change);
      case 'update':
        return this.#update(change);
      case 'remove':
        return this.#remove(change);
    }
  }

  async #insert(change: Change & { op: 'insert' }): Promise<Refusal | null> {
    const { resource, kind } = change;
    const owner = resource.ownerId ?? '';
    const inserted = await this.#session.query(
      `INSERT INTO resource (organization_no, kind, owner_id, id, uid, version, doc, facets)
       SELECT $1::bigint, $2, $3::text, $4, $5, $6::bigint, $7, $8::jsonb WHERE $3 IN ('', '${RECEIVED}') OR EXISTS (
         SELECT 1 FROM resource WHERE organization_no = $1 AND kind = 'application' AND id = $3)
       ON CONFLICT DO NOTHING RETURNING 1`,
      [
        this.#organization,
        kind,
        owner,
        resource.id,
        resource.uid,
        resource.version,
        JSON.stringify(resource),
        facetsOf(resource),
      ],
    );
    if (inserted.length === 0) {
      if (await this.#isUidTaken(change)) return 'uid-taken';
      return (await this.#isElsewhere(change)) ? 'id-taken' : 'stale';
    }
    // One that was removed and is made again under its old id (an import) is served again.
    if (kind === 'destination')
      await this.#session.query(
        'UPDATE lane SET removed_at = NULL WHERE organization_no = $1 AND destination_id = $2 AND removed_at IS NOT NULL',
        [this.#organization, resource.id],
      );
    return null;
  }

  async #isElsewhere({ kind, resource }: Change & { op: 'insert' }): Promise<boolean> {
    const rows = await this.#session.query(
      'SELECT 1 FROM resource WHERE kind = $1 AND id = $2 AND organization_no <> $3',
      [kind, resource.id, this.#organization],
    );
    return rows.length > 0;
  }

  async #update(change: Change & { op: 'update' }): Promise<Refusal | null> {
    const { resource, kind } = change;
    const changed = await this.#session.query(
      `UPDATE resource SET uid = $1, version = $2, doc = $3, facets = $4
       WHERE organization_no = $5 AND kind = $6 AND id = $7 AND version = $8 AND NOT EXISTS (
         SELECT 1 FROM resource r WHERE r.organization_no = $5 AND r.kind = $6 AND r.uid = $1 AND r.owner_id = $9
           AND r.id <> $7)
       RETURNING 1`,
      [
        resource.uid,
        resource.version,
        JSON.stringify(resource),
        facetsOf(resource),
        this.#organization,
        kind,
        resource.id,
        resource.version - 1,
        resource.ownerId ?? '',
      ],
    );
    if (changed.length > 0) return null;
    return (await this.#isUidTaken(change)) ? 'uid-taken' : 'stale';
  }

  async #isUidTaken({ kind, resource }: Change & { op: 'insert' | 'update' }): Promise<boolean> {
    if (resource.uid === null) return false;
    const rows = await this.#session.query(
      `SELECT 1 FROM resource
       WHERE organization_no = $1 AND kind = $2 AND uid = $3 AND owner_id = $4 AND id <> $5`,
      [this.#organization, kind, resource.uid, resource.ownerId ?? '', resource.id],
    );
    return rows.length > 0;
  }

  /** Lanes of removed destinations become tombstones; the engine cancels what they still hold. */
  async #remove({ kind, id }: Change & { op: 'remove' }): Promise<'stale' | null> {
    const removed = await this.#session.query(
      'DELETE FROM resource WHERE organization_no = $1 AND kind = $2 AND id = $3 RETURNING 1',
      [this.#organization, kind, id],
    );
    if (removed.length === 0) return 'stale';
    if (kind === 'destination') await this.#removeLanes([id]);
    if (kind === 'source') {
      await this.#session.query('DELETE FROM rejection WHERE organization_no = $1 AND source_id = $2', [
        this.#organization,
        id,
      ]);
    }
    if (kind !== 'application') return null;
    const owned = await this.#session.query<{ kind: string; id: string }>(
      'DELETE FROM resource WHERE organization_no = $1 AND owner_id = $2 RETURNING kind, id',
      [this.#organization, id],
    );
    await this.#removeLanes(owned.filter((each) => each.kind === 'destination').map((each) => each.id));
    return null;
  }

  async #removeLanes(destinationIds: readonly string[]): Promise<void> {
    if (destinationIds.length === 0) return;
    await this.#forgetHealth(destinationIds);
    await this.#session.query(
      `INSERT INTO lane (organization_no, destination_id, shard, removed_at)
       SELECT $1, id, shard, $2 FROM unnest($3::text[], $4::smallint[]) AS gone (id, shard) ORDER BY id
       ON CONFLICT (organization_no, destination_id) DO UPDATE SET removed_at = EXCLUDED.removed_at`,
      [this.#organization, this.#now, destinationIds, destinationIds.map(shardOf)],
    );
  }
}
