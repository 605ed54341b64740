/** The log of refused calls: adding inside the writer's transaction, and reading. */
import type { OrganizationId, SourceId } from '../../core/ids.ts';
import type { Rejection } from '../../ports/rejections.ts';
import { type RejectionRow, rejectionOf } from '../sql/rejection-row.ts';
import type { WriteOpOf } from '../sql/write-op.ts';
import type { Connection } from './connection.ts';
import { type ReadContext, rowLimit } from './read-context.ts';

/** Sorts after every id. */
const LAST_ID = '~';

/** Of a source that is gone, or is another organization's, nothing is kept. */
export function addRejection(db: Connection, op: WriteOpOf<'add-rejection'>): void {
  const added = db.run(
    `INSERT OR IGNORE INTO rejection SELECT organization_no, id, ?, ?, ? FROM resource
     WHERE organization_no = (SELECT no FROM organization WHERE id = ?) AND kind = 'source' AND id = ?`,
    op.id,
    op.doc,
    op.body,
    op.organization,
    op.sourceId,
  );
  if (added === 0) return;
  db.run(
    `DELETE FROM rejection WHERE (organization_no, source_id, id) IN (
       SELECT organization_no, source_id, id FROM rejection
       WHERE organization_no = (SELECT no FROM organization WHERE id = ?) AND source_id = ?
       ORDER BY id DESC LIMIT -1 OFFSET ?)`,
    op.organization,
    op.sourceId,
    op.keep,
  );
}

export function listRejections(
  { db }: ReadContext,
  query: { organization: OrganizationId; sourceId: SourceId; before: string | null; limit: number },
): readonly Rejection[] {
  const rows = db.all<RejectionRow>(
    `SELECT doc, body FROM rejection
     WHERE organization_no = (SELECT no FROM organization WHERE id = ?) AND source_id = ? AND id < ?
     ORDER BY id DESC LIMIT ?`,
    query.organization,
    query.sourceId,
    query.before ?? LAST_ID,
    rowLimit(query.limit),
  );
  return rows.map(rejectionOf);
}
