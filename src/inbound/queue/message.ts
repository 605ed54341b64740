/** A queue's message as an item: its bytes as they are, its headers where they are text, and what the system knows of it. */
import type { RawHeaders } from '../../core/received/received.ts';
import type { InboundHost, InboundItem } from '../../ports/inbound.ts';

export interface QueueMessage {
  readonly body: Uint8Array;
  readonly contentType: string | null;
  readonly headers: Iterable<readonly [name: string, value: unknown]>;
  readonly dedupeKey: string | null;
  readonly orderingKey: string | null;
  readonly meta: Readonly<Record<string, unknown>>;
}

const HEADERS_MAX = 200;
/** What can stand in a line of a request (RFC 9110 §5.1, §5.5). */
const LINE_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,200}$/;
const LINE_VALUE = /^[\t\x20-\x7e\u0080-\u{10ffff}]{0,8192}$/u;

/** `<kind>.message` unless the source has an expression for its type. */
export function queueItem(host: InboundHost, message: QueueMessage): InboundItem {
  const { headers, others } = splitHeaders(message.headers);
  return {
    type: host.source.type === null ? `${host.source.kind}.message` : null,
    dedupeKey: message.dedupeKey,
    orderingKey: message.orderingKey,
    method: 'POST',
    contentType: message.contentType ?? firstOf(headers, 'content-type') ?? '',
    headers,
    body: message.body,
    peer: null,
    meta: { ...message.meta, ...(Object.keys(others).length > 0 && { headers: others }) },
  };
}

/** Text lines are headers, so that those that may be credentials are sealed; tables, numbers and bytes are not. */
function splitHeaders(all: QueueMessage['headers']): {
  headers: RawHeaders;
  others: Record<string, unknown>;
} {
  const headers: [string, string][] = [];
  const others: [string, unknown][] = [];
  for (const [name, raw] of all) {
    if (headers.length + others.length === HEADERS_MAX) break;
    const value = raw instanceof Uint8Array ? (textOf(raw) ?? raw) : raw;
    if (typeof value === 'string' && LINE_NAME.test(name) && LINE_VALUE.test(value))
      headers.push([name, value]);
    else others.push([name, plain(value)]);
  }
  return { headers, others: Object.fromEntries(others) };
}

function firstOf(headers: RawHeaders, wanted: string): string | null {
  return headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? null;
}

/** UTF-8 text; null when the bytes are something else. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Text, or `base64:` and the bytes. */
export function textOrBase64(bytes: Uint8Array): string {
  return textOf(bytes) ?? `base64:${Buffer.from(bytes).toString('base64')}`;
}

/** JSON of a value: bytes as text or base64, big numbers as text. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return textOrBase64(value);
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
  return value ?? null;
}
