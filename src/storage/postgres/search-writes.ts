/** Fills the index of received events. Several nodes may do the same stretch: repeating changes nothing. */
import { RECEIVED } from '../../core/ids.ts';
import type { IndexEntry } from '../../ports/search.ts';
import type { Connections } from './connection.ts';

export async function indexEvents(
  { connections }: { connections: Connections },
  entries: readonly IndexEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  await connections.query(
    `INSERT INTO search_cursor SELECT s.no, max(i.seq)
     FROM unnest($1::text[], $2::bigint[]) AS i (organization, seq) JOIN organization o ON o.id = i.organization
     JOIN scope s ON s.organization_no = o.no AND s.application_id = '${RECEIVED}' GROUP BY s.no ORDER BY s.no
     ON CONFLICT (scope_no) DO UPDATE SET seq = greatest(search_cursor.seq, EXCLUDED.seq)`,
    [entries.map(({ organization }) => organization), entries.map(({ seq }) => seq)],
  );
}
