/** Pieces of SQL that every read of events shares. `e` is always the event. */
import type { SQLInputValue } from 'node:sqlite';
import { idAt } from '../../core/ids.ts';
import type { EventFilter } from '../../ports/history.ts';

/** Contents are kept by the hour in which they expire. */
export const HOUR_MS = 3_600_000;
/** Key of an event's content. */
export const CONTENT_NO = `(((e.content_expires_at / ${HOUR_MS}) << 40) | e.seq)`;

/** An id is made when its event arrives, so ids narrow a range of time; this much apart they may be. */
export const ID_SLACK_MS = 600_000;

export const EVENT_COLUMNS = `e.seq, e.id, s.application_id, t.name AS type, e.event_id, e.accepted_at,
  e.content_expires_at, e.expunged, e.more`;
export const EVENT_JOINS = 'JOIN scope s ON s.no = e.scope_no JOIN type t ON t.no = e.type_no';
/** The body of what is not yet expired; takes `now` as its parameter. */
export const CONTENT_COLUMN = `(SELECT body FROM content
  WHERE no = ${CONTENT_NO} AND e.expunged = 0 AND e.content_expires_at > ?) AS content`;

/** Scope by its organization and application: the tenant check is in every query. */
export const SCOPE_NO = `(SELECT s1.no FROM scope s1 JOIN organization o1 ON o1.no = s1.organization_no
  WHERE o1.id = ? AND s1.application_id = ?)`;
export const LANE_NO = `(SELECT l1.no FROM lane l1 JOIN organization o1 ON o1.no = l1.organization_no
  WHERE o1.id = ? AND l1.destination_id = ?)`;

export interface Condition {
  /** Starts with ` AND`, or is empty. */
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/** Members that need a look at each event; the clause ends with the deadline's check, so that a long scan can stop. */
export function eventCondition(filter: EventFilter): Condition {
  const clauses: string[] = [];
  const values: SQLInputValue[] = [];
  const add = (clause: string, ...more: SQLInputValue[]) => {
    clauses.push(clause);
    values.push(...more);
  };
  if (filter.since !== undefined) {
    add('e.accepted_at >= ? AND e.id >= ?', filter.since, idAt(filter.since - ID_SLACK_MS, 'first'));
  }
  if (filter.before !== undefined) {
    add('e.accepted_at < ? AND e.id <= ?', filter.before, idAt(filter.before + ID_SLACK_MS, 'last'));
  }
  if (filter.types !== undefined) {
    add('t.name IN (SELECT value FROM json_each(?))', JSON.stringify(filter.types));
  }
  if (filter.channel !== undefined) {
    add(`EXISTS (SELECT 1 FROM json_each(e.more, '$.channels') WHERE value = ?)`, filter.channel);
  }
  if (filter.tag !== undefined) {
    add(`EXISTS (SELECT 1 FROM json_each(e.more, '$.tags') WHERE value = ?)`, filter.tag);
  }
  if (clauses.length === 0) return { sql: '', values };
  return { sql: ` AND in_time(e.seq) AND ${clauses.join(' AND ')}`, values };
}

/** True when only times narrow the filter. */
export function isTimeOnly(filter: EventFilter): boolean {
  return filter.types === undefined && filter.channel === undefined && filter.tag === undefined;
}
