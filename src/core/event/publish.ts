/**
 * A publish request read from the raw bytes of its body. The payload stays where it is: what is returned says which
 * bytes it has. All wrong fields are told at once.
 */
import { parseSchedule } from '../delivery/backoff.ts';
import { PREFIXES } from '../ids.ts';
import { invalid, Problem } from '../problem.ts';
import {
  channelFault,
  contentTypeFault,
  eventTypeFault,
  HEADERS_MAX,
  headerNameFault,
  headerValueFault,
  MESSAGE_CHANNELS_MAX,
  MESSAGE_TAGS_MAX,
  methodFault,
  orderingKeyFault,
  RETENTION_DAYS_MAX,
  RETENTION_DAYS_MIN,
  tagFault,
  uidFault,
} from './limits.ts';
import { MemberReader } from './member-reader.ts';
import { type Member, scanObject } from './scan.ts';

export interface Publish {
  readonly eventType: string;
  readonly eventId: string | null;
  readonly channels: readonly string[] | null;
  readonly tags: readonly string[] | null;
  /** The payload's bytes in the body: a JSON object. */
  readonly payload: { readonly start: number; readonly end: number };
  /** Of hours when those were asked for, so not always whole; undefined = as configured. */
  readonly payloadRetentionDays: number | undefined;
  /** Ms since the epoch; 0 = at once. How far ahead it may be is for `deliverAtFault`, which knows the time. */
  readonly deliverAt: number;
  /** An application to be made alongside, as parsed JSON. */
  readonly application: unknown;
  /** Sent instead of the payload's bytes, as UTF-8. */
  readonly rawPayload: string | undefined;
  /** Content-Type is not among them. */
  readonly headers: readonly (readonly [string, string])[] | undefined;
  readonly method: string | undefined;
  readonly contentType: string | undefined;
  readonly orderingKey: string | undefined;
  /** In ms. */
  readonly retrySchedule: readonly number[] | undefined;
}

const DAY_HOURS = 24;
export const DELIVER_AT_AHEAD_MS_MAX = 24 * 60 * 60 * 1000;
/** RFC 3339; an instant needs its zone. */
const INSTANT = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/** Reads and checks the body of a publish request, which the caller has found to be UTF-8. Throws Problem `validation`. */
export function parsePublish(bytes: Uint8Array): Publish {
  const scanned = scanObject(bytes);
  if (!scanned.ok) throw invalid(['body'], scanned.msg, 'value_error.jsondecode');
  const reader = new MemberReader(bytes, scanned.members);
  const raw = readTransformationsParams(reader);
  const publish: Publish = {
    eventType: reader.text('eventType', eventTypeFault) ?? reader.missing('eventType', ''),
    eventId: reader.text('eventId', (text) => uidFault(text, PREFIXES.message)) ?? null,
    channels: reader.names('channels', { max: MESSAGE_CHANNELS_MAX, fault: channelFault }),
    tags: reader.names('tags', { max: MESSAGE_TAGS_MAX, fault: tagFault }),
    payload: readPayload(reader),
    payloadRetentionDays: readRetention(reader),
    deliverAt: readDeliverAt(reader),
    application: readApplication(reader),
    rawPayload: raw?.payload,
    headers: raw?.headers,
    method: reader.text('method', methodFault),
    contentType: reader.text('contentType', contentTypeFault) ?? raw?.contentType,
    orderingKey: reader.text('orderingKey', orderingKeyFault),
    retrySchedule: readSchedule(reader),
  };
  reader.finish();
  return publish;
}

/** Says what is wrong with the instant of a delayed delivery, or null. One that has passed means at once. */
export function deliverAtFault(deliverAt: number, now: number): string | null {
  return deliverAt - now > DELIVER_AT_AHEAD_MS_MAX ? 'Give a time within the next 24 hours.' : null;
}

