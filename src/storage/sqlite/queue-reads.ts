/** Reads of the queue. Each starts with one seek into its lane, whatever the lane holds. */
import type { Health } from '../../core/delivery/health.ts';
import { shardOf } from '../../core/shard.ts';
import type { DuePosition, LaneKey, LaneSummary, QueuedDelivery } from '../../ports/queue.ts';
import { triggerOf } from '../sql/codes.ts';
import { contentStateOf, type EventRow, eventOf } from '../sql/event-row.ts';
import { HEALTH_COLUMNS, type HealthRow, healthOf, type LaneRow, summaryOf } from '../sql/lane-row.ts';
import { EVENT_COLUMNS, EVENT_JOINS, HOUR_MS } from './event-sql.ts';
import { type ReadContext, rowLimit } from './read-context.ts';

interface QueuedRow extends EventRow {
  readonly trigger: number;
  readonly due_at: number;
  readonly attempts: number;
}

/** A removed destination's lane is not found: nothing of it is handed out. */
const LANE = `SELECT l.no FROM organization o JOIN lane l ON l.organization_no = o.no
  WHERE o.id = ? AND l.destination_id = ? AND l.removed_at IS NULL`;

export function lanes(
  { db, deadline }: ReadContext,
  { after, limit, shards }: { after: LaneKey | null; limit: number; shards: ReadonlySet<number> | null },
): readonly LaneSummary[] {
  const rows = db.iterate<LaneRow>(
    `SELECT o.id AS organization, l.destination_id, ${HEALTH_COLUMNS},
       (SELECT max(seq) FROM fresh WHERE lane_no = l.no) AS newest_fresh,
       (SELECT min(due_at) FROM waiting WHERE lane_no = l.no) AS next_due
     FROM organization o CROSS JOIN lane l ON l.organization_no = o.no LEFT JOIN health h ON h.lane_no = l.no
     WHERE o.id >= ?1 AND (o.id > ?1 OR l.destination_id > ?2) AND l.removed_at IS NULL
       AND (EXISTS (SELECT 1 FROM fresh WHERE lane_no = l.no) OR EXISTS (SELECT 1 FROM waiting WHERE lane_no = l.no))
     ORDER BY o.id, l.destination_id`,
    after?.organization ?? '',
    after?.destinationId ?? '',
  );
  const found: LaneSummary[] = [];
  for (const row of rows) {
    if (found.length >= rowLimit(limit)) break;
    deadline.check();
    if (shards === null || shards.has(shardOf(row.destination_id))) found.push(summaryOf(row));
  }
  return found;
}

export function readHealth({ db }: ReadContext, { lane }: InQueue): Health | null {
  const row = db.get<HealthRow>(
    `SELECT ${HEALTH_COLUMNS} FROM health h WHERE h.lane_no = (${LANE})`,
    lane.organization,
    lane.destinationId,
  );
  return row === undefined ? null : healthOf(row);
}

export function nextDue({ db }: ReadContext, { lane }: InQueue): number | null {
  const row = db.get<{ due_at: number | null }>(
    `SELECT min(due_at) AS due_at FROM waiting WHERE lane_no = (${LANE})`,
    lane.organization,
    lane.destinationId,
  );
  return row?.due_at ?? null;
}

interface InQueue {
  readonly lane: LaneKey;
}
type Take = { readonly limit: number; readonly bytesMax: number };

export function takeFresh(
  context: ReadContext,
  { lane, ...options }: InQueue & Take & { afterSeq: number },
): readonly QueuedDelivery[] {
  return take(context, options, {
    from: `SELECT lane_no, seq, trigger, 0 AS due_at, 0 AS attempts FROM fresh
       WHERE lane_no = (${LANE}) AND seq > ?`,
    order: 'seq, trigger',
    values: [lane.organization, lane.destinationId, options.afterSeq],
  });
}

export function takeDue(
  context: ReadContext,
  { lane, ...options }: InQueue & Take & { dueBefore: number; after: DuePosition | null },
): readonly QueuedDelivery[] {
  const { dueAt, seq } = options.after ?? { dueAt: 0, seq: 0 };
  return take(context, options, {
    from: `SELECT lane_no, seq, trigger, due_at, attempts FROM waiting INDEXED BY waiting_by_due
       WHERE lane_no = (${LANE}) AND (due_at, seq) > (?, ?) AND due_at <= ?`,
    order: 'due_at, seq, trigger',
    values: [lane.organization, lane.destinationId, dueAt, seq, options.dueBefore],
  });
}

export function takeInOrder(
  context: ReadContext,
  { lane, ...options }: InQueue & Take & { afterSeq: number },
): readonly QueuedDelivery[] {
  const values = [lane.organization, lane.destinationId, options.afterSeq];
  return take(context, options, {
    from: `SELECT lane_no, seq, trigger, 0 AS due_at, 0 AS attempts FROM fresh WHERE lane_no = (${LANE}) AND seq > ?
       UNION ALL
       SELECT lane_no, seq, trigger, due_at, attempts FROM waiting WHERE lane_no = (${LANE}) AND seq > ?`,
    order: 'seq, trigger',
    values: [...values, ...values],
  });
}

/**
 * Rows up to the limits, at least one. A cursor names a seq, so what is cut never lies between the scheduled and the
 * manual delivery of one event.
 */
function take(
  { db, now }: ReadContext,
  limits: Take,
  source: { from: string; order: string; values: readonly (string | number)[] },
): readonly QueuedDelivery[] {
  const rows = db.iterate<QueuedRow>(
    `SELECT q.trigger, q.due_at, q.attempts, ${EVENT_COLUMNS}
     FROM (${source.from} ORDER BY ${source.order} LIMIT ?) q
     CROSS JOIN lane l ON l.no = q.lane_no
     CROSS JOIN event e ON e.scope_no = l.scope_no AND e.seq = q.seq ${EVENT_JOINS}`,
    ...source.values,
    rowLimit(limits.limit) + 1,
  );
  const taken: QueuedDelivery[] = [];
  let bytes = 0;
  for (const row of rows) {
    const last = taken[taken.length - 1];
    const isFull = taken.length >= limits.limit || bytes >= limits.bytesMax;
    if (last !== undefined && isFull && last.seq !== row.seq) break;
    const content = contentStateOf(row, now) === 'kept' ? readContent(db, row) : null;
    bytes += content?.byteLength ?? 0;
    taken.push(queuedOf(row, content));
  }
  return taken;
}

function readContent(db: ReadContext['db'], row: QueuedRow): Uint8Array | null {
  const found = db.get<{ body: Uint8Array }>(
    'SELECT body FROM content WHERE no = ((? << 40) | ?)',
    Math.floor(row.content_expires_at / HOUR_MS),
    row.seq,
  );
  return found?.body ?? null;
}

function queuedOf(row: QueuedRow, content: Uint8Array | null): QueuedDelivery {
  return {
    seq: row.seq,
    trigger: triggerOf(row.trigger),
    dueAt: row.due_at,
    attempts: row.attempts,
    event: eventOf(row),
    content,
  };
}
