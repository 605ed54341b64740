/** Reads of what became of deliveries: states per event and destination, and counts. */
import type { DeliveryStatus } from '../../core/delivery/delivery.ts';
import {
  type ApplicationId,
  type DestinationId,
  type EventId,
  idAt,
  type OrganizationId,
} from '../../core/ids.ts';
import type { DestinationState, EventFilter, Page, StoredEvent } from '../../ports/history.ts';
import { CANCELED, DELIVERED, FAILED, LATE, SCHEDULED, SENDING } from '../sql/codes.ts';
import { type StateRow, settledStatus, stateOf } from '../sql/delivery-state.ts';
import { type StoredRow, storedOf } from '../sql/event-row.ts';
import {
  type InLane,
  type InScope,
  pageOf,
  scopesOf,
  scopeValues,
  seqAt,
  storedColumns,
} from './event-reads.ts';
import { EVENT_JOINS, eventCondition, ID_SLACK_MS, isTimeOnly, LANE_NO, SCOPE_NO } from './event-sql.ts';
import { type ReadContext, rowLimit } from './read-context.ts';

/** Up to so many attempts and queued deliveries, a destination's events are found from them and not from the scope's. */
const SMALL_LANE_ROWS = 2000;

/** Columns of `StateRow` for lane `l` and event `e`. */
export const STATE_COLUMNS = `
  (SELECT 1 FROM fresh q WHERE q.lane_no = l.no AND q.seq = e.seq AND q.trigger = 0) AS is_fresh,
  (SELECT due_at FROM waiting q WHERE q.lane_no = l.no AND q.seq = e.seq AND q.trigger = 0) AS due_at,
  (SELECT attempts FROM waiting q WHERE q.lane_no = l.no AND q.seq = e.seq AND q.trigger = 0) AS attempts,
  coalesce(
    (SELECT 0 FROM fresh q WHERE q.lane_no = l.no AND q.seq = e.seq AND q.trigger = 1),
    (SELECT due_at FROM waiting q WHERE q.lane_no = l.no AND q.seq = e.seq AND q.trigger = 1)
  ) AS manual_due_at,
  (SELECT status FROM attempt a WHERE a.seq = e.seq AND a.lane_no = l.no
   ORDER BY a.status >= ${LATE}, a.n DESC LIMIT 1) AS latest`;

const HAS_DELIVERY = `(
  EXISTS (SELECT 1 FROM attempt a WHERE a.seq = e.seq AND a.lane_no = l.no) OR
  EXISTS (SELECT 1 FROM fresh q WHERE q.lane_no = l.no AND q.seq = e.seq) OR
  EXISTS (SELECT 1 FROM waiting q WHERE q.lane_no = l.no AND q.seq = e.seq))`;

/** The same as sql/delivery-state.ts says, for filters that must not bring every row to this side. */
const STATUS = `CASE
  WHEN EXISTS (SELECT 1 FROM fresh q WHERE q.lane_no = l.no AND q.seq = e.seq AND q.trigger = 0) THEN 'pending'
  WHEN EXISTS (SELECT 1 FROM waiting q WHERE q.lane_no = l.no AND q.seq = e.seq AND q.trigger = 0 AND q.attempts > 0)
    THEN 'sending'
  WHEN EXISTS (SELECT 1 FROM fresh q WHERE q.lane_no = l.no AND q.seq = e.seq) THEN 'pending'
  WHEN EXISTS (SELECT 1 FROM waiting q WHERE q.lane_no = l.no AND q.seq = e.seq) THEN 'pending'
  ELSE CASE (SELECT status FROM attempt a WHERE a.seq = e.seq AND a.lane_no = l.no
             ORDER BY a.status >= ${LATE}, a.n DESC LIMIT 1) % ${LATE}
    WHEN ${DELIVERED} THEN 'delivered' WHEN ${FAILED} THEN 'failed'
    WHEN ${SENDING} THEN 'canceled' WHEN ${CANCELED} THEN 'canceled' END
  END`;

export function listDestinationStates(
  { db }: ReadContext,
  { scope, eventId }: InScope & { eventId: EventId },
): readonly DestinationState[] {
  const rows = db.all<StateRow & { destination_id: DestinationId }>(
    `SELECT l.destination_id, ${STATE_COLUMNS}
     FROM event e CROSS JOIN lane l ON l.scope_no = e.scope_no
     WHERE e.scope_no = ${SCOPE_NO} AND e.id = ? ORDER BY l.destination_id`,
    ...scopeValues(scope),
    eventId,
  );
  return rows.flatMap((row) => {
    const state = stateOf(row);
    return state === null ? [] : [{ destinationId: row.destination_id, ...state }];
  });
}

