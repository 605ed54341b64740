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
import { CANCELED, LATE } from '../sql/codes.ts';
import { type StateRow, settledStatus, stateOf } from '../sql/delivery-state.ts';
import {
  type InLane,
  type InScope,
  pageOf,
  type StoredRow,
  scopesOf,
  scopeValues,
  seqAt,
  storedColumns,
  storedOf,
} from './event-reads.ts';
import { EVENT_JOINS, eventCondition, ID_SLACK_MS, isTimeOnly, LANE_NO, SCOPE_NO } from './event-sql.ts';
import { type ReadContext, rowLimit } from './read-context.ts';

/** Up to so many attempts and queued deliveries, a destination's events are found from them and not from the scope's. */
const SMALL_LANE_ROWS = 2000;

/** Columns of `StateRow` for lane `l` and event `e`. */
const STATE_COLUMNS = `
  (SELECT 1 FROM fresh q WHERE q.lane_no = l.no AND q.seq = e.seq AND q.trigger = 0) AS is_fresh,
  (SELECT due_at FROM waiting q WHERE q.lane_no = l.no AND q.seq = e.seq AND q.trigger = 0) AS due_at,
  (SELECT attempts FROM waiting q WHERE q.lane_no = l.no AND q.seq = e.seq AND q.trigger = 0) AS attempts,
  coalesce(
    (SELECT 0 FROM fresh q WHERE q.lane_no = l.no AND q.seq = e.seq AND q.trigger = 1),
    (SELECT due_at FROM waiting q WHERE q.lane_no = l.no AND q.seq = e.seq AND q.trigger = 1)
  ) AS manual_due_at,
  (SELECT status FROM attempt a WHERE a.seq = e.seq AND a.lane_no = l.no
   ORDER BY a.status >= ${LATE}, a.n DESC LIMIT 1) AS latest`;

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
    filter: EventFilter & { readonly status?: readonly DeliveryStatus[] };
    page: Page;
    withContent: boolean;
  },
): readonly (StoredEvent & DestinationState)[] {
  const { db, now, deadline } = context;
  const { scope, destinationId, filter, page } = query;
  const columns = storedColumns(query.withContent, now);
  const condition = eventCondition(filter);
  const { sql, order, after } = pageOf(page);
  const few = fewSeqs(context, query);
  const rows = db.iterate<StoredRow & StateRow>(
    `SELECT ${columns.sql}, ${STATE_COLUMNS}
     FROM lane l CROSS JOIN event e ${few === null ? 'INDEXED BY event_by_id' : ''} ${EVENT_JOINS}
     WHERE l.no = ${LANE_NO} AND e.scope_no = ${SCOPE_NO} AND ${sql}${condition.sql}
       ${few === null ? '' : 'AND e.seq IN (SELECT value FROM json_each(?))'}
     ORDER BY ${order}`,
    ...columns.values,
    scope.organization,
    destinationId,
    ...scopeValues(scope),
    after,
    ...condition.values,
    ...(few === null ? [] : [JSON.stringify(few)]),
  );
  const found: (StoredEvent & DestinationState)[] = [];
  const limit = rowLimit(page.limit);
  for (const row of rows) {
    if (found.length >= limit) break;
    deadline.check();
    const state = stateOf(row);
    if (state === null || (filter.status !== undefined && !filter.status.includes(state.status))) continue;
    found.push({ ...storedOf(row, now), destinationId, ...state });
  }
  return found;
}

