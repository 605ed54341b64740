/** Reads of the catalog. Documents are stored whole, as text; what they are looked up by stands beside them. */
import type { ResourceKind, Resources } from '../../core/catalog/resources.ts';
import type { ApplicationId, OrganizationId } from '../../core/ids.ts';
import type { AuditEntry, ListQuery, ResourceRef } from '../../ports/catalog.ts';
import type { IdempotencyRecord } from '../../ports/intake.ts';
import { organizationNo } from './event-sql.ts';
import { findable, type ReadContext, rowLimit, Values } from './read-context.ts';

/** Sorts after every id and uid. */
const LAST_TEXT = '\u{10ffff}';

interface DocumentRow {
  readonly doc: string;
}

export async function catalogVersion(
  { db }: ReadContext,
  { organization }: { organization: OrganizationId },
): Promise<number | null> {
  const [row] = await db.query<{ version: number }>(
    'SELECT catalog_version AS version FROM organization WHERE id = $1',
    [findable(organization)],
  );
  return row?.version ?? null;
}

export async function findResource(
  { db }: ReadContext,
  query: {
    organization: OrganizationId;
    kind: ResourceKind;
    ref: ResourceRef;
    owner: ApplicationId | null | undefined;
  },
): Promise<Resources[ResourceKind] | null> {
  const { ref, owner } = query;
  const values = new Values();
  const [row] = await db.query<DocumentRow>(
    `SELECT doc FROM resource WHERE organization_no = ${organizationNo(values, query.organization)}
       AND kind = ${values.add(query.kind)} AND ${'id' in ref ? 'id' : 'uid'} = ${values.text('id' in ref ? ref.id : ref.uid)}
       ${owner === undefined ? '' : `AND owner_id = ${values.add(owner ?? '')}`} LIMIT 1`,
    values.list,
  );
  return row === undefined ? null : (JSON.parse(row.doc) as Resources[ResourceKind]);
}

export async function listResources(
  { db }: ReadContext,
  { organization, kind, query }: { organization: OrganizationId; kind: ResourceKind; query: ListQuery },
): Promise<readonly Resources[ResourceKind][]> {
  const isUp = query.direction === 'ascending';
  const by = query.orderBy;
  const values = new Values();
  let where = `organization_no = ${organizationNo(values, organization)} AND kind = ${values.add(kind)}
    AND ${by} ${isUp ? '>' : '<'} ${values.text(query.after ?? (isUp ? '' : LAST_TEXT))}`;
  if (query.owner !== undefined) where += ` AND owner_id = ${values.add(query.owner ?? '')}`;
  for (const [member, wanted] of Object.entries(query.where ?? {})) {
    const value = JSON.stringify(typeof wanted === 'string' ? findable(wanted) : wanted);
    where += ` AND coalesce(facets -> ${values.add(member)}, 'null') = ${values.add(value)}::jsonb`;
  }
  // The owner breaks ties between equal uids, so that a page never depends on chance.
  const order = `${by} ${isUp ? 'ASC' : 'DESC'}, owner_id`;
  const rows = await db.query<DocumentRow>(
    `SELECT doc FROM resource WHERE ${where} ORDER BY ${order} LIMIT ${values.add(rowLimit(query.limit))}`,
    values.list,
  );
  return rows.map((row) => JSON.parse(row.doc) as Resources[ResourceKind]);
}

export async function findApiKey(
  { db }: ReadContext,
  { secretHash }: { secretHash: string },
): Promise<{ readonly organization: OrganizationId; readonly key: Resources['api-key'] } | null> {
  const [row] = await db.query<DocumentRow & { organization: OrganizationId }>(
    `SELECT o.id AS organization, r.doc FROM resource r JOIN organization o ON o.no = r.organization_no
     WHERE r.kind = 'api-key' AND r.facets ->> 'secretHash' = $1`,
    [findable(secretHash)],
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

export async function findSource(
  { db }: ReadContext,
  { tokenHash }: { tokenHash: string },
): Promise<SourceOf | null> {
  const [row] = await db.query<SourceRow>(
    `SELECT o.id AS organization, r.doc FROM resource r JOIN organization o ON o.no = r.organization_no
     WHERE r.kind = 'source' AND r.facets ->> 'tokenHash' = $1 ORDER BY r.no LIMIT 1`,
    [findable(tokenHash)],
  );
  return row === undefined ? null : sourceOf(row);
}

export async function inboundSources(
  { db }: ReadContext,
  { after, limit }: { after: string | null; limit: number },
): Promise<readonly SourceOf[]> {
  const rows = await db.query<SourceRow>(
    `SELECT o.id AS organization, r.doc FROM resource r JOIN organization o ON o.no = r.organization_no
     WHERE r.kind = 'source' AND r.facets ->> 'disabled' = 'false'
       AND (r.facets ->> 'kind' <> 'http' OR r.facets ->> 'expectEveryMs' IS NOT NULL) AND r.id > $1
     ORDER BY r.id LIMIT $2`,
    [after ?? '', rowLimit(limit)],
  );
  return rows.map(sourceOf);
}

export async function findIdempotent(
  { db }: ReadContext,
  query: { organization: OrganizationId; keyHash: Uint8Array; now: number },
): Promise<IdempotencyRecord | null> {
  const values = new Values();
  const [row] = await db.query<{
    body_hash: Uint8Array;
    status: number;
    response: string;
    expires_at: number;
  }>(
    `SELECT body_hash, status, response, expires_at FROM idempotency
     WHERE organization_no = ${organizationNo(values, query.organization)}
       AND key_hash = ${values.add(query.keyHash)} AND expires_at > ${values.add(query.now)}`,
    values.list,
  );
  if (row === undefined) return null;
  const { status, response } = row;
  return { keyHash: query.keyHash, bodyHash: row.body_hash, status, response, expiresAt: row.expires_at };
}

export async function runningTasks(
  { db }: ReadContext,
  { limit }: { limit: number },
): Promise<
  readonly { readonly organization: OrganizationId; readonly task: Resources['background-task'] }[]
> {
  const rows = await db.query<DocumentRow & { organization: OrganizationId }>(
    `SELECT o.id AS organization, r.doc FROM resource r JOIN organization o ON o.no = r.organization_no
     WHERE r.kind = 'background-task' AND r.facets ->> 'status' = 'running' ORDER BY r.no LIMIT $1`,
    [rowLimit(limit)],
  );
  return rows.map((row) => ({
    organization: row.organization,
    task: JSON.parse(row.doc) as Resources['background-task'],
  }));
}

export async function listAudit(
  { db }: ReadContext,
  query: { organization: OrganizationId; before: string | null; limit: number },
): Promise<readonly AuditEntry[]> {
  const values = new Values();
  const rows = await db.query<DocumentRow>(
    `SELECT doc FROM audit WHERE organization_no = ${organizationNo(values, query.organization)}
       AND id < ${values.add(query.before ?? LAST_TEXT)} ORDER BY id DESC LIMIT ${values.add(rowLimit(query.limit))}`,
    values.list,
  );
  return rows.map((row) => JSON.parse(row.doc) as AuditEntry);
}
