import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { RECEIVED } from '../../core/ids.ts';
import type { CandidateQuery } from '../../ports/search.ts';
import { ADA, accept, enterNewWorld, pruneAll, receivedOf } from '../conformance/samples.ts';
import { clock, scratch, silent } from '../conformance/scratch.ts';
import { openReader } from './connection.ts';
import { openSqlite } from './open.ts';
import { Reader } from './reader.ts';

const RED = 77;
const QUERY: CandidateQuery = {
  ...{ terms: [RED], before: null, after: 0, direction: 'newest-first', since: null, until: null },
  ...{ limit: 100, bytesMax: 1e9, withContent: false },
};

test('a search whose time is nearly up tells what it has, and how far it got', async () => {
  using place = scratch();
  enterNewWorld();
  const storage = await openSqlite({ path: place.path, form: 'inline', clock, log: silent });
  const kept = [];
  for (let i = 0; i < 3; i++) {
    kept.push(await accept(storage, [], { applicationId: RECEIVED, received: receivedOf() }));
  }
  const entries = kept.map(({ seq, event }) => ({ seq, id: event.id }));
  const rest = { organization: ADA, terms: [RED], overflows: false };
  await storage.search.index(entries.map((entry) => ({ ...entry, ...rest })));
  await storage.upkeep.close();
  const reader = new Reader(openReader(place.path));
  const late = (before: number | null) =>
    reader.read(
      'candidates',
      { organization: ADA, query: { ...QUERY, before } },
      { now: Date.now(), endsAt: performance.now() + 100 },
    );
  let before: number | null = null;
  for (const { seq } of kept.toReversed()) {
    const page = late(before);
    assert.deepEqual([page.rows.map((row) => row.seq), page.scannedTo], [[seq], seq]);
    before = page.scannedTo;
  }
  assert.deepEqual(late(before), { rows: [], scannedTo: null });
  reader.close();
});

test('what is pruned leaves nothing in the index', async () => {
  using place = scratch();
  enterNewWorld();
  const storage = await openSqlite({ path: place.path, form: 'inline', clock, log: silent });
  const acceptedAt = Date.now() - 1000;
  const { seq, event } = await accept(storage, [], {
    applicationId: RECEIVED,
    received: receivedOf(),
    acceptedAt,
  });
  await storage.search.index([{ organization: ADA, seq, id: event.id, terms: [RED], overflows: false }]);
  await pruneAll(storage, { now: Date.now(), historyBefore: Date.now(), limit: 10 });
  await storage.upkeep.close();
  const db = new DatabaseSync(place.path, { readOnly: true });
  const rows = db.prepare('SELECT count(*) AS count FROM search_docsize').get();
  db.close();
  assert.equal(rows!.count, 0);
});
