import type { PageRequest } from '../../../contract/page.ts';
import type { StoredEvent } from '../../../ports/history.ts';

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
