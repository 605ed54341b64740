/** Reads of events. Every one starts from the scope, which is found by organization and application together. */
import type { SQLInputValue } from 'node:sqlite';
import type { Event } from '../../core/event/event.ts';
import {
  type ApplicationId,
  type DestinationId,
  type EventId,
  type OrganizationId,
  RECEIVED,
} from '../../core/ids.ts';
import type { EventFilter, EventScope, Page, StoredEvent } from '../../ports/history.ts';
import { type EventRow, eventOf, type StoredRow, storedOf } from '../sql/event-row.ts';
import {
  CONTENT_COLUMN,
  EVENT_COLUMNS,
  EVENT_JOINS,
  eventCondition,
  LANE_NO,
  SCOPE_NO,
} from './event-sql.ts';
import { type ReadContext, rowLimit } from './read-context.ts';

/** Sorts after every id. */
const LAST_ID = '~';

export interface InScope {
  readonly scope: EventScope;
}
export interface InLane extends InScope {
  readonly destinationId: DestinationId;
}

/** Columns and the parameters they take. */
export function storedColumns(withContent: boolean, now: number): { sql: string; values: SQLInputValue[] } {
  return withContent
    ? { sql: `${EVENT_COLUMNS}, ${CONTENT_COLUMN}`, values: [now] }
    : { sql: EVENT_COLUMNS, values: [] };
}

/** `e.id` after the page's cursor, and the order. */
export function pageOf(page: Page, column = 'e.id'): { sql: string; order: string; after: string } {
  const isUp = page.direction === 'ascending';
  return {
    sql: `${column} ${isUp ? '>' : '<'} ?`,
    order: `${column} ${isUp ? 'ASC' : 'DESC'}`,
    after: page.after ?? (isUp ? '' : LAST_ID),
  };
}

export function scopeValues(scope: EventScope): [string, string] {
  return [scope.organization, scope.applicationId ?? ''];
}

export function findEvent(
  { db, now }: ReadContext,
  { scope, ref, withContent }: InScope & { ref: { id: EventId } | { eventId: string }; withContent: boolean },
): StoredEvent | null {
  const columns = storedColumns(withContent, now);
  const row = db.get<StoredRow>(
    `SELECT ${columns.sql} FROM event e INDEXED BY ${'id' in ref ? 'event_by_id' : 'event_by_event_id'} ${EVENT_JOINS}
     WHERE e.scope_no = ${SCOPE_NO} AND ${'id' in ref ? 'e.id' : 'e.event_id'} = ?`,
    ...columns.values,
    ...scopeValues(scope),
    'id' in ref ? ref.id : ref.eventId,
  );
  return row === undefined ? null : storedOf(row, now);
}

export function listEvents(
  { db, now }: ReadContext,
  { scope, filter, page, withContent }: InScope & { filter: EventFilter; page: Page; withContent: boolean },
): readonly StoredEvent[] {
  const columns = storedColumns(withContent, now);
  const condition = eventCondition(filter);
  const { sql, order, after } = pageOf(page);
  const rows = db.all<StoredRow>(
    `SELECT ${columns.sql} FROM event e INDEXED BY event_by_id ${EVENT_JOINS}
     WHERE e.scope_no = ${SCOPE_NO} AND ${sql}${condition.sql} ORDER BY ${order} LIMIT ?`,
    ...columns.values,
    ...scopeValues(scope),
    after,
    ...condition.values,
    rowLimit(page.limit),
  );
  return rows.map((row) => storedOf(row, now));
}

export function readEvents(
  { db, now }: ReadContext,
  query: InScope & { filter: EventFilter; afterSeq: number; limit: number; withContent: boolean },
): readonly StoredEvent[] {
  const columns = storedColumns(query.withContent, now);
  const condition = eventCondition(query.filter);
  const rows = db.all<StoredRow>(
    `SELECT ${columns.sql} FROM event e ${EVENT_JOINS}
     WHERE e.scope_no = ${SCOPE_NO} AND e.seq > ?${condition.sql} ORDER BY e.scope_no, e.seq LIMIT ?`,
    ...columns.values,
    ...scopeValues(query.scope),
    query.afterSeq,
    ...condition.values,
    rowLimit(query.limit),
  );
  return rows.map((row) => storedOf(row, now));
}

