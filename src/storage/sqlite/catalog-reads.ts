/** Reads of the catalog. Documents are stored whole; what is looked up by is a column or an index of the document. */
import type { SQLInputValue } from 'node:sqlite';
import type { ResourceKind, Resources } from '../../core/catalog/resources.ts';
import type { ApplicationId, OrganizationId } from '../../core/ids.ts';
import type { AuditEntry, ListQuery, ResourceRef } from '../../ports/catalog.ts';
import type { IdempotencyRecord } from '../../ports/intake.ts';
import { type ReadContext, rowLimit } from './read-context.ts';

const ORGANIZATION_NO = '(SELECT no FROM organization WHERE id = ?)';
/** Sorts after every id and uid. */
const LAST_TEXT = '\u{10ffff}';
const MEMBER = /^[A-Za-z][A-Za-z0-9]*$/;

interface DocumentRow {
  readonly doc: string;
}

export function catalogVersion(
  { db }: ReadContext,
  { organization }: { organization: OrganizationId },
): number | null {
  const row = db.get<{ version: number }>(
    'SELECT catalog_version AS version FROM organization WHERE id = ?',
    organization,
  );
  return row?.version ?? null;
}

export function findResource(
  { db }: ReadContext,
  query: {
    organization: OrganizationId;
    kind: ResourceKind;
    ref: ResourceRef;
    owner: ApplicationId | null | undefined;
  },
): Resources[ResourceKind] | null {
  const { ref, owner } = query;
  const row = db.get<DocumentRow>(
    `SELECT doc FROM resource WHERE organization_no = ${ORGANIZATION_NO} AND kind = ?
       AND ${'id' in ref ? 'id' : 'uid'} = ?${owner === undefined ? '' : ' AND owner_id = ?'} LIMIT 1`,
    query.organization,
    query.kind,
    'id' in ref ? ref.id : ref.uid,
    ...(owner === undefined ? [] : [owner ?? '']),
  );
  return row === undefined ? null : (JSON.parse(row.doc) as Resources[ResourceKind]);
}

export function listResources(
  { db }: ReadContext,
  { organization, kind, query }: { organization: OrganizationId; kind: ResourceKind; query: ListQuery },
): readonly Resources[ResourceKind][] {
  const isUp = query.direction === 'ascending';
  const by = query.orderBy;
  const values: SQLInputValue[] = [organization, kind, query.after ?? (isUp ? '' : LAST_TEXT)];
  let sql = `SELECT doc FROM resource
    WHERE organization_no = ${ORGANIZATION_NO} AND kind = ? AND ${by} ${isUp ? '>' : '<'} ? AND in_time(no)`;
  if (query.owner !== undefined) {
    sql += ' AND owner_id = ?';
    values.push(query.owner ?? '');
  }
  for (const [member, wanted] of Object.entries(query.where ?? {})) {
    if (!MEMBER.test(member)) throw new TypeError(`"${member}" is no member of a ${kind}`);
    sql += ` AND doc ->> '$.${member}' IS ?`;
    values.push(typeof wanted === 'boolean' ? Number(wanted) : wanted);
  }
  // The owner breaks ties between equal uids, so that a page never depends on chance.
  sql += ` ORDER BY ${by} ${isUp ? 'ASC' : 'DESC'}, owner_id LIMIT ?`;
  const rows = db.all<DocumentRow>(sql, ...values, rowLimit(query.limit));
  return rows.map((row) => JSON.parse(row.doc) as Resources[ResourceKind]);
}

export function findApiKey(
  { db }: ReadContext,
  { secretHash }: { secretHash: string },
): { readonly organization: OrganizationId; readonly key: Resources['api-key'] } | null {
  const row = db.get<DocumentRow & { organization: OrganizationId }>(
    `SELECT o.id AS organization, r.doc FROM resource r JOIN organization o ON o.no = r.organization_no
     WHERE r.kind = 'api-key' AND r.doc ->> '$.secretHash' = ?`,
    secretHash,
  );
  return row === undefined
    ? null
    : { organization: row.organization, key: JSON.parse(row.doc) as Resources['api-key'] };
}

interface SourceRow extends DocumentRow {
  readonly organization: OrganizationId;
}
export interface SourceOf {
  readonly organization: OrganizationId;
  readonly source: Resources['source'];
}
const sourceOf = ({ organization, doc }: SourceRow): SourceOf => ({
  organization,
  source: JSON.parse(doc) as Resources['source'],
});

export function findSource({ db }: ReadContext, { tokenHash }: { tokenHash: string }): SourceOf | null {
  const row = db.get<SourceRow>(
    `SELECT o.id AS organization, r.doc FROM resource r INDEXED BY resource_by_token_hash
     JOIN organization o ON o.no = r.organization_no
     WHERE r.kind = 'source' AND r.doc ->> '$.tokenHash' = ? ORDER BY r.no LIMIT 1`,
    tokenHash,
  );
  return row === undefined ? null : sourceOf(row);
}

export function inboundSources(
  { db }: ReadContext,
  { after, limit }: { after: string | null; limit: number },
): readonly SourceOf[] {
  const rows = db.all<SourceRow>(
    `SELECT o.id AS organization, r.doc FROM resource r INDEXED BY resource_inbound
     JOIN organization o ON o.no = r.organization_no
     WHERE r.kind = 'source' AND r.doc ->> '$.disabled' = 0
       AND (r.doc ->> '$.kind' <> 'http' OR r.doc ->> '$.expectEveryMs' IS NOT NULL) AND r.id > ?
     ORDER BY r.id LIMIT ?`,
    after ?? '',
    rowLimit(limit),
  );
  return rows.map(sourceOf);
}

export function findIdempotent(
  { db }: ReadContext,
  query: { organization: OrganizationId; keyHash: Uint8Array; now: number },
): IdempotencyRecord | null {
  const row = db.get<{ body_hash: Uint8Array; status: number; response: string; expires_at: number }>(
    `SELECT body_hash, status, response, expires_at FROM idempotency
     WHERE organization_no = ${ORGANIZATION_NO} AND key_hash = ? AND expires_at > ?`,
    query.organization,
    query.keyHash,
    query.now,
  );
  if (row === undefined) return null;
  const { status, response } = row;
  return { keyHash: query.keyHash, bodyHash: row.body_hash, status, response, expiresAt: row.expires_at };
}

export function runningTasks(
  { db }: ReadContext,
  { limit }: { limit: number },
): readonly { readonly organization: OrganizationId; readonly task: Resources['background-task'] }[] {
  const rows = db.all<DocumentRow & { organization: OrganizationId }>(
    `SELECT o.id AS organization, r.doc FROM resource r INDEXED BY resource_running
     JOIN organization o ON o.no = r.organization_no
     WHERE r.kind = 'background-task' AND r.doc ->> '$.status' = 'running' ORDER BY r.no LIMIT ?`,
    rowLimit(limit),
  );
  return rows.map((row) => ({
    organization: row.organization,
    task: JSON.parse(row.doc) as Resources['background-task'],
  }));
}

export function listAudit(
  { db }: ReadContext,
  query: { organization: OrganizationId; before: string | null; limit: number },
): readonly AuditEntry[] {
  const rows = db.all<DocumentRow>(
    `SELECT doc FROM audit WHERE organization_no = ${ORGANIZATION_NO} AND id < ? ORDER BY id DESC LIMIT ?`,
    query.organization,
    query.before ?? LAST_TEXT,
    rowLimit(query.limit),
  );
  return rows.map((row) => JSON.parse(row.doc) as AuditEntry);
}
