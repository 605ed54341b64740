/** Finding received events: those that are not indexed yet, and those that may match. */
import { type OrganizationId, RECEIVED } from '../../core/ids.ts';
import type { StoredEvent } from '../../ports/history.ts';
import type { CandidateQuery, Candidates } from '../../ports/search.ts';
import { type StoredRow, storedOf } from '../sql/event-row.ts';
import {
  CandidatePage,
  ORDER_SLACK_MS,
  type Range,
  type Stretch,
  stretchesOf,
} from '../sql/search-stretches.ts';
import { seqAt, storedColumns } from './event-reads.ts';
import { EVENT_JOINS, SCOPE_NO } from './event-sql.ts';
import { type ReadContext, rowLimit } from './read-context.ts';
import { matchOf } from './search-tokens.ts';

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

interface ReceivedScope {
  readonly no: number;
  /** How far it is indexed. */
  readonly indexed: number;
}

export function candidates(
  context: ReadContext,
  { organization, query }: { organization: OrganizationId; query: CandidateQuery },
): Candidates {
  const scope = context.db.get<ReceivedScope>(
    `SELECT s.no, coalesce(c.seq, 0) AS indexed FROM scope s LEFT JOIN search_cursor c ON c.scope_no = s.no
     WHERE s.no = ${SCOPE_NO}`,
    organization,
    RECEIVED,
  );
  if (scope === undefined) return { rows: [], scannedTo: null };
  const page = new CandidatePage(query, () => context.deadline.isNear);
  for (const stretch of stretchesOf(query, boundsOf(context, organization, query), scope.indexed)) {
    for (const row of rowsOf(context, scope, { ...stretch, query })) {
      if (page.add(storedOf(row, context.now))) return page.result();
    }
  }
  return page.whole();
}

/** Times as a range of seqs, with room for what was accepted at about the same time. */
function boundsOf(context: ReadContext, organization: OrganizationId, query: CandidateQuery): Range {
  const scope = { organization, applicationId: RECEIVED };
  const { since, until, after } = query;
  const before = query.before ?? Number.MAX_SAFE_INTEGER;
  return {
    after: since === null ? after : Math.max(after, seqAt(context, { scope, at: since - ORDER_SLACK_MS })),
    before:
      until === null ? before : Math.min(before, seqAt(context, { scope, at: until + ORDER_SLACK_MS }) + 1),
  };
}

function rowsOf(
  { db, now }: ReadContext,
  scope: ReceivedScope,
  { after, before, isIndexed, query }: Stretch & { query: CandidateQuery },
): Iterable<StoredRow> {
  const columns = storedColumns(query.withContent, now);
  const by = query.direction === 'oldest-first' ? 'ASC' : 'DESC';
  const times = [query.since ?? 0, query.until ?? Number.MAX_SAFE_INTEGER];
  const limit = rowLimit(query.limit);
  return isIndexed
    ? db.iterate<StoredRow>(
        `SELECT ${columns.sql} FROM search CROSS JOIN event e ON e.scope_no = ? AND e.seq = search.rowid ${EVENT_JOINS}
         WHERE search MATCH ? AND search.rowid > ? AND search.rowid < ? AND e.accepted_at >= ? AND e.accepted_at < ?
         ORDER BY search.rowid ${by} LIMIT ?`,
        ...columns.values,
        scope.no,
        matchOf(scope.no, query.terms),
        ...[after, before, ...times, limit],
      )
    : db.iterate<StoredRow>(
        `SELECT ${columns.sql} FROM event e ${EVENT_JOINS}
         WHERE e.scope_no = ? AND e.seq > ? AND e.seq < ? AND e.accepted_at >= ? AND e.accepted_at < ?
         ORDER BY e.scope_no ${by}, e.seq ${by} LIMIT ?`,
        ...columns.values,
        ...[scope.no, after, before, ...times, limit],
      );
}