export function lastSeq({ db }: ReadContext, { scope }: InScope): number {
  const row = db.get<{ seq: number | null }>(
    `SELECT max(seq) AS seq FROM event WHERE scope_no = ${SCOPE_NO}`,
    ...scopeValues(scope),
  );
  return row?.seq ?? 0;
}

/**
 * Binary search: acceptance goes with the clock. Within one scope `accepted_at` follows `seq` but for requests that
 * came in the same instant.
 */
export function seqAt({ db }: ReadContext, { scope, at }: InScope & { at: number }): number {
  const bounds = db.get<{ no: number | null; first: number | null; last: number | null }>(
    `SELECT s.no, (SELECT min(seq) FROM event WHERE scope_no = s.no) AS first,
       (SELECT max(seq) FROM event WHERE scope_no = s.no) AS last
     FROM scope s WHERE s.no = ${SCOPE_NO}`,
    ...scopeValues(scope),
  );
  if (bounds?.first == null || bounds.last === null) return 0;
  let low = bounds.first;
  let high = bounds.last + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = db.get<{ seq: number; accepted_at: number }>(
      'SELECT seq, accepted_at FROM event WHERE scope_no = ? AND seq >= ? ORDER BY seq LIMIT 1',
      bounds.no,
      middle,
    );
    if (row === undefined || row.accepted_at >= at) high = middle;
    else low = row.seq + 1;
  }
  return low - 1;
}

export function listMissing(
  { db }: ReadContext,
  { scope, destinationId, filter, page }: InLane & { filter: EventFilter; page: Page },
): readonly Event[] {
  const lane = db.get<{ no: number | null }>(`SELECT ${LANE_NO} AS no`, scope.organization, destinationId);
  const laneNo = lane?.no ?? -1;
  const condition = eventCondition(filter);
  const { sql, order, after } = pageOf(page);
  const rows = db.all<EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM event e INDEXED BY event_by_id ${EVENT_JOINS}
     WHERE e.scope_no = ${SCOPE_NO} AND ${sql}${condition.sql} AND in_time(e.seq)
       AND NOT EXISTS (SELECT 1 FROM attempt WHERE seq = e.seq AND lane_no = ?)
       AND NOT EXISTS (SELECT 1 FROM fresh WHERE lane_no = ? AND seq = e.seq)
       AND NOT EXISTS (SELECT 1 FROM waiting WHERE lane_no = ? AND seq = e.seq)
     ORDER BY ${order} LIMIT ?`,
    ...scopeValues(scope),
    after,
    ...condition.values,
    laneNo,
    laneNo,
    laneNo,
    rowLimit(page.limit),
  );
  return rows.map(eventOf);
}

export function usedEventTypes(
  context: ReadContext,
  { organization, since, before }: { organization: OrganizationId; since: number; before: number },
): readonly string[] {
  const { db, deadline } = context;
  const names = new Map(
    db
      .all<{ no: number; name: string }>(
        'SELECT no, name FROM type WHERE organization_no = (SELECT no FROM organization WHERE id = ?)',
        organization,
      )
      .map((row) => [row.no, row.name]),
  );
  const used = new Set<number>();
  for (const scope of scopesOf(context, organization)) {
    const first = seqAt(context, { scope, at: since });
    const rows = db.iterate<{ type_no: number; accepted_at: number }>(
      `SELECT type_no, accepted_at FROM event WHERE scope_no = ${SCOPE_NO} AND seq > ? ORDER BY seq`,
      ...scopeValues(scope),
      first,
    );
    for (const row of rows) {
      deadline.check();
      if (row.accepted_at >= before || used.size === names.size) break;
      used.add(row.type_no);
    }
  }
  return [...used].map((no) => names.get(no)!).sort();
}

/** Every scope of an organization that ever had a published event. */
export function scopesOf({ db }: ReadContext, organization: OrganizationId): readonly EventScope[] {
  const rows = db.all<{ application_id: string }>(
    'SELECT application_id FROM scope WHERE organization_no = (SELECT no FROM organization WHERE id = ?) AND application_id <> ?',
    organization,
    RECEIVED,
  );
  return rows.map((row) => ({
    organization,
    applicationId: (row.application_id || null) as ApplicationId | null,
  }));
}
