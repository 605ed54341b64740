/** Reads of what became of deliveries: states per event and destination, and counts. */
import type { DeliveryStatus } from '../../core/delivery/delivery.ts';
import {
  type ApplicationId,
  type DestinationId,
  type EventId,
  type OrganizationId,
  RECEIVED,
} from '../../core/ids.ts';
import type { DestinationState, EventFilter, Page, StoredEvent } from '../../ports/history.ts';
import { CANCELED, DELIVERED, FAILED, LATE, MANUAL, SCHEDULED, SENDING } from '../sql/codes.ts';
import { type StateRow, settledStatus, stateOf } from '../sql/delivery-state.ts';
import { type StoredRow, storedOf } from '../sql/event-row.ts';
import { dayOfId } from './day-of.ts';
import { type InLane, type InScope, seqBefore, storedColumns } from './event-reads.ts';
import {
  EVENT_JOINS,
  eventCondition,
  ID_SLACK_MS,
  idsBefore,
  idsFrom,
  isTimeOnly,
  laneNo,
  organizationNo,
  pageOf,
  scopeNo,
} from './event-sql.ts';
import { type ReadContext, rowLimit, Values } from './read-context.ts';
import { int4s, int8s, texts } from './sql-array.ts';

/** Up to so many attempts and queued deliveries, a destination's events are found from them and not from the scope's. */
const SMALL_LANE_ROWS = 2000;

/**
 * Columns of `StateRow` for event `e`, and `state`: the same as sql/delivery-state.ts says, NULL = there was never a
 * delivery. OFFSET 0 keeps the planner from looking once per mention.
 */
export function stateOfPair(lane: string, firstDay: string): string {
  const queued = (table: 'fresh' | 'waiting', trigger: number) =>
    `FROM ${table} q WHERE q.lane_no = ${lane} AND q.seq = e.seq AND q.trigger = ${trigger}`;
  return `LATERAL (SELECT *, CASE
      WHEN is_fresh IS NOT NULL THEN 'pending'
      WHEN due_at IS NOT NULL THEN CASE WHEN attempts = 0 THEN 'pending' ELSE 'sending' END
      WHEN manual_due_at IS NOT NULL THEN 'pending'
      ELSE ${settledState('latest')} END AS state
    FROM (SELECT (SELECT 1 ${queued('fresh', SCHEDULED)}) AS is_fresh,
      (SELECT due_at ${queued('waiting', SCHEDULED)}) AS due_at,
      (SELECT attempts ${queued('waiting', SCHEDULED)}) AS attempts,
      coalesce((SELECT 0 ${queued('fresh', MANUAL)}), (SELECT due_at ${queued('waiting', MANUAL)})) AS manual_due_at,
      (SELECT status FROM attempt a WHERE a.lane_no = ${lane} AND a.seq = e.seq AND a.day >= ${firstDay}
       ORDER BY a.status >= ${LATE}, a.rec DESC LIMIT 1) AS latest
      OFFSET 0) AS looks OFFSET 0)`;
}

const LANE = '(SELECT no FROM lane_of)';

/** `settledStatus` in SQL. */
const settledState = (latest: string) => `CASE ${latest} % ${LATE}
  ${[DELIVERED, FAILED, SENDING, CANCELED].map((code) => `WHEN ${code} THEN '${settledStatus(code)}'`).join(' ')} END`;

export async function listDestinationStates(
  { db }: ReadContext,
  { scope, eventId }: InScope & { eventId: EventId },
): Promise<readonly DestinationState[]> {
  const values = new Values();
  const day = values.add(dayOfId(eventId));
  const rows = await db.query<StateRow & { destination_id: DestinationId }>(
    `SELECT l.destination_id, state.*
     FROM event e JOIN lane l ON l.scope_no = e.scope_no CROSS JOIN ${stateOfPair('l.no', day)} AS state
     WHERE e.scope_no = ${scopeNo(values, scope)} AND e.day = ${day} AND e.id = ${values.add(eventId)}
       AND state.state IS NOT NULL
     ORDER BY l.destination_id`,
    values.list,
  );
  return rows.map((row) => ({ destinationId: row.destination_id, ...stateOf(row)! }));
}

