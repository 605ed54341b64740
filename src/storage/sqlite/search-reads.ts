/** Finding received events: those that are not indexed yet, and those that may match. */
import { type OrganizationId, RECEIVED } from '../../core/ids.ts';
import type { StoredEvent } from '../../ports/history.ts';
import type { CandidateQuery, Candidates } from '../../ports/search.ts';
import { type StoredRow, storedOf } from '../sql/event-row.ts';
import { storedColumns } from './event-reads.ts';
import { EVENT_JOINS, SCOPE_NO } from './event-sql.ts';
import { type ReadContext, rowLimit } from './read-context.ts';

type Unindexed = StoredEvent & { readonly organization: OrganizationId };

/** Those that lag the farthest come first, so that no organization waits for another's flood. */
export function takeUnindexed(
  { db, now }: ReadContext,
  { limit, bytesMax }: { limit: number; bytesMax: number },
): readonly Unindexed[] {
  const scopes = db.all<{ no: number; organization: OrganizationId; seq: number }>(
    `SELECT s.no, o.id AS organization, coalesce(c.seq, 0) AS seq
     FROM scope s INDEXED BY scope_received JOIN organization o ON o.no = s.organization_no
     LEFT JOIN search_cursor c ON c.scope_no = s.no WHERE s.application_id = '${RECEIVED}' ORDER BY seq`,
  );
  const columns = storedColumns(true, now);
  const taken: Unindexed[] = [];
  let bytes = 0;
  for (const scope of scopes) {
    if (taken.length >= limit || bytes >= bytesMax) break;
    const rows = db.iterate<StoredRow>(
      `SELECT ${columns.sql} FROM event e ${EVENT_JOINS} WHERE e.scope_no = ? AND e.seq > ?
       ORDER BY e.scope_no, e.seq LIMIT ?`,
      ...columns.values,
      scope.no,
      scope.seq,
      rowLimit(limit - taken.length),
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

export function candidates(
  { db, now }: ReadContext,
  { organization, query }: { organization: OrganizationId; query: CandidateQuery },
): Candidates {
  const columns = storedColumns(query.withContent, now);
  const isUp = query.direction === 'oldest-first';
  const rows = db.iterate<StoredRow>(
    `SELECT ${columns.sql} FROM event e ${EVENT_JOINS}
     WHERE e.scope_no = ${SCOPE_NO} AND e.seq > ? AND e.seq < ? AND e.accepted_at >= ? AND e.accepted_at < ?
     ORDER BY e.scope_no ${isUp ? 'ASC' : 'DESC'}, e.seq ${isUp ? 'ASC' : 'DESC'} LIMIT ?`,
    ...columns.values,
    organization,
    RECEIVED,
    query.after,
    query.before ?? Number.MAX_SAFE_INTEGER,
    query.since ?? 0,
    query.until ?? Number.MAX_SAFE_INTEGER,
    rowLimit(query.limit),
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
