/** Reads of the queue. Each starts with one seek into its lane, whatever the lane holds. */
import type { Health } from '../../core/delivery/health.ts';
import type { DuePosition, LaneKey, LaneSummary, QueuedDelivery, Taken } from '../../ports/queue.ts';
import { triggerOf } from '../sql/codes.ts';
import { type EventRow, eventOf } from '../sql/event-row.ts';
import { HEALTH_COLUMNS, type HealthRow, healthOf, type LaneRow, summaryOf } from '../sql/lane-row.ts';
import { type ReadContext, rowLimit, Values } from './read-context.ts';
import { int2s } from './sql-array.ts';

/** A removed destination's lane is not found: nothing of it is handed out. */
function laneOf(values: Values, lane: LaneKey): string {
  return `SELECT l.no, l.scope_no FROM organization o JOIN lane l ON l.organization_no = o.no
    WHERE o.id = ${values.text(lane.organization)} AND l.destination_id = ${values.add(lane.destinationId)} AND l.removed_at IS NULL`;
}

/** Organization after organization: of each no more than the whole page, so that a large one is not sorted. */
export async function lanes(
  { db }: ReadContext,
  { after, limit, shards }: { after: LaneKey | null; limit: number; shards: ReadonlySet<number> | null },
): Promise<readonly LaneSummary[]> {
  const values = new Values();
  const organization = values.text(after?.organization ?? '');
  const count = values.add(rowLimit(limit));
  const held = shards === null ? '' : `AND l.shard = ANY (${values.add(int2s([...shards]))})`;
  const rows = await db.query<LaneRow>(
    `SELECT o.id AS organization, w.* FROM organization o CROSS JOIN LATERAL (
       SELECT l.destination_id, q.newest_fresh, q.next_due, ${HEALTH_COLUMNS}
       FROM lane l CROSS JOIN LATERAL (
         SELECT (SELECT max(seq) FROM fresh WHERE lane_no = l.no) AS newest_fresh,
           (SELECT min(due_at) FROM waiting WHERE lane_no = l.no) AS next_due OFFSET 0) q
       LEFT JOIN health h ON h.lane_no = l.no
       WHERE l.organization_no = o.no AND (o.id > ${organization} OR l.destination_id > ${values.add(after?.destinationId ?? '')})
         AND l.removed_at IS NULL ${held} AND (q.newest_fresh IS NOT NULL OR q.next_due IS NOT NULL)
       ORDER BY l.destination_id LIMIT ${count}) w
     WHERE o.id >= ${organization} ORDER BY o.id, w.destination_id LIMIT ${count}`,
    values.list,
  );
  return rows.map(summaryOf);
}

interface InQueue {
  readonly lane: LaneKey;
}

export async function readHealth({ db }: ReadContext, { lane }: InQueue): Promise<Health | null> {
  const values = new Values();
  const [row] = await db.query<HealthRow>(
    `SELECT ${HEALTH_COLUMNS} FROM (${laneOf(values, lane)}) AS l JOIN health h ON h.lane_no = l.no`,
    values.list,
  );
  return row === undefined ? null : healthOf(row);
}

export async function nextDue({ db }: ReadContext, { lane }: InQueue): Promise<number | null> {
  const values = new Values();
  const [row] = await db.query<{ due_at: number | null }>(
    `SELECT (SELECT min(due_at) FROM waiting WHERE lane_no = l.no) AS due_at FROM (${laneOf(values, lane)}) AS l`,
    values.list,
  );
  return row?.due_at ?? null;
}

type Take = { readonly limit: number; readonly bytesMax: number };

export function takeFresh(
  context: ReadContext,
  { lane, ...options }: InQueue & Take & { afterSeq: number; decidedOnly: boolean },
): Promise<Taken> {
  const { afterSeq, decidedOnly } = options;
  return take(context, lane, options, (values) => ({
    from: [freshAfter(values.add(afterSeq), decidedOnly)],
    order: 'seq',
    undecided: decidedOnly ? UNDECIDED_FRESH : 'false',
  }));
}

export async function takeDue(
  context: ReadContext,
  { lane, ...options }: InQueue & Take & { dueBefore: number; after: DuePosition | null },
): Promise<readonly QueuedDelivery[]> {
  const { dueAt, seq } = options.after ?? { dueAt: 0, seq: 0 };
  const { rows } = await take(context, lane, options, (values) => ({
    from: [
      `SELECT seq, trigger, due_at, attempts, day FROM waiting WHERE lane_no = (SELECT no FROM lane_of)
        AND (due_at, seq) > (${values.add(dueAt)}, ${values.add(seq)}) AND due_at <= ${values.add(options.dueBefore)}`,
    ],
    order: 'due_at, seq',
    undecided: 'false',
  }));
  return rows;
}

