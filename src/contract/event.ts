/** Received events on the wire: the one document that expressions, search and exports see, and what was stored of it. */
import Type, { type Static } from 'typebox';
import type { ContentState, Event } from '../core/event/event.ts';
import type { EventDocument, ParsedBody } from '../core/received/event-document.ts';
import { EventDeliveryOut } from './delivery.ts';
import { MASK } from './endpoint-settings.ts';
import { EVENT_FILTER_QUERY, TAIL_FILTER_QUERY } from './event-filter.ts';
import { IdOut } from './ids.ts';
import { ListResponse, ORDERED_PAGE_QUERY } from './page.ts';
import { Instant, Nullable } from './shape.ts';

/** For those who forward events themselves. */
export { appendablePath } from '../core/received/forwarding.ts';

const COLUMNS_MAX = 100;

const FileOut = Type.Object({
  field: Type.String(),
  name: Type.String(),
  contentType: Type.String(),
  size: Type.Integer(),
});

const EVENT_OUT = {
  id: IdOut('event'),
  source: IdOut('source'),
  type: Type.String(),
  receivedAt: Instant,
  method: Type.String(),
  path: Type.String({ description: 'Behind the source’s token; empty = nothing.' }),
  query: Type.Record(Type.String(), Type.Unknown(), { description: 'Texts, and lists of repeated ones.' }),
  headers: Type.Record(Type.String(), Type.String(), {
    description: 'Names in lower case; credentials are masked, as in the query.',
  }),
  body: Type.Unknown({ description: 'What the bytes say, as a JSON value; null without contents.' }),
  envelope: Nullable(Type.Record(Type.String(), Type.Unknown())),
  files: Type.Array(FileOut),
  contentType: Type.String(),
  size: Nullable(Type.Integer({ description: 'Bytes; null when the content was not read or is gone.' })),
  peer: Nullable(Type.String()),
  verified: Type.Boolean({ description: 'The sender was known.' }),
  via: Type.String(),
  key: Nullable(Type.String({ description: 'Ordering key.' })),
  dedupeKey: Nullable(Type.String()),
  test: Type.Boolean(),
  parseError: Nullable(Type.String()),
  meta: Nullable(Type.Record(Type.String(), Type.Unknown())),
  format: Type.String({
    description: 'How the body was read: json, form, xml, text, …; `none` without contents.',
  }),
  contentState: Type.Union([Type.Literal('kept'), Type.Literal('expired'), Type.Literal('expunged')]),
} as const;

export const EventOut = Type.Object(EVENT_OUT, { title: 'EventOut' });
export const EventList = ListResponse(EventOut, 'ListResponse_EventOut_');

/** One event's whole story. */
export const EventStoryOut = Type.Object(
  {
    ...EVENT_OUT,
    proof: Nullable(Type.Object({ scheme: Type.String(), key: Nullable(Type.Integer()) })),
    rawHeaders: Type.Array(Type.Tuple([Type.String(), Type.String()]), {
      description: 'In the order and case in which they came; credentials are masked.',
    }),
    raw: Type.Object({
      size: Nullable(Type.Integer()),
      sha256: Nullable(Type.String({ description: 'Of the bytes, in hex.' })),
      contentType: Type.String(),
      available: Type.Boolean(),
    }),
    suggestedProviders: Type.Array(Type.String(), {
      description: 'Who may have sent it, best guess first; only when its source verifies nobody.',
    }),
    deliveries: Type.Array(EventDeliveryOut),
  },
  { title: 'EventStoryOut' },
);

/** Bytes of others, of whatever type. */
export const BytesOut = Type.String({ format: 'binary', 'x-media-type': '*/*' });
/** Lines of JSON, or a table. */
export const ExportOut = Type.String({ 'x-media-type': 'application/x-ndjson' });

export const EVENT_LIST_QUERY = {
  ...EVENT_FILTER_QUERY,
  ...ORDERED_PAGE_QUERY,
  with_content: Type.Optional(
    Type.Boolean({ description: 'False leaves out what only the bytes say; true unless said.' }),
  ),
} as const;

export const EVENT_EXPORT_QUERY = {
  ...EVENT_FILTER_QUERY,
  format: Type.Optional(
    Type.Union([Type.Literal('ndjson'), Type.Literal('csv')], { description: '`ndjson` unless said.' }),
  ),
  columns: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 1000 }), {
      maxItems: COLUMNS_MAX,
      description: 'Paths, e.g. `id,receivedAt,body.customer.id,body.items[].sku`.',
    }),
  ),
  order: ORDERED_PAGE_QUERY.order,
} as const;

export const EVENT_TAIL_QUERY = {
  ...TAIL_FILTER_QUERY,
  after: Type.Optional(
    Type.String({
      maxLength: 64,
      description:
        'Goes on after this cursor (an `id:` of an earlier tail), as `Last-Event-ID` does; without both, only what comes from now on.',
    }),
  ),
  follow: Type.Optional(Type.Boolean({ description: 'False: ends when it has brought what is there.' })),
  raw: Type.Optional(
    Type.Boolean({
      description: 'Adds `raw`: the request as it came, credentials included. Editors only.',
    }),
  ),
} as const;

/** `data:` of each event of a tail. */
export const EventTailOut = Type.Object(
  {
    ...EVENT_OUT,
    raw: Type.Optional(
      Type.Object({
        method: Type.String(),
        path: Type.String(),
        query: Type.String({ description: 'As it came, without `?`.' }),
        headers: Type.Array(Type.Tuple([Type.String(), Type.String()])),
        bodyBase64: Nullable(Type.String({ description: 'null = the content is gone.' })),
      }),
    ),
  },
  { title: 'EventTailOut', 'x-media-type': 'text/event-stream' },
);

const CURSOR = /^[0-9a-z]{1,11}$/;

/** Where a reader stands in the order of acceptance; undefined = the text is none of ours. */
export function parseCursor(text: string): number | undefined {
  const seq = CURSOR.test(text) ? Number.parseInt(text, 36) : Number.NaN;
  return Number.isSafeInteger(seq) ? seq : undefined;
}

export function renderCursor(seq: number): string {
  return seq.toString(36);
}

export interface RenderableEvent {
  readonly event: Event;
  readonly document: EventDocument;
  readonly format: ParsedBody['format'];
  readonly contentState: ContentState;
  /** Its bytes were read. */
  readonly hasContent: boolean;
}

export function renderEvent(row: RenderableEvent): Static<typeof EventOut> {
  const { document, event } = row;
  const isSealed = event.received?.sealed != null;
  return {
    ...document,
    query: isSealed ? masked(document.query) : { ...document.query },
    headers: isSealed ? masked(document.headers) : { ...document.headers },
    envelope: document.envelope === null ? null : { ...document.envelope },
    files: [...document.files],
    size: row.hasContent ? document.size : null,
    meta: document.meta === null ? null : { ...document.meta },
    format: row.format,
    contentState: row.contentState,
  };
}

export function maskedPairs({ received }: Event): [string, string][] {
  if (received === null) return [];
  const isSealed = received.sealed !== null;
  return received.headers.map(([name, value]) => [name, isSealed && value === '' ? MASK : value]);
}

/** What is sealed is empty in the document, also among several of one name. */
function masked<Value extends string | readonly string[]>(
  values: Readonly<Record<string, Value>>,
): Record<string, Value> {
  const mask = (value: string): string => (/^[, ]*$/.test(value) ? MASK : value);
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      (typeof value === 'string' ? mask(value) : value.map(mask)) as Value,
    ]),
  );
}