function readPayload(reader: MemberReader): Member | { start: number; end: number } {
  const payload = reader.member('payload');
  const data = reader.member('data');
  // `data` is another name of the same member, and of a member that comes twice the last counts.
  const last = payload === undefined || (data !== undefined && data.start > payload.start) ? data : payload;
  if (last === undefined) return reader.missing('payload', { start: 0, end: 0 });
  if (last.kind !== 'object') reader.fail(['payload'], 'Give the payload as a JSON object.');
  return { start: last.start, end: last.end };
}

function readRetention(reader: MemberReader): number | undefined {
  const days = reader.integer('payloadRetentionPeriod', { min: RETENTION_DAYS_MIN, max: RETENTION_DAYS_MAX });
  const hours = reader.integer('payloadRetentionHours', { min: 1, max: RETENTION_DAYS_MAX * DAY_HOURS });
  if (days !== undefined && hours !== undefined) {
    reader.fail(['payloadRetentionHours'], 'Give either payloadRetentionPeriod or payloadRetentionHours.');
  }
  return days ?? (hours === undefined ? undefined : hours / DAY_HOURS);
}

function readDeliverAt(reader: MemberReader): number {
  const text = reader.text('deliverAt', (given) =>
    INSTANT.test(given) && !Number.isNaN(Date.parse(given))
      ? null
      : 'Give a date and time such as 2026-01-31T12:00:00Z.',
  );
  return text === undefined ? 0 : Date.parse(text);
}

function readApplication(reader: MemberReader): unknown {
  const member = reader.member('application');
  if (member === undefined) return undefined;
  if (member.kind !== 'object') reader.fail(['application'], 'Give the application as a JSON object.');
  return reader.value(member);
}

function readSchedule(reader: MemberReader): readonly number[] | undefined {
  const member = reader.member('retrySchedule');
  if (member === undefined) return undefined;
  try {
    return parseSchedule(reader.value(member), ['body', 'retrySchedule']);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    reader.errors.push(...error.errors);
    return undefined;
  }
}

interface RawParams {
  readonly payload: string | undefined;
  readonly headers: readonly (readonly [string, string])[] | undefined;
  readonly contentType: string | undefined;
}

/** How published client libraries send a body that is not JSON. What else is in there is for transformations. */
function readTransformationsParams(reader: MemberReader): RawParams | undefined {
  const member = reader.member('transformationsParams');
  if (member?.kind !== 'object') return undefined;
  const params = reader.value(member) as { rawPayload?: unknown; headers?: unknown };
  const payload = params.rawPayload ?? undefined;
  if (payload !== undefined && typeof payload !== 'string') {
    reader.fail(['transformationsParams', 'rawPayload'], 'Give the raw payload as a string.');
    return undefined;
  }
  return { payload, ...readHeaders(reader, params.headers ?? undefined) };
}

function readHeaders(reader: MemberReader, given: unknown): Pick<RawParams, 'headers' | 'contentType'> {
  const loc = ['transformationsParams', 'headers'];
  if (given === undefined) return { headers: undefined, contentType: undefined };
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    reader.fail(loc, 'Give the headers as an object of strings.');
    return { headers: undefined, contentType: undefined };
  }
  const entries = Object.entries(given);
  if (entries.length > HEADERS_MAX) reader.fail(loc, `Give at most ${HEADERS_MAX} headers.`);
  let contentType: string | undefined;
  const headers: (readonly [string, string])[] = [];
  for (const [name, value] of entries.slice(0, HEADERS_MAX)) {
    const isContentType = name.toLowerCase() === 'content-type';
    const fault = headerFault(name, value, isContentType);
    if (fault !== null) reader.fail([...loc, name], fault);
    else if (isContentType) contentType = value as string;
    else headers.push([name, value as string]);
  }
  return { headers: headers.length === 0 ? undefined : headers, contentType };
}

function headerFault(name: string, value: unknown, isContentType: boolean): string | null {
  if (typeof value !== 'string') return 'Give the value as a string.';
  return isContentType ? contentTypeFault(value) : (headerNameFault(name) ?? headerValueFault(value));
}
