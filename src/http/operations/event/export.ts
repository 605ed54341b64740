import Type from 'typebox';
import { EVENT_EXPORT_QUERY, ExportOut } from '../../../contract/event.ts';
import { STRICT } from '../../../contract/shape.ts';
import type { EventPage, FoundEvents, ReadEvent } from '../../../engine/engine.ts';
import { type Call, defineOperation } from '../../define-operation.ts';
import { type Column, columnsOf, readsContent, valueIn } from './columns.ts';
import { csvCells, csvRow } from './csv.ts';
import { attachment, eventOut, filterOf, READ, TAG } from './event-of.ts';

/** Events that are read at once; what they say is sent before more are read. */
const BATCH = 100;
/** Pieces of a line are sent together up to so many characters: many columns of a large event make a larger line. */
const CHUNK_CHARS = 65_536;
const CSV_COLUMNS = [
  ...['id', 'receivedAt', 'source', 'type', 'method', 'path', 'verified', 'contentType', 'size', 'body'],
];
const TYPES = {
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
};

export const exportEvents = defineOperation({
  id: 'event.export',
  method: 'GET',
  path: '/api/v1/event/export',
  tag: TAG,
  summary: 'Export received events as NDJSON or CSV',
  description:
    'Everything that matches, streamed as fast as it is read. An export that broke off in the middle is told by the connection, which then ends without the last chunk.',
  needs: READ,
  query: Type.Object(EVENT_EXPORT_QUERY, STRICT),
  replies: { 200: ExportOut },
  problems: ['too_many_requests'],
  async handle(call) {
    const { format = 'ndjson', order = 'descending' } = call.query;
    const names = call.query.columns ?? [];
    const columns = columnsOf(names.length > 0 || format === 'ndjson' ? names : CSV_COLUMNS);
    const query = await filterOf(call, call.query, ['query']);
    const isAscending = order === 'ascending';
    const page: EventPage = {
      // What comes in meanwhile cannot keep it going.
      query: { ...query, until: Math.min(query.until ?? Number.MAX_SAFE_INTEGER, call.clock.now() + 1) },
      direction: isAscending ? 'oldest-first' : 'newest-first',
      ...{ after: 0, before: null, limit: BATCH },
      withContent: columns.length === 0 || columns.some(readsContent),
    };
    // What is wrong from the start is an answer of its own.
    const first = await call.engine.received.find(call.organization, page);
    return {
      status: 200,
      body: undefined,
      headers: {
        'content-type': TYPES[format],
        'content-disposition': attachment(`events.${format}`),
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      },
      stream: (signal) => textOf(call, { first, page, columns, format, signal }),
    };
  },
});

interface Export {
  readonly first: FoundEvents;
  readonly page: EventPage;
  readonly columns: readonly Column[];
  readonly format: 'ndjson' | 'csv';
  readonly signal: AbortSignal;
}

async function* textOf(
  call: Pick<Call, 'engine' | 'organization'>,
  { first, page, columns, format, signal }: Export,
): AsyncGenerator<string> {
  if (format === 'csv') yield csvRow(columns.map(({ name }) => name));
  for (let found = first; ; ) {
    for (const row of found.rows) yield* chunksOf(piecesOf(row, columns, format));
    if (found.next === null || signal.aborted) return;
    const from = page.direction === 'oldest-first' ? { after: found.next } : { before: found.next };
    found = await call.engine.received.find(call.organization, { ...page, ...from });
  }
}

function* chunksOf(pieces: Iterable<string>): Generator<string> {
  let chunk = '';
  for (const piece of pieces) {
    chunk += piece;
    if (chunk.length < CHUNK_CHARS) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

/** The line of an event, column by column. */
function* piecesOf(row: ReadEvent, columns: readonly Column[], format: Export['format']): Generator<string> {
  const event = eventOut(row);
  if (columns.length === 0) yield `${JSON.stringify(event)}\n`;
  else if (format === 'csv') yield* csvCells(columns.map((column) => valueIn(event, column)));
  else {
    const line = Object.fromEntries(columns.map((column) => [column.name, valueIn(event, column) ?? null]));
    let before = '{';
    for (const [name, value] of Object.entries(line)) {
      yield `${before}${JSON.stringify(name)}:${JSON.stringify(value)}`;
      before = ',';
    }
    yield '}\n';
  }
}
