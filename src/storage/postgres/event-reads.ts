/** Reads of events. Every one starts from the scope, which is found by organization and application together. */
import type { Event } from '../../core/event/event.ts';
import { type DestinationId, type EventId, type OrganizationId, RECEIVED } from '../../core/ids.ts';
import type { EventFilter, EventScope, Page, StoredEvent } from '../../ports/history.ts';
import { type EventRow, eventOf, type StoredRow, storedOf } from '../sql/event-row.ts';
import { dayOfId } from './day-of.ts';
import { waitUntilDecided } from './decided.ts';
import {
  contentColumn,
  EVENT_COLUMNS,
  EVENT_JOINS,
  eventCondition,
  ID_SLACK_MS,
  idsFrom,
  laneNo,
  organizationNo,
  pageOf,
  scopeNo,
  timeCondition,
} from './event-sql.ts';
import { type ReadContext, rowLimit, Values } from './read-context.ts';

/** Events of one scope accepted out of order, as far as `seqAt` looks. */
const OUT_OF_ORDER_MAX = 1000;

export interface InScope {
  readonly scope: EventScope;
}
export interface InLane extends InScope {
  readonly destinationId: DestinationId;
}

export function storedColumns(values: Values, withContent: boolean, now: number): string {
  return withContent ? `${EVENT_COLUMNS}, ${contentColumn(values, now)}` : EVENT_COLUMNS;
}

export async function findEvent(
  { db, now }: ReadContext,
  { scope, ref, withContent }: InScope & { ref: { id: EventId } | { eventId: string }; withContent: boolean },
): Promise<StoredEvent | null> {
  const id = 'id' in ref ? ref.id : await idOf({ db, now }, { scope, eventId: ref.eventId });
  if (id === null) return null;
  const values = new Values();
  const [row] = await db.query<StoredRow>(
    `SELECT ${storedColumns(values, withContent, now)} FROM event e ${EVENT_JOINS}
     WHERE e.scope_no = ${scopeNo(values, scope)} AND e.day = ${values.add(dayOfId(id))} AND e.id = ${values.add(id)}`,
    values.list,
  );
  return row === undefined ? null : storedOf(row, now);
}

/** By the publisher's own id: a look of its own, since only the id names a partition. */
async function idOf(
  { db }: ReadContext,
  { scope, eventId }: InScope & { eventId: string },
): Promise<EventId | null> {
  const values = new Values();
  const [row] = await db.query<{ id: EventId }>(
    `SELECT id FROM event_key WHERE scope_no = ${scopeNo(values, scope)} AND event_id = ${values.text(eventId)}`,
    values.list,
  );
  return row?.id ?? null;
}

export async function listEvents(
  { db, now }: ReadContext,
  { scope, filter, page, withContent }: InScope & { filter: EventFilter; page: Page; withContent: boolean },
): Promise<readonly StoredEvent[]> {
  const values = new Values();
  const { sql, order } = pageOf(values, page);
  const rows = await db.query<StoredRow>(
    `SELECT ${storedColumns(values, withContent, now)}
     FROM (SELECT * FROM event e WHERE e.scope_no = ${scopeNo(values, scope)}${sql}${eventCondition(values, scope, filter)}
       ORDER BY ${order} LIMIT ${values.add(rowLimit(page.limit))}) e ${EVENT_JOINS} ORDER BY ${order}`,
    values.list,
  );
  return rows.map((row) => storedOf(row, now));
}

interface Reading extends InScope {
  readonly filter: EventFilter;
  readonly afterSeq: number;
  readonly limit: number;
  readonly withContent: boolean;
}

/** Waits a little for what is visible and not decided yet; what is not decided then is left to the next read. */
export async function readEvents(context: ReadContext, query: Reading): Promise<readonly StoredEvent[]> {
  const rows = await readRows(context, query);
  const decided = rows.filter((row) => row.is_decided);
  if (decided.length < rows.length) {
    await waitUntilDecided(context, rows.at(-1)!.seq);
    const afterSeq = decided.at(-1)?.seq ?? query.afterSeq;
    const more = await readRows(context, {
      ...query,
      afterSeq,
      limit: rowLimit(query.limit) - decided.length,
    });
    decided.push(...more.filter((row) => row.is_decided));
  }
  return decided.map((row) => storedOf(row, context.now));
}

type ReadRow = StoredRow & { readonly is_decided: boolean };

