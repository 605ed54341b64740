/**
 * The one shape in which a received event is seen: by expressions and templates, by search, in the API. It is derived
 * from what is stored (bytes and `Received`), never stored itself, so that a better parser shows old events better.
 */
import type { Event } from '../event/event.ts';

/** What the bytes were found to say. Made by the formats room. */
export interface ParsedBody {
  /** `none` = no bytes. `raw` = bytes that are no text. */
  readonly format:
    | 'none'
    | 'json'
    | 'ndjson'
    | 'form'
    | 'multipart'
    | 'xml'
    | 'csv'
    | 'text'
    | 'raw'
    | 'jwt'
    | 'email';
  /** A JSON value: of `text` the string, of `raw` null, of `email` the e-mail shape (formats/README.md). */
  readonly value: unknown;
  readonly files: readonly ReceivedFile[];
  /** Attributes of a CloudEvent, claims' header of a JWT, envelope of an SNS message: what was around the value. */
  readonly envelope: Readonly<Record<string, unknown>> | null;
  /** Why the bytes are not what they claim to be; then `format` is what they could be read as. */
  readonly error: string | null;
}

export interface ReceivedFile {
  /** Form field or attachment name. */
  readonly field: string;
  readonly name: string;
  readonly contentType: string;
  readonly size: number;
  /** Where its bytes are: a range of the body as stored, or bytes decoded from it. */
  readonly bytes: Uint8Array;
}

export interface EventDocument {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  /** RFC 3339. */
  readonly receivedAt: string;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string | readonly string[]>>;
  /** Names in lower case; several of one name are joined with ", " (RFC 9110 §5.3). */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly envelope: Readonly<Record<string, unknown>> | null;
  readonly files: readonly { field: string; name: string; contentType: string; size: number }[];
  readonly contentType: string;
  readonly size: number;
  readonly peer: string | null;
  readonly verified: boolean;
  readonly via: string;
  readonly key: string | null;
  readonly dedupeKey: string | null;
  readonly test: boolean;
  readonly parseError: string | null;
  readonly meta: Readonly<Record<string, unknown>> | null;
}

/** `source`: how the source is shown (`src_…`). The event must be a received one. */
export function eventDocument(
  event: Event,
  { parsed, size, id, source }: { parsed: ParsedBody; size: number; id: string; source: string },
): EventDocument {
  const { received } = event;
  if (received === null) throw new Error('Only a received event has a document.');
  return {
    id,
    source,
    type: event.type,
    receivedAt: new Date(event.acceptedAt).toISOString(),
    method: event.method,
    path: received.sub,
    query: queryOf(received.query),
    headers: headersOf(received.headers),
    body: parsed.value,
    envelope: parsed.envelope,
    files: parsed.files.map(({ field, name, contentType, size }) => ({ field, name, contentType, size })),
    contentType: event.contentType,
    size,
    peer: received.peer,
    verified: received.proof !== null,
    via: received.via,
    key: event.orderingKey,
    dedupeKey: received.dedupeKey,
    test: received.isTest,
    parseError: parsed.error,
    meta: received.meta,
  };
}

/** Own properties of an object without a prototype: a parameter may be called `__proto__`. */
export function queryOf(query: string): Record<string, string | string[]> {
  const values: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of new URLSearchParams(query)) {
    const before = values[name];
    if (before === undefined) values[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else values[name] = [before, value];
  }
  return values;
}

export function headersOf(raw: readonly (readonly [string, string])[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  for (const [name, value] of raw) {
    const lower = name.toLowerCase();
    headers[lower] = lower in headers ? `${headers[lower]}, ${value}` : value;
  }
  return headers;
}
