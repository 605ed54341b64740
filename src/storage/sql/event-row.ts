/** Event to stored columns and back. What is seldom set is packed in one JSON column, NULL when all is as usual. */
import type { ContentState, Event } from '../../core/event/event.ts';
import type { ApplicationId, EventId } from '../../core/ids.ts';
import type { Received } from '../../core/received/received.ts';
import type { StoredEvent } from '../../ports/history.ts';
import type { Acceptance } from '../../ports/intake.ts';
import type { AcceptOp } from './write-op.ts';

const USUAL_METHOD = 'POST';
const USUAL_CONTENT_TYPE = 'application/json';

interface More {
  channels?: readonly string[];
  tags?: readonly string[];
  method?: string;
  contentType?: string;
  headers?: Event['headers'];
  orderingKey?: string;
  retryScheduleMs?: readonly number[];
  deliverAt?: number;
  received?: PackedReceived;
}

/** Members that are as in USUAL_RECEIVED are left out. */
type PackedReceived = Pick<Received, 'sourceId' | 'via' | 'headers'> &
  Partial<typeof USUAL_RECEIVED> & {
    /** A text of JSON: names inside must not look like those of `More`, which postgres/event-sql.ts finds in the text. */
    readonly meta?: string;
  };

const USUAL_RECEIVED: Omit<Received, 'sourceId' | 'via' | 'headers' | 'meta'> = {
  sub: '',
  query: '',
  sealed: null,
  peer: null,
  proof: null,
  dedupeKey: null,
  isTest: false,
  readAs: null,
};

export function acceptOp(acceptance: Acceptance): AcceptOp {
  const { event, idempotency } = acceptance;
  return {
    kind: 'accept',
    organization: acceptance.organization,
    applicationId: event.applicationId ?? '',
    id: event.id,
    type: event.type,
    eventId: event.eventId,
    more: packMore(event),
    acceptedAt: event.acceptedAt,
    contentExpiresAt: event.contentExpiresAt,
    deliverAt: event.deliverAt,
    destinations: acceptance.destinations,
    content: acceptance.content,
    idempotency,
    catalogVersion: acceptance.catalogVersion,
    outboxNo: acceptance.outboxNo,
  };
}

function packMore(event: Event): string | null {
  if (
    event.channels === null &&
    event.tags === null &&
    event.method === USUAL_METHOD &&
    event.contentType === USUAL_CONTENT_TYPE &&
    event.headers === null &&
    event.orderingKey === null &&
    event.retryScheduleMs === null &&
    event.deliverAt === 0 &&
    event.received === null
  ) {
    return null;
  }
  const more: More = {};
  if (event.channels !== null) more.channels = event.channels;
  if (event.tags !== null) more.tags = event.tags;
  if (event.method !== USUAL_METHOD) more.method = event.method;
  if (event.contentType !== USUAL_CONTENT_TYPE) more.contentType = event.contentType;
  if (event.headers !== null) more.headers = event.headers;
  if (event.orderingKey !== null) more.orderingKey = event.orderingKey;
  if (event.retryScheduleMs !== null) more.retryScheduleMs = event.retryScheduleMs;
  if (event.deliverAt !== 0) more.deliverAt = event.deliverAt;
  if (event.received !== null) more.received = packReceived(event.received);
  return JSON.stringify(more);
}

/** Member by member: on the way of every received event, and spreading conditions cost half as much again. */
function packReceived(received: Received): PackedReceived {
  const { sourceId, via, headers, sub, query, sealed, peer, proof, dedupeKey, readAs, isTest, meta } =
    received;
  const packed: { -readonly [Member in keyof PackedReceived]: PackedReceived[Member] } = {
    sourceId,
    via,
    headers,
  };
  if (sub !== '') packed.sub = sub;
  if (query !== '') packed.query = query;
  if (sealed !== null) packed.sealed = sealed;
  if (peer !== null) packed.peer = peer;
  if (proof !== null) packed.proof = proof;
  if (dedupeKey !== null) packed.dedupeKey = dedupeKey;
  if (readAs !== null) packed.readAs = readAs;
  if (isTest) packed.isTest = isTest;
  if (meta !== null) packed.meta = JSON.stringify(meta);
  return packed;
}

function unpackReceived({ meta, ...packed }: PackedReceived): Received {
  return {
    ...USUAL_RECEIVED,
    ...packed,
    meta: meta === undefined ? null : (JSON.parse(meta) as Received['meta']),
  };
}

/** The columns every read of an event selects. */
export interface EventRow {
  readonly seq: number;
  readonly id: string;
  readonly application_id: string;
  readonly type: string;
  readonly event_id: string | null;
  readonly accepted_at: number;
  readonly content_expires_at: number;
  readonly expunged: number | boolean;
  readonly more: string | null;
}

export function eventOf(row: EventRow): Event {
  const more: More = row.more === null ? {} : (JSON.parse(row.more) as More);
  return {
    id: row.id as EventId,
    applicationId: row.application_id === '' ? null : (row.application_id as ApplicationId),
    received: more.received === undefined ? null : unpackReceived(more.received),
    type: row.type,
    eventId: row.event_id,
    channels: more.channels ?? null,
    tags: more.tags ?? null,
    method: more.method ?? USUAL_METHOD,
    contentType: more.contentType ?? USUAL_CONTENT_TYPE,
    headers: more.headers ?? null,
    orderingKey: more.orderingKey ?? null,
    retryScheduleMs: more.retryScheduleMs ?? null,
    acceptedAt: row.accepted_at,
    contentExpiresAt: row.content_expires_at,
    deliverAt: more.deliverAt ?? 0,
  };
}

/** Content is gone at the instant it expires, whenever its row is deleted. */
export function contentStateOf(row: EventRow, now: number): ContentState {
  if (row.expunged) return 'expunged';
  return row.content_expires_at <= now ? 'expired' : 'kept';
}

export type StoredRow = EventRow & { readonly content?: Uint8Array | null };

export function storedOf(row: StoredRow, now: number): StoredEvent {
  return {
    seq: row.seq,
    event: eventOf(row),
    content: row.content ?? null,
    contentState: contentStateOf(row, now),
  };
}
