/**
 * Pieces of SQL that reads of history share. `e` is always the event. History is clustered by owner, day and id, and a
 * day follows from an id: so a page in order of id is one range, read partition after partition until it is full.
 */
import { idAt } from '../../core/ids.ts';
import type { EventFilter, EventScope, Page } from '../../ports/history.ts';
import { dayOfId } from './day-of.ts';
import type { Values } from './read-context.ts';

/** An id is made when its event arrives, so ids narrow a range of time; this much apart they may be. */
export const ID_SLACK_MS = 600_000;

export const OWN_COLUMNS = 'e.seq, e.id, e.event_id, e.accepted_at, e.content_expires_at, e.expunged, e.more';
export const EVENT_COLUMNS = `${OWN_COLUMNS}, s.application_id, t.name AS type`;
export const EVENT_JOINS = 'JOIN scope s ON s.no = e.scope_no JOIN type t ON t.no = e.type_no';

/** The body of what is neither expired nor expunged. */
export function contentColumn(values: Values, now: number): string {
  return `(SELECT c.body FROM content c WHERE c.day = (e.content_expires_at / 86400000)::integer AND c.seq = e.seq
    AND NOT e.expunged AND e.content_expires_at > ${values.add(now)}) AS content`;
}

export function organizationNo(values: Values, organization: string): string {
  return `(SELECT no FROM organization WHERE id = ${values.text(organization)})`;
}

/** Scope by its organization and application: the tenant check is in every query. */
export function scopeNo(values: Values, scope: EventScope): string {
  return `(SELECT no FROM scope WHERE organization_no = ${organizationNo(values, scope.organization)}
    AND application_id = ${values.add(scope.applicationId ?? '')})`;
}

/** A destination's lane, if events of the scope went to it. */
export function laneNo(values: Values, scope: EventScope, destinationId: string): string {
  return `(SELECT no FROM lane WHERE organization_no = ${organizationNo(values, scope.organization)}
    AND destination_id = ${values.add(destinationId)} AND scope_no = ${scopeNo(values, scope)})`;
}

/** What sorts before or after every id. */
const FIRST: Place = { day: -1, id: '' };
const LAST: Place = { day: 2 ** 31 - 1, id: '~' };

interface Place {
  readonly day: number;
  readonly id: string;
}

/** What comes after the page's cursor, and its order, by `day` and `id` of an alias. */
export function pageOf(
  values: Values,
  page: Page,
  alias: 'e' | 'a' = 'e',
): { /** Starts with ` AND`. */ readonly sql: string; readonly order: string; readonly by: 'ASC' | 'DESC' } {
  const isUp = page.direction === 'ascending';
  const by = isUp ? 'ASC' : 'DESC';
  const after = page.after === null ? (isUp ? FIRST : LAST) : placeOf(page.after);
  return {
    sql: boundary(values, alias, isUp ? '>' : '<', after),
    order: `${alias}.day ${by}, ${alias}.id ${by}`,
    by,
  };
}

/** Ids from an instant on, or up to it. */
export function idsFrom(values: Values, alias: 'e' | 'a', at: number): string {
  return boundary(values, alias, '>=', placeOf(idAt(at, 'first')));
}
export function idsBefore(values: Values, alias: 'e' | 'a', at: number): string {
  return boundary(values, alias, '<', placeOf(idAt(at, 'first')));
}

function placeOf(id: string): Place {
  return { day: dayOfId(id), id };
}

/** Said twice: the pair is where a range of the index begins or ends, the day alone chooses the partitions. */
function boundary(values: Values, alias: string, side: '<' | '>' | '>=', place: Place): string {
  const day = values.add(place.day);
  const id = values.add(place.id);
  return ` AND (${alias}.day, ${alias}.id) ${side} (${day}, ${id}) AND ${alias}.day ${side[0]}= ${day}`;
}

/** A list of names in `more`, which also holds texts that the server's JSON functions refuse (U+0000). */
const namesIn = (member: 'channels' | 'tags') =>
  `substring(e.more FROM '"${member}":(\\[(?:"(?:[^"\\\\]|\\\\.)*",?)*\\])')::jsonb`;

/** Empty, or starts with ` AND`; joins nothing, so that a scan in order stays one. */
export function eventCondition(values: Values, scope: EventScope, filter: EventFilter): string {
  let sql = timeCondition(values, filter);
  if (filter.types !== undefined) {
    sql += ` AND e.type_no = ANY (ARRAY(SELECT no FROM type
      WHERE organization_no = ${organizationNo(values, scope.organization)} AND name = ANY (${values.texts(filter.types)})))`;
  }
  if (filter.channel !== undefined) sql += ` AND ${namesIn('channels')} ? ${values.text(filter.channel)}`;
  if (filter.tag !== undefined) sql += ` AND ${namesIn('tags')} ? ${values.text(filter.tag)}`;
  return sql;
}

/** Empty, or starts with ` AND`. */
export function timeCondition(values: Values, { since, before }: EventFilter): string {
  let sql = '';
  if (since !== undefined) {
    sql += ` AND e.accepted_at >= ${values.add(since)}${idsFrom(values, 'e', since - ID_SLACK_MS)}`;
  }
  if (before !== undefined) {
    sql += ` AND e.accepted_at < ${values.add(before)}${idsBefore(values, 'e', before + ID_SLACK_MS)}`;
  }
  return sql;
}

/** True when only times narrow the filter. */
export function isTimeOnly(filter: EventFilter): boolean {
  return filter.types === undefined && filter.channel === undefined && filter.tag === undefined;
}
