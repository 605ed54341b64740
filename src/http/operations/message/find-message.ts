import { listText } from '../../../contract/message.ts';
import type { PageRequest } from '../../../contract/page.ts';
import { renderPage } from '../../../contract/page.ts';
import { EMPTY_PAYLOAD, payloadText } from '../../../contract/payload.ts';
import { type EventId, parseId, renderId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import type { EventScope, StoredEvent } from '../../../ports/history.ts';
import type { Call } from '../../define-operation.ts';

/** A message by id or by the publisher's event id. */
export async function findMessage(
  call: Pick<Call, 'storage'>,
  scope: EventScope,
  options: { readonly ref: string; readonly withContent: boolean },
): Promise<StoredEvent> {
  const id = parseId<'event'>(options.ref, 'message') as EventId | undefined;
  const ref = id === undefined ? { eventId: options.ref } : { id };
  const found = await call.storage.history.findEvent(scope, ref, { withContent: options.withContent });
  if (found === null) {
    throw new Problem(
      'not_found',
      'This application has no such message: pass its id (`msg_…`) or its eventId.',
    );
  }
  return found;
}

/** JSON text of the message's `payload`. */
export function storedPayload(stored: StoredEvent, options: { readonly withContent: boolean }): string {
  if (!options.withContent) return EMPTY_PAYLOAD;
  return payloadText({ ...stored, contentType: stored.event.contentType });
}

/** Bytes of contents after which a page ends, whatever its limit. */
export const PAGE_BYTES_MAX = 16 * 1024 * 1024;
const CHUNK_ROWS_MIN = 8;

/**
 * Reads the rows of a page in chunks and ends it early when their contents grow large. The page that comes back is
 * the one to render: shorter, so that it says that something follows.
 */
export async function readPage<Row extends StoredEvent>(
  page: PageRequest,
  options: { readonly withContent: boolean },
  read: (after: string | null, limit: number) => Promise<readonly Row[]>,
): Promise<{ readonly rows: readonly Row[]; readonly page: PageRequest }> {
  if (!options.withContent) return { rows: await read(page.after, page.readLimit), page };
  const rows: Row[] = [];
  let bytes = 0;
  let chunk = Math.min(CHUNK_ROWS_MIN, page.readLimit);
  while (rows.length < page.readLimit) {
    const more = await read(rows.at(-1)?.event.id ?? page.after, chunk);
    rows.push(...more);
    for (const { content } of more) bytes += content?.length ?? 0;
    if (more.length < chunk) break;
    if (bytes > PAGE_BYTES_MAX && rows.length < page.readLimit) {
      return { rows, page: { ...page, limit: rows.length - 1 } };
    }
    const affordable = Math.floor(PAGE_BYTES_MAX / Math.max(1, bytes / rows.length));
    chunk = Math.min(Math.max(affordable, CHUNK_ROWS_MIN), page.readLimit - rows.length);
  }
  return { rows, page };
}

/** The answer of a list of messages, as JSON text. */
export function messageListText<Row extends StoredEvent>(
  rows: readonly Row[],
  page: PageRequest,
  item: (row: Row) => string,
): string {
  return listText(renderPage(rows, page, { item, iterator: ({ event }) => renderId(event.id, 'message') }));
}