async function readRows(
  { db, now }: ReadContext,
  { scope, filter, afterSeq, limit, withContent }: Reading,
): Promise<readonly ReadRow[]> {
  const values = new Values();
  return db.query<ReadRow>(
    `SELECT ${storedColumns(values, withContent, now)}, e.seq < (SELECT posthorn_decided_below()) AS is_decided
     FROM (SELECT * FROM event e WHERE e.scope_no = ${scopeNo(values, scope)} AND e.seq > ${values.add(afterSeq)}
         ${eventCondition(values, scope, filter)} ORDER BY e.seq LIMIT ${values.add(rowLimit(limit))}) e ${EVENT_JOINS}
     ORDER BY e.seq`,
    values.list,
  );
}

export async function lastSeq(context: ReadContext, { scope }: InScope): Promise<number> {
  const visible = await newestSeq(context, scope, { decidedOnly: false });
  if (visible.seq < visible.below) return visible.seq;
  await waitUntilDecided(context, visible.seq);
  return (await newestSeq(context, scope, { decidedOnly: true })).seq;
}

async function newestSeq(
  { db }: ReadContext,
  scope: EventScope,
  { decidedOnly }: { decidedOnly: boolean },
): Promise<{ readonly seq: number; readonly below: number }> {
  const values = new Values();
  const decided = decidedOnly ? 'AND seq < (SELECT posthorn_decided_below())' : '';
  const [row] = await db.query<{ seq: number; below: number }>(
    `SELECT coalesce(max(seq), 0) AS seq, (SELECT posthorn_decided_below()) AS below
     FROM event WHERE scope_no = ${scopeNo(values, scope)} ${decided}`,
    values.list,
  );
  return row!;
}

/** Acceptance goes with the clock, but for events that came at about the same time: among those the first counts. */
export function seqBefore(values: Values, scope: EventScope, at: number): string {
  return `coalesce(
    (SELECT min(seq) - 1 FROM (SELECT e.seq FROM event e
      WHERE e.scope_no = ${scopeNo(values, scope)} AND e.accepted_at >= ${values.add(at)}${idsFrom(values, 'e', at - ID_SLACK_MS)}
      ORDER BY e.day, e.id LIMIT ${OUT_OF_ORDER_MAX}) AS first),
    (SELECT max(seq) FROM event WHERE scope_no = ${scopeNo(values, scope)}), 0)`;
}

export async function seqAt(context: ReadContext, { scope, at }: InScope & { at: number }): Promise<number> {
  const look = async () => {
    const values = new Values();
    const [row] = await context.db.query<{ seq: number; below: number }>(
      `SELECT ${seqBefore(values, scope, at)} AS seq, (SELECT posthorn_decided_below()) AS below`,
      values.list,
    );
    return row!;
  };
  const first = await look();
  if (first.seq < first.below) return first.seq;
  await waitUntilDecided(context, first.seq);
  const { seq, below } = await look();
  return Math.min(seq, below - 1);
}

export async function listMissing(
  { db }: ReadContext,
  { scope, destinationId, filter, page }: InLane & { filter: EventFilter; page: Page },
): Promise<readonly Event[]> {
  const values = new Values();
  const { sql, order } = pageOf(values, page);
  // Scalar looks: the planner would make joins of EXISTS, and read the whole lane for them.
  const none = (table: string, more = '') =>
    `(SELECT 1 FROM ${table} WHERE lane_no = (SELECT no FROM lane_of) AND seq = e.seq${more} LIMIT 1) IS NULL`;
  const rows = await db.query<EventRow>(
    `WITH lane_of AS MATERIALIZED (SELECT ${laneNo(values, scope, destinationId)} AS no)
     SELECT ${EVENT_COLUMNS}
     FROM (SELECT * FROM event e WHERE e.scope_no = ${scopeNo(values, scope)}${sql}${eventCondition(values, scope, filter)}
         AND ${none('fresh')} AND ${none('waiting')} AND ${none('attempt', ' AND day >= e.day')}
       ORDER BY ${order} LIMIT ${values.add(rowLimit(page.limit))}) e ${EVENT_JOINS} ORDER BY ${order}`,
    values.list,
  );
  return rows.map(eventOf);
}

export async function usedEventTypes(
  { db }: ReadContext,
  { organization, ...range }: { organization: OrganizationId; since: number; before: number },
): Promise<readonly string[]> {
  const values = new Values();
  const rows = await db.query<{ name: string }>(
    `SELECT name FROM type WHERE no IN (SELECT DISTINCT e.type_no FROM scope s JOIN event e ON e.scope_no = s.no
       WHERE s.organization_no = ${organizationNo(values, organization)} AND s.application_id <> '${RECEIVED}'${timeCondition(values, range)}) ORDER BY name`,
    values.list,
  );
  return rows.map((row) => row.name);
}