export function takeInOrder(
  context: ReadContext,
  { lane, ...options }: InQueue & Take & { afterSeq: number },
): Promise<Taken> {
  return take(context, lane, options, (values) => {
    const afterSeq = values.add(options.afterSeq);
    return {
      from: [
        freshAfter(afterSeq, true),
        `SELECT seq, trigger, due_at, attempts, day FROM waiting WHERE lane_no = (SELECT no FROM lane_of)
          AND seq > ${afterSeq} AND seq < (SELECT below FROM decided)`,
      ],
      order: 'seq',
      undecided: `${UNDECIDED_FRESH} OR EXISTS (
        SELECT 1 FROM waiting WHERE lane_no = (SELECT no FROM lane_of) AND seq >= (SELECT below FROM decided))`,
    };
  });
}

const freshAfter = (seq: string, decidedOnly: boolean) => `
  SELECT seq, trigger, 0::bigint AS due_at, 0 AS attempts, day FROM fresh WHERE lane_no = (SELECT no FROM lane_of)
  AND seq > ${seq} ${decidedOnly ? 'AND seq < (SELECT below FROM decided)' : ''}`;
const UNDECIDED_FRESH = `EXISTS (
  SELECT 1 FROM fresh WHERE lane_no = (SELECT no FROM lane_of) AND seq >= (SELECT below FROM decided))`;

interface Source {
  readonly from: readonly string[];
  /** What a cursor names: rows that are equal in it are never separated. */
  readonly order: string;
  readonly undecided: string;
}
interface TakenRow extends EventRow {
  readonly trigger: number;
  readonly due_at: number;
  readonly attempts: number;
  readonly content: Uint8Array | null;
}
type FirstRow = { readonly decided_below: number; readonly has_undecided: boolean };
type NoRow = { readonly [Column in keyof TakenRow]: null };

/**
 * Rows up to the limits, at least one. A body is fetched only when its row is handed out: before that, its length is
 * enough. The first row tells of the snapshot even when nothing else is in it.
 */
async function take(
  { db, now }: ReadContext,
  lane: LaneKey,
  { limit, bytesMax }: Take,
  sourceOf: (values: Values) => Source,
): Promise<Taken> {
  const values = new Values();
  const { from, order, undecided } = sourceOf(values);
  const rowsMax = values.add(rowLimit(limit));
  const first = `ORDER BY ${order}, trigger LIMIT ${rowsMax} + 1`;
  const rows = await db.query<FirstRow & (TakenRow | NoRow)>(
    `WITH lane_of AS MATERIALIZED (${laneOf(values, lane)}),
     decided AS MATERIALIZED (SELECT posthorn_decided_below() AS below),
     q AS MATERIALIZED (
       SELECT array_agg(seq) AS seqs, array_agg(trigger) AS triggers, array_agg(due_at) AS dues,
         array_agg(attempts) AS attempts, array_agg(day) AS days
       FROM (SELECT * FROM (${from.map((each) => `(${each} ${first})`).join(' UNION ALL ')}) AS heads ${first}) AS head)
     SELECT decided.below AS decided_below, (${undecided}) AS has_undecided, r.*
     FROM decided LEFT JOIN (
       SELECT taken.*, count(*) OVER earlier AS rows_before, sum(octet_length(content)) OVER earlier AS bytes_before
       FROM q CROSS JOIN posthorn_queued_1((SELECT scope_no FROM lane_of), ${values.add(now)},
         q.seqs, q.triggers, q.dues, q.attempts, q.days) AS taken
       WINDOW earlier AS (ORDER BY ${order} GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
     ) AS r ON r.rows_before < ${rowsMax} AND coalesce(r.bytes_before, 0) < ${values.add(Math.max(1, Math.min(bytesMax, Number.MAX_SAFE_INTEGER)))}
     ORDER BY ${order}, trigger`,
    values.list,
  );
  return {
    rows: rows.flatMap((row) => (row.seq === null ? [] : [queuedOf(row)])),
    decidedBelow: rows[0]!.decided_below,
    hasUndecided: rows[0]!.has_undecided,
  };
}

function queuedOf(row: TakenRow): QueuedDelivery {
  return {
    seq: row.seq,
    trigger: triggerOf(row.trigger),
    dueAt: row.due_at,
    attempts: row.attempts,
    event: eventOf(row),
    content: row.content,
  };
}