type StateFilter = EventFilter & { readonly status?: readonly DeliveryStatus[] };
type OfLane = InLane & { readonly filter: StateFilter };

export async function listDestinationEvents(
  context: ReadContext,
  query: OfLane & { page: Page; withContent: boolean },
): Promise<readonly (StoredEvent & DestinationState)[]> {
  const { db, now } = context;
  const { scope, destinationId, filter, page } = query;
  const few = await fewPairs(context, query);
  const values = new Values();
  const { sql, order } = pageOf(values, page);
  const pairs = (all: readonly Pair[]) =>
    `unnest(${values.add(int8s(all.map(({ seq }) => seq)))}::bigint[],
       ${values.add(int4s(all.map(({ day }) => day)))}::integer[]) AS few (seq, day)
     CROSS JOIN LATERAL (SELECT * FROM event WHERE scope_no = (SELECT no FROM scope_of)
       AND seq = few.seq AND day = few.day OFFSET 0) e`;
  const wanted = filter.status === undefined ? 'IS NOT NULL' : `= ANY (${values.add(texts(filter.status))})`;
  const state = stateOfPair(LANE, 'e.day');
  const rows = await db.query<StoredRow & StateRow>(
    `WITH lane_of AS MATERIALIZED (SELECT ${laneNo(values, scope, destinationId)} AS no),
     scope_of AS MATERIALIZED (SELECT ${scopeNo(values, scope)} AS no)
     SELECT ${storedColumns(values, query.withContent, now)}, e.is_fresh, e.due_at, e.attempts, e.manual_due_at, e.latest
     FROM (SELECT e.*, state.* FROM ${few === null ? 'event e' : pairs(few)} CROSS JOIN ${state} AS state
       WHERE e.scope_no = (SELECT no FROM scope_of)${sql}${eventCondition(values, scope, filter)} AND state.state ${wanted}
       ORDER BY ${order} LIMIT ${values.add(rowLimit(page.limit))}) e ${EVENT_JOINS} ORDER BY ${order}`,
    values.list,
  );
  return rows.map((row) => ({ ...storedOf(row, now), destinationId, ...stateOf(row)! }));
}

export interface Pair {
  readonly seq: number;
  readonly day: number;
}
const EVERY_STATUS: readonly DeliveryStatus[] = ['delivered', 'pending', 'failed', 'sending', 'canceled'];

/**
 * The events of a destination that may pass the filter, when they are few; null = they are many, so the events of the
 * scope are looked at one after the other.
 */
export async function fewPairs(
  { db }: ReadContext,
  { scope, destinationId, filter }: OfLane,
): Promise<readonly Pair[] | null> {
  const wanted: readonly DeliveryStatus[] = filter.status ?? EVERY_STATUS;
  const settled = [DELIVERED, FAILED, SENDING, CANCELED].filter((code) =>
    wanted.includes(settledStatus(code)),
  );
  const isQueuedWanted = wanted.includes('pending') || wanted.includes('sending');
  const values = new Values();
  const since = idsFrom(values, 'a', (filter.since ?? 0) - ID_SLACK_MS);
  const queued = ['fresh', 'waiting'].map(
    (table) => `UNION ALL (SELECT seq, day FROM ${table} WHERE lane_no = ${LANE} LIMIT ${SMALL_LANE_ROWS})`,
  );
  const rows = await db.query<Pair>(
    `WITH lane_of AS MATERIALIZED (SELECT ${laneNo(values, scope, destinationId)} AS no)
     (SELECT a.seq, a.event_day AS day FROM attempt a WHERE a.lane_no = ${LANE}${since}
       AND a.status % ${LATE} = ANY (${values.add(int4s(settled))}) LIMIT ${SMALL_LANE_ROWS})
     ${isQueuedWanted ? queued.join(' ') : ''}`,
    values.list,
  );
  if (rows.length >= SMALL_LANE_ROWS) return null;
  return [...new Map(rows.map((row) => [row.seq, row])).values()];
}

export async function countStates(
  { db }: ReadContext,
  lane: InLane & { filter: EventFilter },
): Promise<Readonly<Record<DeliveryStatus, number>>> {
  const values = new Values();
  const text = isTimeOnly(lane.filter) ? countByTime(values, lane) : countByScan(values, lane);
  const rows = await db.query<{ state: DeliveryStatus; count: number }>(text, values.list);
  const counts = { delivered: 0, pending: 0, failed: 0, sending: 0, canceled: 0 };
  for (const row of rows) counts[row.state] += row.count;
  return counts;
}

