/** Fills the index of received events inside the writer's transaction. */
import { RECEIVED } from '../../core/ids.ts';
import type { WriteOpOf } from '../sql/write-op.ts';
import type { Connection } from './connection.ts';
import { SCOPE_NO } from './event-sql.ts';

export function indexEvents(db: Connection, { entries }: WriteOpOf<'index'>): void {
  for (const { organization, seq } of entries) {
    db.run(
      `INSERT INTO search_cursor SELECT no, ? FROM scope WHERE no = ${SCOPE_NO}
       ON CONFLICT (scope_no) DO UPDATE SET seq = max(seq, excluded.seq)`,
      seq,
      organization,
      RECEIVED,
    );
  }
}
