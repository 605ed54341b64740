/** Fills the index of received events. Several nodes may do the same stretch: repeating changes nothing. */
import { type OrganizationId, RECEIVED } from '../../core/ids.ts';
import type { IndexEntry } from '../../ports/search.ts';
import type { Connections, Session } from './connection.ts';
import { dayOfId } from './day-of.ts';
import { storedTerms } from './search-terms.ts';
import { int4s, int8s, texts } from './sql-array.ts';

export async function indexEvents(
  { connections }: { connections: Connections },
  entries: readonly IndexEntry[],
): Promise<void> {
  const days = new Set(entries.map(({ id }) => dayOfId(id)));
  for (const day of days) await connections.query(`SELECT posthorn_ensure_day('search', $1)`, [day]);
  const organizations = [...new Set(entries.map(({ organization }) => organization))].sort();
  await connections.transact(async (session) => {
    for (const organization of organizations) {
      const own = entries.filter((entry) => entry.organization === organization);
      await indexOwn(session, organization, own);
    }
  });
}

async function indexOwn(
  session: Session,
  organization: OrganizationId,
  entries: readonly IndexEntry[],
): Promise<void> {
  const [scope] = await session.query<{ no: number }>(
    `SELECT s.no FROM scope s JOIN organization o ON o.no = s.organization_no
     WHERE o.id = $1 AND s.application_id = '${RECEIVED}'`,
    [organization],
  );
  if (scope === undefined) return;
  // Of an event that was dropped or expunged meanwhile nothing is kept.
  await session.query(
    `INSERT INTO search (day, scope_no, seq, accepted_at, terms)
     SELECT i.day, $1::bigint, i.seq, kept.accepted_at, i.terms::integer[]
     FROM unnest($2::bigint[], $3::integer[], $4::text[]) AS i (seq, day, terms)
     CROSS JOIN LATERAL (SELECT e.accepted_at FROM event e
       WHERE e.scope_no = $1::bigint AND e.day = i.day AND e.seq = i.seq AND NOT e.expunged OFFSET 0) AS kept
     ON CONFLICT DO NOTHING`,
    [
      scope.no,
      int8s(entries.map(({ seq }) => seq)),
      int4s(entries.map(({ id }) => dayOfId(id))),
      texts(entries.map((entry) => storedTerms(scope.no, entry))),
    ],
  );
  await session.query(
    `INSERT INTO search_cursor VALUES ($1, $2, $3) ON CONFLICT (scope_no) DO UPDATE
     SET seq = greatest(search_cursor.seq, EXCLUDED.seq), day = greatest(search_cursor.day, EXCLUDED.day)`,
    [scope.no, Math.max(...entries.map(({ seq }) => seq)), Math.max(...entries.map(({ id }) => dayOfId(id)))],
  );
}
