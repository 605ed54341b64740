import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { EventId, OrganizationId, SourceId } from '../core/ids.ts';
import type { EventQuery } from '../core/received/event-query.ts';
import { NO_FILTER } from '../core/search/filter.ts';
import type { StoredEvent } from '../ports/history.ts';
import type { CandidateQuery } from '../ports/search.ts';
import type { EngineParts, EventPage, ReadEvent } from './engine.ts';
import { EventSearch } from './event-search.ts';

const organization = 'org' as OrganizationId;
const ANY: EventQuery = { search: NO_FILTER, types: null, vias: null, since: null, until: null };

function stored(seq: number, bytes: number): StoredEvent {
  return {
    seq,
    content: new Uint8Array(bytes),
    contentState: 'kept',
    event: {
      ...{ id: `e${seq}` as EventId, type: seq % 10 === 0 ? 'tenth' : 'other', method: 'POST' },
      received: { sourceId: 's' as SourceId, via: 'http', proof: null },
      acceptedAt: 0,
    } as StoredEvent['event'],
  };
}

/** A store of `count` events that hands out at most `batch` at once, each taking `tookMs`. */
function rig({ count, bytes = 1, tookMs = 0 }: { count: number; bytes?: number; tookMs?: number }) {
  const clock = new FakeClock();
  const asked: CandidateQuery[] = [];
  const candidates = async (_: OrganizationId, query: CandidateQuery) => {
    asked.push(query);
    await clock.advance(tookMs);
    const isAscending = query.direction === 'oldest-first';
    const rows: StoredEvent[] = [];
    for (
      let seq = isAscending ? query.after + 1 : (query.before ?? count + 1) - 1;
      ;
      isAscending ? seq++ : seq--
    ) {
      if (seq < 1 || seq > count || seq <= query.after || seq >= (query.before ?? count + 1))
        return { rows, scannedTo: null };
      rows.push(stored(seq, bytes));
      if (rows.length === query.limit) return { rows, scannedTo: seq };
    }
  };
  const read = (row: StoredEvent): ReadEvent =>
    ({
      stored: row,
      document: { type: row.event.type, source: '', method: 'POST', verified: false },
    }) as ReadEvent;
  const search = new EventSearch(
    { clock, storage: { search: { candidates } } } as unknown as EngineParts,
    read,
  );
  const find = (over: Partial<EventPage>) =>
    search.find(organization, {
      ...{ query: ANY, direction: 'newest-first', after: 0, before: null, limit: 10, withContent: true },
      ...over,
    });
  return { find, asked };
}

const seqs = ({ rows }: { rows: readonly ReadEvent[] }) => rows.map((row) => row.stored.seq);

test('a page ends with its limit, and the next one goes on behind it, until there is no more', async () => {
  const { find } = rig({ count: 25 });
  const first = await find({});
  assert.deepEqual([seqs(first), first.next], [[25, 24, 23, 22, 21, 20, 19, 18, 17, 16], 16]);
  const second = await find({ before: first.next });
  assert.deepEqual([seqs(second)[0], second.next], [15, 6]);
  const third = await find({ before: second.next });
  assert.deepEqual([seqs(third), third.next], [[5, 4, 3, 2, 1], null]);
  const upwards = await find({ direction: 'oldest-first', after: 20 });
  assert.deepEqual([seqs(upwards), upwards.next], [[21, 22, 23, 24, 25], null]);
});

test('a page that is exactly full is the last one when nothing follows', async () => {
  const { find } = rig({ count: 10 });
  assert.equal((await find({})).next, null);
});

test('rare ones are looked for across many batches', async () => {
  const { find, asked } = rig({ count: 1_000 });
  const found = await find({ query: { ...ANY, types: ['tenth'] }, limit: 20 });
  assert.equal(seqs(found).length, 20);
  assert.equal(seqs(found).at(-1), 810);
  assert.equal(asked.length, 2 + 1);
});

test('looking in vain ends after a while, and says how far it got', async () => {
  const { find, asked } = rig({ count: 100_000, tookMs: 500 });
  const found = await find({ query: { ...ANY, types: ['none'] } });
  assert.deepEqual([seqs(found), found.next], [[], 100_000 - 4 * 100 + 1]);
  assert.equal(asked.length, 4);
});

test('looking in vain ends after many rows, also when it is quick', async () => {
  const { find } = rig({ count: 100_000 });
  const found = await find({ query: { ...ANY, types: ['none'] } });
  assert.deepEqual([seqs(found), found.next], [[], 80_001]);
});

test('a page of large contents is short, and has at least one event', async () => {
  const { find } = rig({ count: 9, bytes: 6 * 1024 * 1024 });
  const found = await find({});
  assert.deepEqual([seqs(found), found.next], [[9, 8], 8]);
  const { find: findHuge } = rig({ count: 2, bytes: 40 * 1024 * 1024 });
  assert.deepEqual(seqs(await findHuge({})), [2]);
});
