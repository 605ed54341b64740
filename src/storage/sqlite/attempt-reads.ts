/** Reads of attempts: of an event, of a destination, of everything in a scope. */
import type { Attempt } from '../../core/delivery/delivery.ts';
import type { Event } from '../../core/event/event.ts';
import type { AttemptId, EventId } from '../../core/ids.ts';
import type { AttemptFilter, Page } from '../../ports/history.ts';
import { type AttemptRow, attemptOf } from '../sql/attempt-row.ts';
import { LATE, statusCode } from '../sql/codes.ts';
import { type EventRow, eventOf } from '../sql/event-row.ts';
import { type InScope, pageOf, scopeValues } from './event-reads.ts';
import { type Condition, EVENT_COLUMNS, EVENT_JOINS, eventCondition, SCOPE_NO } from './event-sql.ts';
import { type ReadContext, rowLimit } from './read-context.ts';

const ATTEMPT_COLUMNS = `a.id AS attempt_id, l.destination_id, a.url, a.outcome, a.status_code, a.response,
  a.duration_ms, a.started_at, a.trigger, a.number, a.status, a.next_attempt_at`;

export interface ListedAttempt {
  readonly attempt: Attempt;
  readonly event: Event;
}

export function findAttempt(
  { db }: ReadContext,
  { scope, eventId, attemptId }: InScope & { eventId: EventId; attemptId: AttemptId },
): Attempt | null {
  const row = db.get<AttemptRow>(
    `SELECT ${ATTEMPT_COLUMNS} FROM event e CROSS JOIN attempt a ON a.seq = e.seq JOIN lane l ON l.no = a.lane_no
     WHERE e.scope_no = ${SCOPE_NO} AND e.id = ? AND a.id = ?`,
    ...scopeValues(scope),
    eventId,
    attemptId,
  );
  return row === undefined ? null : attemptOf(row, eventId);
}

type AttemptQuery = InScope & { readonly filter: AttemptFilter; readonly page: Page };

export function listAttempts(context: ReadContext, query: AttemptQuery): readonly ListedAttempt[] {
  if (query.filter.eventId !== undefined) return attemptsOfEvent(context, query);
  if (query.filter.destinationId !== undefined) return attemptsOfLane(context, query);
  return attemptsOfScope(context, query);
}

function attemptCondition(filter: AttemptFilter): Condition {
  const event = eventCondition(filter);
  let { sql } = event;
  const values = [...event.values];
  if (filter.status !== undefined) {
    sql += ` AND a.status % ${LATE} IN (SELECT value FROM json_each(?))`;
    values.push(JSON.stringify(filter.status.map(statusCode)));
  }
  if (filter.statusCodeClass !== undefined) {
    sql += ' AND a.status_code >= ? AND a.status_code < ?';
    values.push(filter.statusCodeClass, filter.statusCodeClass === 0 ? 100 : filter.statusCodeClass + 100);
  }
  return { sql, values };
}

function attemptsOfEvent(
  { db }: ReadContext,
  { scope, filter, page }: AttemptQuery,
): readonly ListedAttempt[] {
  const condition = attemptCondition(filter);
  const { sql, order, after } = pageOf(page, 'a.id');
  const rows = db.all<AttemptRow & EventRow>(
    `SELECT ${EVENT_COLUMNS}, ${ATTEMPT_COLUMNS}
     FROM event e CROSS JOIN attempt a ON a.seq = e.seq JOIN lane l ON l.no = a.lane_no ${EVENT_JOINS}
     WHERE e.scope_no = ${SCOPE_NO} AND e.id = ? AND ${sql} AND (? IS NULL OR l.destination_id = ?)${condition.sql}
     ORDER BY ${order} LIMIT ?`,
    ...scopeValues(scope),
    filter.eventId!,
    after,
    filter.destinationId ?? null,
    filter.destinationId ?? null,
    ...condition.values,
    rowLimit(page.limit),
  );
  return rows.map(listedOf);
}

function attemptsOfLane(
  { db }: ReadContext,
  { scope, filter, page }: AttemptQuery,
): readonly ListedAttempt[] {
  const condition = attemptCondition(filter);
  const { sql, order, after } = pageOf(page, 'a.id');
  const rows = db.all<AttemptRow & EventRow>(
    `SELECT ${EVENT_COLUMNS}, ${ATTEMPT_COLUMNS}
     FROM attempt a INDEXED BY attempt_by_lane CROSS JOIN lane l ON l.no = a.lane_no
     CROSS JOIN event e ON e.scope_no = l.scope_no AND e.seq = a.seq ${EVENT_JOINS}
     WHERE a.lane_no = (SELECT no FROM lane WHERE scope_no = ${SCOPE_NO} AND destination_id = ?)
       AND ${sql} AND in_time(a.seq)${condition.sql}
     ORDER BY ${order} LIMIT ?`,
    ...scopeValues(scope),
    filter.destinationId!,
    after,
    ...condition.values,
    rowLimit(page.limit),
  );
  return rows.map(listedOf);
}

/** The pages of the scope's destinations, merged: each can give no more than the whole page. */
function attemptsOfScope(
  context: ReadContext,
  { scope, filter, page }: AttemptQuery,
): readonly ListedAttempt[] {
  const lanes = context.db.all<{ destination_id: string }>(
    `SELECT destination_id FROM lane WHERE scope_no = ${SCOPE_NO}`,
    ...scopeValues(scope),
  );
  const sign = page.direction === 'ascending' ? 1 : -1;
  let merged: ListedAttempt[] = [];
  for (const lane of lanes) {
    const destinationId = lane.destination_id as NonNullable<AttemptFilter['destinationId']>;
    const more = attemptsOfLane(context, { scope, filter: { ...filter, destinationId }, page });
    merged = [...merged, ...more].sort((a, b) => (a.attempt.id < b.attempt.id ? -sign : sign));
    merged.length = Math.min(merged.length, rowLimit(page.limit));
  }
  return merged;
}

function listedOf(row: AttemptRow & EventRow): ListedAttempt {
  const event = eventOf(row);
  return { event, attempt: attemptOf(row, event.id) };
}
