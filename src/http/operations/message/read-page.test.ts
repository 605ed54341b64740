import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePage } from '../../../contract/page.ts';
import type { Event } from '../../../core/event/event.ts';
import type { StoredEvent } from '../../../ports/history.ts';
import { PAGE_BYTES_MAX, readPage } from './read-page.ts';

/** A store of `count` messages of that size; `reads` are the limits it was asked for. */
function store(count: number, bytes: number) {
  const content = new Uint8Array(bytes);
  const reads: number[] = [];
  const read = async (after: string | null, limit: number): Promise<StoredEvent[]> => {
    reads.push(limit);
    const from = after === null ? 0 : Number(after) + 1;
    return Array.from({ length: Math.max(0, Math.min(limit, count - from)) }, (_, i) => {
      const event = { id: String(from + i) } as unknown as Event;
      return { seq: from + i, event, content, contentState: 'kept' };
    });
  };
  return { read, reads };
}
const page = (limit: number) => parsePage({ limit }, { parse: (text) => text, defaultOrder: 'descending' });

test('small contents come in few reads and fill the page', async () => {
  const { read, reads } = store(300, 100);
  const got = await readPage(page(250), { withContent: true }, read);
  assert.deepEqual([got.rows.length, got.page.limit], [251, 250]);
  assert.deepEqual(
    got.rows.map(({ seq }) => seq),
    Array.from({ length: 251 }, (_, i) => i),
  );
  assert.ok(reads.length <= 2, String(reads));
});

test('large contents end the page early, with one row that shows that more follows', async () => {
  const bytes = 2 * 1024 * 1024;
  const { read, reads } = store(300, bytes);
  const got = await readPage(page(250), { withContent: true }, read);
  assert.equal(got.page.limit, got.rows.length - 1);
  assert.ok(got.rows.length < 20 && got.rows.length * bytes > PAGE_BYTES_MAX, String(got.rows.length));
  assert.ok(Math.max(...reads) <= 8);
});

test('the end of the list is the end, however large its contents', async () => {
  const { read } = store(10, PAGE_BYTES_MAX / 4);
  const got = await readPage(page(10), { withContent: true }, read);
  const rest = await readPage({ ...page(10), after: got.rows.at(-2)!.event.id }, { withContent: true }, read);
  assert.deepEqual([got.page.limit, got.rows.length], [7, 8]);
  assert.deepEqual([rest.page.limit, rest.rows.map(({ seq }) => seq)], [10, [7, 8, 9]]);
});

test('without contents one read is enough', async () => {
  const { read, reads } = store(300, PAGE_BYTES_MAX);
  assert.equal((await readPage(page(250), { withContent: false }, read)).rows.length, 251);
  assert.deepEqual(reads, [251]);
});