export function listDestinationEvents(
  context: ReadContext,
  query: InLane & {
    filter: StateFilter;
    page: Page;
    withContent: boolean;
  },
): readonly (StoredEvent & DestinationState)[] {
  const { db, now } = context;
  const { scope, destinationId, filter, page } = query;
  const columns = storedColumns(query.withContent, now);
  const condition = eventCondition(filter);
  const { sql, order, after } = pageOf(page);
  const few = fewSeqs(context, query, filter);
  const wanted = filter.status === undefined ? '' : ` AND ${STATUS} IN (SELECT value FROM json_each(?))`;
  const rows = db.all<StoredRow & StateRow>(
    `SELECT ${columns.sql}, ${STATE_COLUMNS}
     FROM lane l CROSS JOIN event e ${few === null ? 'INDEXED BY event_by_id' : ''} ${EVENT_JOINS}
     WHERE l.no = ${LANE_NO} AND e.scope_no = ${SCOPE_NO} AND ${sql} AND in_time(e.seq)
       ${few === null ? '' : 'AND e.seq IN (SELECT value FROM json_each(?))'}
       AND ${HAS_DELIVERY}${wanted}${condition.sql}
     ORDER BY ${order} LIMIT ?`,
    ...columns.values,
    scope.organization,
    destinationId,
    ...scopeValues(scope),
    after,
    ...(few === null ? [] : [JSON.stringify(few)]),
    ...(filter.status === undefined ? [] : [JSON.stringify(filter.status)]),
    ...condition.values,
    rowLimit(page.limit),
  );
  return rows.map((row) => ({ ...storedOf(row, now), destinationId, ...stateOf(row)! }));
}

const EVERY_STATUS: readonly DeliveryStatus[] = ['delivered', 'pending', 'failed', 'sending', 'canceled'];
type StateFilter = EventFilter & { readonly status?: readonly DeliveryStatus[] };

/**
 * The events of a destination that may pass the filter, when they are few; null = they are many, so the events of the
 * scope are looked at one after the other.
 */
export function fewSeqs({ db }: ReadContext, lane: InLane, filter: StateFilter): readonly number[] | null {
  const wanted: readonly DeliveryStatus[] = filter.status ?? EVERY_STATUS;
  const settled = [DELIVERED, FAILED, SENDING, CANCELED].filter((code) =>
    wanted.includes(settledStatus(code)),
  );
  const rows = db.all<{ seq: number }>(
    `WITH lane_no (no) AS (SELECT ${LANE_NO})
     SELECT seq FROM (SELECT seq FROM attempt INDEXED BY attempt_by_lane
       WHERE lane_no = (SELECT no FROM lane_no) AND id >= ?3 AND in_time(seq)
         AND status % ${LATE} IN (SELECT value FROM json_each(?4)) LIMIT ?5)
     UNION ALL
     SELECT seq FROM (SELECT seq FROM fresh WHERE lane_no = (SELECT no FROM lane_no) LIMIT ?5 * ?6)
     UNION ALL
     SELECT seq FROM (SELECT seq FROM waiting WHERE lane_no = (SELECT no FROM lane_no) LIMIT ?5 * ?6)`,
    lane.scope.organization,
    lane.destinationId,
    idAt((filter.since ?? 0) - ID_SLACK_MS, 'first'),
    JSON.stringify(settled),
    SMALL_LANE_ROWS,
    Number(wanted.includes('pending') || wanted.includes('sending')),
  );
  return rows.length >= SMALL_LANE_ROWS ? null : [...new Set(rows.map((row) => row.seq))];
}

export function countStates(
  context: ReadContext,
  { filter, ...lane }: InLane & { filter: EventFilter },
): Readonly<Record<DeliveryStatus, number>> {
  const counts = { delivered: 0, pending: 0, failed: 0, sending: 0, canceled: 0 };
  const rows = isTimeOnly(filter) ? countByTime(context, lane, filter) : countByScan(context, lane, filter);
  for (const row of rows) counts[row.status] += row.count;
  return counts;
}

interface CountRow {
  readonly status: DeliveryStatus;
  readonly count: number;
}

