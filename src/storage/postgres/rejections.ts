/** The log of refused calls. */
import type { OrganizationId, SourceId } from '../../core/ids.ts';
import type { Rejection } from '../../ports/rejections.ts';
import { type RejectionRow, rejectionOf, rejectionRow } from '../sql/rejection-row.ts';
import type { Session } from './connection.ts';
import { organizationNo } from './event-sql.ts';
import { type ReadContext, rowLimit, Values } from './read-context.ts';

/** Sorts after every id. */
const LAST_ID = '~';

/**
 * One statement, so one transaction; of a source that is gone, or is another organization's, nothing is kept. The
 * deletion sees the table as it was: the new row is counted by hand. Two nodes at once may leave one more for a while.
 */
export async function addRejection(db: Session, rejection: Rejection, keep: number): Promise<void> {
  const { doc, body } = rejectionRow(rejection);
  const values = new Values();
  const organization = organizationNo(values, rejection.organization);
  const source = values.add(rejection.sourceId);
  await db.query(
    `WITH added AS (
       INSERT INTO rejection SELECT organization_no, id, ${values.add(rejection.id)}, ${values.add(doc)}, ${values.add(Buffer.from(body))}
       FROM resource WHERE organization_no = ${organization} AND kind = 'source' AND id = ${source} ON CONFLICT DO NOTHING RETURNING 1
     ) DELETE FROM rejection WHERE (organization_no, source_id, id) IN (
       SELECT organization_no, source_id, id FROM rejection
       WHERE organization_no = ${organization} AND source_id = ${source}
       ORDER BY id DESC OFFSET greatest(${values.add(keep)}::integer - (SELECT count(*) FROM added), 0))`,
    values.list,
  );
}

export async function listRejections(
  { db }: ReadContext,
  query: { organization: OrganizationId; sourceId: SourceId; before: string | null; limit: number },
): Promise<readonly Rejection[]> {
  const values = new Values();
  const rows = await db.query<RejectionRow>(
    `SELECT doc, body FROM rejection
     WHERE organization_no = ${organizationNo(values, query.organization)} AND source_id = ${values.add(query.sourceId)}
       AND id < ${values.add(query.before ?? LAST_ID)} ORDER BY id DESC LIMIT ${values.add(rowLimit(query.limit))}`,
    values.list,
  );
  return rows.map(rejectionOf);
}