/** The events of a destination that had few; null = it had many, so most events of its scope are its own. */
function fewSeqs({ db }: ReadContext, lane: InLane): readonly number[] | null {
  const rows = db.all<{ seq: number }>(
    `WITH lane_no (no) AS (SELECT ${LANE_NO})
     SELECT seq FROM (SELECT seq FROM attempt WHERE lane_no = (SELECT no FROM lane_no) LIMIT ?3)
     UNION ALL SELECT seq FROM (SELECT seq FROM fresh WHERE lane_no = (SELECT no FROM lane_no) LIMIT ?3)
     UNION ALL SELECT seq FROM (SELECT seq FROM waiting WHERE lane_no = (SELECT no FROM lane_no) LIMIT ?3)`,
    lane.scope.organization,
    lane.destinationId,
    SMALL_LANE_ROWS,
  );
  return rows.length >= SMALL_LANE_ROWS ? null : [...new Set(rows.map((row) => row.seq))];
}

export function countStates(
  context: ReadContext,
  { filter, ...lane }: InLane & { filter: EventFilter },
): Readonly<Record<DeliveryStatus, number>> {
  const counts = { delivered: 0, pending: 0, failed: 0, sending: 0, canceled: 0 };
  const statuses = isTimeOnly(filter)
    ? statesByTime(context, lane, filter).values()
    : statesByScan(context, lane, filter);
  for (const status of statuses) counts[status] += 1;
  return counts;
}

function* statesByScan(context: ReadContext, lane: InLane, filter: EventFilter): Iterable<DeliveryStatus> {
  const condition = eventCondition(filter);
  const rows = context.db.iterate<StateRow>(
    `SELECT ${STATE_COLUMNS} FROM lane l CROSS JOIN event e INDEXED BY event_by_id ${EVENT_JOINS}
     WHERE l.no = ${LANE_NO} AND e.scope_no = ${SCOPE_NO}${condition.sql}`,
    lane.scope.organization,
    lane.destinationId,
    ...scopeValues(lane.scope),
    ...condition.values,
  );
  for (const row of rows) {
    const state = stateOf(row);
    if (state !== null) yield state.status;
  }
}

/** From the index of the destination's attempts alone: times become a range of seqs. */
function statesByTime(context: ReadContext, lane: InLane, filter: EventFilter): Map<number, DeliveryStatus> {
  const { db, deadline } = context;
  const first = filter.since === undefined ? 0 : seqAt(context, { scope: lane.scope, at: filter.since });
  const last =
    filter.before === undefined
      ? Number.MAX_SAFE_INTEGER
      : seqAt(context, { scope: lane.scope, at: filter.before });
  const latest = new Map<number, { readonly n: number; readonly status: number }>();
  const values = [lane.scope.organization, lane.destinationId, first, last] as const;
  const attempts = db.iterate<{ seq: number; n: number; status: number }>(
    `SELECT seq, n, status FROM attempt INDEXED BY attempt_by_lane
     WHERE lane_no = ${LANE_NO} AND seq > ? AND seq <= ? AND id >= ?`,
    ...values,
    idAt((filter.since ?? 0) - ID_SLACK_MS, 'first'),
  );
  for (const row of attempts) {
    deadline.check();
    const rank = row.status >= LATE ? row.n - Number.MAX_SAFE_INTEGER : row.n;
    const known = latest.get(row.seq);
    if (known === undefined || known.n < rank) latest.set(row.seq, { n: rank, status: row.status });
  }
  const states = new Map<number, DeliveryStatus>();
  for (const [seq, { status }] of latest) states.set(seq, settledStatus(status));
  const queued = db.iterate<{ seq: number; attempts: number }>(
    `SELECT seq, CASE WHEN trigger = 0 THEN attempts ELSE 0 END AS attempts FROM waiting
       WHERE lane_no = ${LANE_NO} AND seq > ? AND seq <= ?
     UNION ALL SELECT seq, 0 FROM fresh WHERE lane_no = ${LANE_NO} AND seq > ? AND seq <= ?`,
    ...values,
    ...values,
  );
  const sending = new Set<number>();
  for (const row of queued) {
    deadline.check();
    if (row.attempts > 0) sending.add(row.seq);
    states.set(row.seq, sending.has(row.seq) ? 'sending' : 'pending');
  }
  return states;
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
