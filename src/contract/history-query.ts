/** Filters of the lists of messages and attempts, and the span of time they cover when none is given. */
import Type, { type Static } from 'typebox';
import { type Id, idTime, type PrefixName, parseId } from '../core/ids.ts';
import { invalid } from '../core/problem.ts';
import { PAGE_QUERY, type PageRequest, parsePage } from './page.ts';
import { parseInstant } from './shape.ts';
import { Channel, EventTypeName } from './uid.ts';

const HISTORY_DAYS_DEFAULT = 90;
export const FILTER_EVENT_TYPES_MAX = 100;
const DAY_MS = 86_400_000;
/** Clocks differ: an instant a little ahead of ours is taken, one far ahead is a mistake. */
const AHEAD_MAX_MS = 3_600_000;

const InstantText = Type.String({ format: 'date-time', description: 'RFC 3339.' });

const TIME_QUERY = {
  before: Type.Optional(InstantText),
  after: Type.Optional(InstantText),
} as const;

/** Spread into the query shapes of message and attempt lists. */
export const HISTORY_QUERY = {
  ...PAGE_QUERY,
  ...TIME_QUERY,
  channel: Type.Optional(Channel),
  tag: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
  event_types: Type.Optional(Type.Array(EventTypeName, { maxItems: FILTER_EVENT_TYPES_MAX })),
  with_content: Type.Optional(Type.Boolean({ description: 'False leaves contents out; true unless said.' })),
} as const;

const HistoryQuery = Type.Object(HISTORY_QUERY);
export type HistoryQueryValues = Static<typeof HistoryQuery>;

export interface HistoryFilter {
  readonly types?: readonly string[];
  readonly channel?: string;
  readonly tag?: string;
  readonly since?: number;
  readonly before?: number;
}

/** A list that is read newest first, and the filter that goes with it. */
export function parseHistoryQuery(
  query: HistoryQueryValues,
  options: { readonly now: number; readonly prefix: PrefixName },
): { readonly page: PageRequest; readonly filter: HistoryFilter } {
  const parse = (text: string): Id<never> | undefined => parseId(text, options.prefix);
  const page = parsePage(query, { parse, defaultOrder: 'descending' });
  const before = parseTime(query.before, 'before', options.now);
  const after = parseTime(query.after, 'after', options.now);
  const span = { before, after };
  return {
    page,
    filter: {
      ...(query.event_types === undefined || query.event_types.length === 0
        ? {}
        : { types: query.event_types }),
      ...(query.channel === undefined ? {} : { channel: query.channel }),
      ...(query.tag === undefined ? {} : { tag: query.tag }),
      ...spanOf(span, page, options.now),
    },
  };
}

/** An instant of the query; `now` refuses what lies more than an hour ahead. */
export function parseTime(text: string | undefined, name: string, now: number): number | undefined {
  if (text === undefined) return undefined;
  const at = parseInstant(text);
  if (at === undefined) {
    throw invalid(['query', name], `Give "${name}" as an RFC 3339 instant such as 2026-01-31T12:00:00Z.`);
  }
  if (at > now + AHEAD_MAX_MS) {
    throw invalid(
      ['query', name],
      `"${name}" lies more than an hour in the future: give an earlier instant.`,
    );
  }
  return at;
}

/** 90 days back from `before`, the iterator or now; reading backwards from an iterator, 90 days ahead of it. */
function spanOf(
  given: { readonly before: number | undefined; readonly after: number | undefined },
  page: PageRequest,
  now: number,
): { readonly since?: number; readonly before?: number } {
  const { before, after } = given;
  const spanMs = HISTORY_DAYS_DEFAULT * DAY_MS;
  const upTo = before === undefined ? {} : { before };
  if (after !== undefined) return { since: after, ...upTo };
  const iteratorAt = page.after === null ? undefined : idTime(page.after);
  if (iteratorAt !== undefined && page.backwards) return { before: before ?? iteratorAt + spanMs };
  return { since: (before ?? iteratorAt ?? now) - spanMs, ...upTo };
}
