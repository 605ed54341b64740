/** Sending again what was published before: ranges of time in, a background task out. */
import Type, { type Static } from 'typebox';
import { invalid } from '../core/problem.ts';
import { MessageStatus, parseStatus, StatusCodeClass } from './delivery-status.ts';
import { FILTER_EVENT_TYPES_MAX } from './history-query.ts';
import { Nullable, parseInstant } from './shape.ts';
import { Channel, EventTypeName } from './uid.ts';

const RANGE = {
  since: Type.String({ format: 'date-time', description: 'RFC 3339.' }),
  until: Type.Optional(Nullable(Type.String({ format: 'date-time', description: 'Now unless said.' }))),
} as const;

export const RecoverIn = Type.Object(RANGE, { title: 'RecoverIn' });
export const ReplayIn = Type.Object(RANGE, { title: 'ReplayIn' });
export const BulkReplayIn = Type.Object(
  {
    ...RANGE,
    eventTypes: Type.Optional(Nullable(Type.Array(EventTypeName, { maxItems: FILTER_EVENT_TYPES_MAX }))),
    channel: Type.Optional(Nullable(Channel)),
    tag: Type.Optional(Nullable(Type.String({ minLength: 1, maxLength: 256 }))),
    status: Type.Optional(Nullable(MessageStatus)),
    statusCodeClass: Type.Optional(Nullable(StatusCodeClass)),
  },
  { title: 'BulkReplayIn' },
);

/** Ms since the epoch: `since` inclusive, `until` exclusive, null = now. */
export function parseRange(given: Static<typeof ReplayIn>): {
  readonly since: number;
  readonly until: number | null;
} {
  const until = given.until === undefined || given.until === null ? null : parseMember(given.until, 'until');
  return { since: parseMember(given.since, 'since'), until };
}

/** A range that is turned round or empty asks for nothing: a mistake. */
export function parseReplayRange(given: Static<typeof ReplayIn>, options: { readonly now: number }) {
  const { since, until } = parseRange(given);
  if (since >= (until ?? options.now)) {
    throw invalid(['body', 'since'], '"since" must be earlier than "until" (now unless said).');
  }
  return { since, until };
}

/** The filters of a bulk replay as its task reads them: null = any. */
export function parseReplayFilter(given: Static<typeof BulkReplayIn>) {
  const eventTypes = given.eventTypes ?? [];
  const status = given.status ?? null;
  return {
    eventTypes: eventTypes.length === 0 ? null : eventTypes,
    channel: given.channel ?? null,
    tag: given.tag ?? null,
    status: status === null ? null : (parseStatus(status, { expanded: true })[0] ?? null),
    statusCodeClass: given.statusCodeClass ?? null,
  };
}

function parseMember(text: string, name: string): number {
  const at = parseInstant(text);
  if (at === undefined) {
    throw invalid(['body', name], `Give "${name}" as an RFC 3339 instant such as 2026-01-31T12:00:00Z.`);
  }
  return at;
}
