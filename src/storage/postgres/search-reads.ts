/** Finding received events: those that are not indexed yet, and those that may match. */
import { type OrganizationId, RECEIVED } from '../../core/ids.ts';
import type { StoredEvent } from '../../ports/history.ts';
import type { CandidateQuery, Candidates } from '../../ports/search.ts';
import { type StoredRow, storedOf } from '../sql/event-row.ts';
import { storedColumns } from './event-reads.ts';
import { EVENT_JOINS, scopeNo, timeCondition } from './event-sql.ts';
import { type ReadContext, rowLimit, Values } from './read-context.ts';

type Unindexed = StoredEvent & { readonly organization: OrganizationId };

interface ReceivedScope {
  readonly no: number;
  readonly organization: OrganizationId;
  readonly seq: number;
}

/** Those that lag the farthest come first, so that no organization waits for another's flood. */
export async function takeUnindexed(
  { db, now }: ReadContext,
  { limit, bytesMax }: { limit: number; bytesMax: number },
): Promise<readonly Unindexed[]> {
  const scopes = await db.query<ReceivedScope>(
    `SELECT s.no, o.id AS organization, coalesce(c.seq, 0) AS seq
     FROM scope s JOIN organization o ON o.no = s.organization_no LEFT JOIN search_cursor c ON c.scope_no = s.no
     WHERE s.application_id = '${RECEIVED}' AND EXISTS (
       SELECT 1 FROM event e WHERE e.scope_no = s.no AND e.seq > coalesce(c.seq, 0) AND e.seq < posthorn_decided_below())
     ORDER BY 3`,
  );
  const taken: Unindexed[] = [];
  let bytes = 0;
  for (const scope of scopes) {
    if (taken.length >= limit || bytes >= bytesMax) break;
    const values = new Values();
    const rows = await db.query<StoredRow>(
      `SELECT ${storedColumns(values, true, now)}
       FROM (SELECT * FROM event e WHERE e.scope_no = ${values.add(scope.no)} AND e.seq > ${values.add(scope.seq)}
         AND e.seq < posthorn_decided_below() ORDER BY e.seq LIMIT ${values.add(rowLimit(limit - taken.length))}) e ${EVENT_JOINS}
       ORDER BY e.seq`,
      values.list,
    );
    for (const row of rows) {
      const size = row.content?.byteLength ?? 0;
      if (taken.length > 0 && bytes + size > bytesMax) return taken;
      bytes += size;
      taken.push({ ...storedOf(row, now), organization: scope.organization });
    }
  }
  return taken;
}

export async function candidates(
  { db, now }: ReadContext,
  { organization, query }: { organization: OrganizationId; query: CandidateQuery },
): Promise<Candidates> {
  const values = new Values();
  const by = query.direction === 'oldest-first' ? 'ASC' : 'DESC';
  const filter = {
    ...(query.since !== null && { since: query.since }),
    ...(query.until !== null && { before: query.until }),
  };
  const scope = { organization, applicationId: RECEIVED };
  const rows = await db.query<StoredRow>(
    `SELECT ${storedColumns(values, query.withContent, now)}
     FROM (SELECT * FROM event e WHERE e.scope_no = ${scopeNo(values, scope)} AND e.seq > ${values.add(query.after)}
         AND e.seq < ${values.add(query.before ?? Number.MAX_SAFE_INTEGER)}${timeCondition(values, filter)}
       ORDER BY e.seq ${by} LIMIT ${values.add(rowLimit(query.limit))}) e ${EVENT_JOINS} ORDER BY e.seq ${by}`,
    values.list,
  );
  const found: StoredEvent[] = [];
  let bytes = 0;
  for (const row of rows) {
    found.push(storedOf(row, now));
    bytes += row.content?.byteLength ?? 0;
    if (bytes >= query.bytesMax) break;
  }
  const isWhole = found.length < rowLimit(query.limit) && bytes < query.bytesMax;
  return { rows: found, scannedTo: isWhole ? null : (found.at(-1)?.seq ?? null) };
}