function countByScan({ db }: ReadContext, lane: InLane, filter: EventFilter): readonly CountRow[] {
  const condition = eventCondition(filter);
  return db.all<CountRow>(
    `SELECT ${STATUS} AS status, count(*) AS count
     FROM lane l CROSS JOIN event e INDEXED BY event_by_id ${EVENT_JOINS}
     WHERE l.no = ${LANE_NO} AND e.scope_no = ${SCOPE_NO} AND ${HAS_DELIVERY}${condition.sql} GROUP BY 1`,
    lane.scope.organization,
    lane.destinationId,
    ...scopeValues(lane.scope),
    ...condition.values,
  );
}

/**
 * From the indexes of the destination's attempts and deliveries alone: times become a range of seqs. The settled ones
 * are counted by their deciding attempt (the last that was not late), the rest by where they wait.
 */
const COUNT_BY_TIME = `
  WITH bounds (lane_no, first, last, since) AS (SELECT ${LANE_NO}, ?, ?, ?),
  decided (seq, status) AS (
    SELECT seq, max((status < ${LATE}) * (1 << 40) + n * 8 + status) % ${LATE}
    FROM attempt INDEXED BY attempt_by_lane
    WHERE lane_no = (SELECT lane_no FROM bounds) AND id >= (SELECT since FROM bounds)
      AND seq > (SELECT first FROM bounds) AND seq <= (SELECT last FROM bounds) AND in_time(seq)
    GROUP BY seq),
  queued (seq, trigger, attempts) AS (
    SELECT seq, trigger, 0 FROM fresh
    WHERE lane_no = (SELECT lane_no FROM bounds) AND seq > (SELECT first FROM bounds) AND seq <= (SELECT last FROM bounds)
    UNION ALL
    SELECT seq, trigger, attempts * (trigger = ${SCHEDULED}) FROM waiting
    WHERE lane_no = (SELECT lane_no FROM bounds) AND seq > (SELECT first FROM bounds) AND seq <= (SELECT last FROM bounds))
  SELECT CASE status WHEN ${DELIVERED} THEN 'delivered' WHEN ${FAILED} THEN 'failed' ELSE 'canceled' END AS status,
    count(*) AS count
  FROM decided d
  WHERE NOT EXISTS (SELECT 1 FROM fresh WHERE lane_no = (SELECT lane_no FROM bounds) AND seq = d.seq)
    AND NOT EXISTS (SELECT 1 FROM waiting WHERE lane_no = (SELECT lane_no FROM bounds) AND seq = d.seq)
  GROUP BY 1
  UNION ALL
  SELECT CASE WHEN attempts > 0 THEN 'sending' ELSE 'pending' END, count(*)
  FROM (SELECT max(attempts) AS attempts FROM queued WHERE in_time(seq) GROUP BY seq) GROUP BY 1`;

function countByTime(context: ReadContext, lane: InLane, filter: EventFilter): readonly CountRow[] {
  const { scope, destinationId } = lane;
  return context.db.all<CountRow>(
    COUNT_BY_TIME,
    scope.organization,
    destinationId,
    filter.since === undefined ? 0 : seqAt(context, { scope, at: filter.since }),
    filter.before === undefined ? Number.MAX_SAFE_INTEGER : seqAt(context, { scope, at: filter.before }),
    idAt((filter.since ?? 0) - ID_SLACK_MS, 'first'),
  );
}

export function countUsage(
  context: ReadContext,
  query: {
    organization: OrganizationId;
    applications: readonly ApplicationId[] | null;
    since: number;
    before: number;
  },
): readonly { readonly applicationId: ApplicationId; readonly events: number; readonly attempts: number }[] {
  const { organization } = query;
  const asked =
    query.applications ?? scopesOf(context, organization).flatMap((scope) => scope.applicationId ?? []);
  const first = idAt(query.since, 'first');
  const last = idAt(query.before, 'first');
  return asked.map((applicationId) => {
    const values = [organization, applicationId, first, last] as const;
    const events = context.db.get<{ count: number }>(
      `SELECT count(*) AS count FROM event e INDEXED BY event_by_id
       WHERE e.scope_no = ${SCOPE_NO} AND e.id >= ? AND e.id < ? AND in_time(e.seq)`,
      ...values,
    );
    const attempts = context.db.get<{ count: number }>(
      `SELECT count(*) AS count FROM lane l CROSS JOIN attempt a INDEXED BY attempt_by_lane ON a.lane_no = l.no
       WHERE l.scope_no = ${SCOPE_NO} AND a.id >= ? AND a.id < ? AND a.status % ${LATE} <> ${CANCELED} AND in_time(a.seq)`,
      ...values,
    );
    return { applicationId, events: events!.count, attempts: attempts!.count };
  });
}