function countByScan(values: Values, { scope, destinationId, filter }: OfLane): string {
  const state = stateOfPair(LANE, 'e.day');
  return `WITH lane_of AS MATERIALIZED (SELECT ${laneNo(values, scope, destinationId)} AS no)
    SELECT state.state, count(*) AS count FROM event e CROSS JOIN ${state} AS state
    WHERE e.scope_no = ${scopeNo(values, scope)}${eventCondition(values, scope, filter)} AND state.state IS NOT NULL
    GROUP BY state.state`;
}

/**
 * From the destination's attempts and deliveries alone: times become a range of seqs. Of each event the greatest word
 * counts: that a delivery waits for a retry, that one waits, the last attempt that was not late, the last one that was.
 */
function countByTime(values: Values, { scope, destinationId, filter }: OfLane): string {
  const { since, before } = filter;
  const from = since === undefined ? '' : idsFrom(values, 'a', since - ID_SLACK_MS);
  const range = `lane_no = (SELECT lane_no FROM bounds)
    AND seq > (SELECT first FROM bounds) AND seq <= (SELECT last FROM bounds)`;
  return `WITH bounds AS MATERIALIZED (
      SELECT ${laneNo(values, scope, destinationId)} AS lane_no,
        ${since === undefined ? '0' : seqBefore(values, scope, since)} AS first,
        ${before === undefined ? Number.MAX_SAFE_INTEGER : seqBefore(values, scope, before)} AS last),
    words (seq, word) AS (
      SELECT seq, CASE WHEN status < ${LATE} THEN ${ON_TIME} ELSE 0 END + rec * 8 + status FROM attempt a WHERE ${range}${from}
      UNION ALL
      SELECT seq, ${WAITS} FROM fresh WHERE ${range}
      UNION ALL
      SELECT seq, CASE WHEN trigger = ${SCHEDULED} AND attempts > 0 THEN ${RETRIES} ELSE ${WAITS} END FROM waiting WHERE ${range})
    SELECT CASE word WHEN ${RETRIES} THEN 'sending' WHEN ${WAITS} THEN 'pending' ELSE ${settledState('word % 8')} END AS state,
      count(*) AS count
    FROM (SELECT max(word) AS word FROM words GROUP BY seq) AS last GROUP BY 1`;
}
const ON_TIME = '(1::bigint << 59)';
const WAITS = '(1::bigint << 60)';
const RETRIES = '(1::bigint << 61)';

interface Usage {
  readonly organization: OrganizationId;
  readonly applications: readonly ApplicationId[] | null;
  readonly since: number;
  readonly before: number;
}

export async function countUsage(
  { db }: ReadContext,
  { organization, applications, since, before }: Usage,
): Promise<
  readonly { readonly applicationId: ApplicationId; readonly events: number; readonly attempts: number }[]
> {
  const values = new Values();
  const scopes = `SELECT no, application_id FROM scope WHERE organization_no = ${organizationNo(values, organization)}`;
  const asked =
    applications === null
      ? `(${scopes} AND application_id NOT IN ('', '${RECEIVED}')) AS asked`
      : `unnest(${values.texts(applications)}::text[]) AS wanted (application_id)
         LEFT JOIN (${scopes}) AS asked USING (application_id)`;
  const range = (alias: 'e' | 'a') => idsFrom(values, alias, since) + idsBefore(values, alias, before);
  return db.query(
    `SELECT application_id AS "applicationId",
       (SELECT count(*) FROM event e WHERE e.scope_no = asked.no${range('e')}) AS events,
       (SELECT coalesce(sum(of_lane.count), 0)::bigint FROM lane l CROSS JOIN LATERAL (
          SELECT count(*) AS count FROM attempt a
          WHERE a.lane_no = l.no${range('a')} AND a.status % ${LATE} <> ${CANCELED}) AS of_lane
        WHERE l.scope_no = asked.no) AS attempts
     FROM ${asked}`,
    values.list,
  );
}
