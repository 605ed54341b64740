/** Reads of attempts: of an event, of a destination, of everything in a scope. */
import type { Attempt } from '../../core/delivery/delivery.ts';
import type { Event } from '../../core/event/event.ts';
import type { AttemptId, EventId } from '../../core/ids.ts';
import type { AttemptFilter, Page } from '../../ports/history.ts';
import { type AttemptRow, attemptOf } from '../sql/attempt-row.ts';
import { LATE, statusCode } from '../sql/codes.ts';
import { type EventRow, eventOf } from '../sql/event-row.ts';
import { dayOfId } from './day-of.ts';
import type { InScope } from './event-reads.ts';
import {
  EVENT_COLUMNS,
  EVENT_JOINS,
  eventCondition,
  ID_SLACK_MS,
  idsFrom,
  OWN_COLUMNS,
  pageOf,
  scopeNo,
} from './event-sql.ts';
import { type ReadContext, rowLimit, Values } from './read-context.ts';
import { int4s } from './sql-array.ts';

const ATTEMPT_COLUMNS = `a.id AS attempt_id, a.url, a.outcome, a.status_code, a.response, a.duration_ms, a.started_at,
  a.trigger, a.number, a.status, a.next_attempt_at`;

export interface ListedAttempt {
  readonly attempt: Attempt;
  readonly event: Event;
}

export async function findAttempt(
  { db }: ReadContext,
  { scope, eventId, attemptId }: InScope & { eventId: EventId; attemptId: AttemptId },
): Promise<Attempt | null> {
  const values = new Values();
  const [row] = await db.query<AttemptRow>(
    `SELECT ${ATTEMPT_COLUMNS}, l.destination_id FROM attempt a JOIN lane l ON l.no = a.lane_no
     WHERE a.day = ${values.add(dayOfId(attemptId))} AND a.id = ${values.add(attemptId)}
       AND a.seq = (SELECT e.seq FROM event e WHERE e.scope_no = ${scopeNo(values, scope)}
         AND e.day = ${values.add(dayOfId(eventId))} AND e.id = ${values.add(eventId)})`,
    values.list,
  );
  return row === undefined ? null : attemptOf(row, eventId);
}

type AttemptQuery = InScope & { readonly filter: AttemptFilter; readonly page: Page };

export async function listAttempts(
  { db }: ReadContext,
  query: AttemptQuery,
): Promise<readonly ListedAttempt[]> {
  const values = new Values();
  const text = query.filter.eventId === undefined ? ofLanes(values, query) : ofEvent(values, query);
  const rows = await db.query<AttemptRow & EventRow>(text, values.list);
  return rows.map((row) => {
    const event = eventOf(row);
    return { event, attempt: attemptOf(row, event.id) };
  });
}

function attemptCondition(values: Values, filter: AttemptFilter): string {
  let sql = '';
  if (filter.status !== undefined) {
    sql += ` AND a.status % ${LATE} = ANY (${values.add(int4s(filter.status.map(statusCode)))})`;
  }
  if (filter.statusCodeClass !== undefined) {
    const next = filter.statusCodeClass === 0 ? 100 : filter.statusCodeClass + 100;
    sql += ` AND a.status_code >= ${values.add(filter.statusCodeClass)} AND a.status_code < ${values.add(next)}`;
  }
  return sql;
}

/** Attempts lie on the event's day or later. */
function ofEvent(values: Values, { scope, filter, page }: AttemptQuery): string {
  const day = values.add(dayOfId(filter.eventId!));
  const { sql, order } = pageOf(values, page, 'a');
  const destination =
    filter.destinationId === undefined ? '' : ` AND l.destination_id = ${values.add(filter.destinationId)}`;
  return `SELECT ${EVENT_COLUMNS}, ${ATTEMPT_COLUMNS}, l.destination_id
    FROM event e CROSS JOIN LATERAL (SELECT * FROM attempt WHERE seq = e.seq AND day >= ${day} OFFSET 0) a
    JOIN lane l ON l.no = a.lane_no ${EVENT_JOINS}
    WHERE e.scope_no = ${scopeNo(values, scope)} AND e.day = ${day} AND e.id = ${values.add(filter.eventId)}${sql}${destination}
      ${eventCondition(values, scope, filter)}${attemptCondition(values, filter)}
    ORDER BY ${order} LIMIT ${values.add(rowLimit(page.limit))}`;
}

/** Of one destination, or of all of the scope: each of them gives no more than the whole page. */
function ofLanes(values: Values, { scope, filter, page }: AttemptQuery): string {
  const { sql, order, by } = pageOf(values, page, 'a');
  const limit = values.add(rowLimit(page.limit));
  const since = filter.since === undefined ? '' : idsFrom(values, 'a', filter.since - ID_SLACK_MS);
  const destination =
    filter.destinationId === undefined ? '' : ` AND l.destination_id = ${values.add(filter.destinationId)}`;
  return `SELECT e.*, s.application_id, t.name AS type, l.destination_id
    FROM lane l CROSS JOIN LATERAL (
      SELECT ${OWN_COLUMNS}, e.scope_no, e.type_no, a.day, ${ATTEMPT_COLUMNS}
      FROM attempt a CROSS JOIN LATERAL (
        SELECT * FROM event WHERE scope_no = l.scope_no AND seq = a.seq AND day = a.event_day OFFSET 0) e
      WHERE a.lane_no = l.no${sql}${since}${eventCondition(values, scope, filter)}${attemptCondition(values, filter)} ORDER BY ${order} LIMIT ${limit}) e
    ${EVENT_JOINS}
    WHERE l.scope_no = ${scopeNo(values, scope)}${destination} ORDER BY e.day ${by}, e.attempt_id ${by} LIMIT ${limit}`;
}
