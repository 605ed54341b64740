/** Fills the index of received events inside the writer's transaction. */
import { type OrganizationId, RECEIVED } from '../../core/ids.ts';
import type { IndexEntry } from '../../ports/search.ts';
import type { Connection } from './connection.ts';
import { SCOPE_NO } from './event-sql.ts';
import { tokensOf } from './search-tokens.ts';

/** What is indexed already is left as it is: the index would have it twice. */
export function indexEvents(db: Connection, entries: readonly IndexEntry[]): void {
  const organizations = new Set(entries.map(({ organization }) => organization));
  for (const organization of organizations) {
    const own = entries.filter((entry) => entry.organization === organization);
    indexOwn(db, organization, own);
  }
}

function indexOwn(db: Connection, organization: OrganizationId, entries: readonly IndexEntry[]): void {
  const scope = db.get<{ no: number; indexed: number }>(
    `SELECT s.no, coalesce(c.seq, 0) AS indexed FROM scope s LEFT JOIN search_cursor c ON c.scope_no = s.no
     WHERE s.no = ${SCOPE_NO}`,
    organization,
    RECEIVED,
  );
  if (scope === undefined) return;
  let last = scope.indexed;
  for (const entry of entries) {
    if (entry.seq <= scope.indexed) continue;
    // Of an event that was dropped or expunged meanwhile nothing is kept.
    db.run(
      `INSERT INTO search (rowid, tokens) SELECT seq, ? FROM event WHERE scope_no = ? AND seq = ? AND expunged = 0`,
      tokensOf(scope.no, entry),
      scope.no,
      entry.seq,
    );
    last = Math.max(last, entry.seq);
  }
  db.run(
    'INSERT INTO search_cursor VALUES (?, ?) ON CONFLICT (scope_no) DO UPDATE SET seq = excluded.seq',
    scope.no,
    last,
  );
}

/** Of an event that is gone, or whose content was expunged: its terms tell what the content was. */
export function dropFromIndex(db: Connection, seq: number): void {
  db.run('DELETE FROM search WHERE rowid = ?', seq);
}
