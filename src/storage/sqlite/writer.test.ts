import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ADA,
  ADA_APP,
  accept,
  acceptanceOf,
  applicationOf,
  changeSet,
  enterNewWorld,
  NEWEST,
  newDestinationId,
} from '../conformance/samples.ts';
import { clock, scratch, silent } from '../conformance/scratch.ts';
import { STORAGE_LIMITS } from '../sql/limits.ts';
import { WriteQueue } from '../sql/write-queue.ts';
import { backupPath } from './backup.ts';
import { type Connection, openWriter } from './connection.ts';
import { inlineHop } from './hop.ts';
import { migrate } from './migrate.ts';
import { openSqlite } from './open.ts';
import { storagePorts } from './ports.ts';

enterNewWorld();

/** A store whose connection the test may disturb. */
function openDisturbed(path: string) {
  const db: Connection = openWriter(path);
  migrate(db, { path, clock, log: silent });
  const hop = inlineHop(db, { clock, ...STORAGE_LIMITS });
  const writes = new WriteQueue(hop, STORAGE_LIMITS);
  const backup = (target: string, progress: (done: number, total: number) => void) =>
    backupPath(path, target, progress);
  return { db, storage: storagePorts({ writes, hop, backup, onClosed: () => {} }) };
}

test('a batch that does not fit on the disk refuses all its callers and leaves nothing behind', async () => {
  using place = scratch();
  const { db, storage } = openDisturbed(place.path);
  const lane = newDestinationId();
  const kept = await accept(storage, [lane]);
  const pages = db.get<{ page_count: number }>('PRAGMA page_count')!.page_count;
  db.db.exec(`PRAGMA max_page_count = ${pages + 5}`);
  const refused = Array.from({ length: 20 }, () =>
    acceptanceOf([lane], {}, { content: Buffer.alloc(10_000) }),
  );
  const results = await Promise.allSettled([
    ...refused.map((each) => storage.intake.accept(each)),
    storage.catalog.write(changeSet([{ op: 'insert', kind: 'application', resource: applicationOf() }])),
  ]);
  for (const result of results) {
    assert.equal(result.status, 'rejected');
    const reason = (result as PromiseRejectedResult).reason;
    assert.deepEqual([reason.name, reason.code], ['Problem', 'unavailable']);
    assert.match(reason.message, /disk is full; free some space/);
    assert.ok(reason.retryAfterSeconds > 0 && reason.cause instanceof Error);
  }
  const events = await storage.history.listEvents(ADA_APP, {}, NEWEST, { withContent: false });
  assert.deepEqual(
    events.map(({ event }) => event.id),
    [kept.event.id],
  );
  assert.deepEqual(await storage.catalog.list(ADA, 'application', { ...NEWEST, orderBy: 'id' }), []);
  db.db.exec('PRAGMA max_page_count = 100000');
  const next = await accept(storage, [lane]);
  assert.equal(next.seq, kept.seq + 1, 'the seqs of what was rolled back are free');
  await storage.upkeep.close();
});

test('a commit that fails refuses all its callers, and the next batch works', async () => {
  using place = scratch();
  const { db, storage } = openDisturbed(place.path);
  await accept(storage, []);
  // A deferred constraint is checked by the commit itself.
  db.db.exec('CREATE TABLE rule (no INTEGER REFERENCES type (no) DEFERRABLE INITIALLY DEFERRED)');
  db.db.exec('CREATE TRIGGER spoil AFTER INSERT ON content BEGIN INSERT INTO rule VALUES (-1); END');
  await assert.rejects(storage.intake.accept(acceptanceOf([])), /FOREIGN KEY/);
  db.db.exec('DROP TRIGGER spoil');
  const { event } = await accept(storage, []);
  const events = await storage.history.listEvents(ADA_APP, {}, NEWEST, { withContent: false });
  assert.equal(events.length, 2);
  assert.equal(events[0]!.event.id, event.id);
  await storage.upkeep.close();
});

test('a write that is a bug fails alone; the others of its batch are kept', async () => {
  const storage = await openSqlite({ path: ':memory:', form: 'inline', clock, log: silent });
  const spoiled = acceptanceOf([], { type: undefined as unknown as string });
  const results = await Promise.allSettled([
    accept(storage, []),
    storage.intake.accept(spoiled),
    accept(storage, []),
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  const events = await storage.history.listEvents(ADA_APP, {}, NEWEST, { withContent: false });
  assert.equal(events.length, 2);
  await storage.upkeep.close();
});

test('a copy made while events come in is consistent, and says how far it is', async () => {
  using place = scratch();
  const storage = await openSqlite({ path: place.path, form: 'inline', clock, log: silent });
  for (let i = 0; i < 20; i++) {
    await Promise.all(Array.from({ length: 50 }, () => accept(storage, [newDestinationId()])));
  }
  const copy = `${place.path}.copy`;
  const steps: [number, number][] = [];
  let isDone = false;
  const copying = storage.upkeep
    .backup(copy, (done, total) => steps.push([done, total]))
    .finally(() => {
      isDone = true;
    });
  while (!isDone) {
    await accept(storage, [newDestinationId()]);
    await new Promise(setImmediate);
  }
  await copying;
  const [done, total] = steps[steps.length - 1]!;
  assert.ok(done === total && total > 0);
  await assert.rejects(
    storage.upkeep.backup(copy, () => {}),
    { code: 'conflict' },
  );
  await storage.upkeep.close();
  const restored = await openSqlite({ path: copy, form: 'inline', clock, log: silent });
  const stats = await restored.upkeep.stats();
  const last = await restored.history.lastSeq(ADA_APP);
  assert.equal(stats.unsettledDeliveries, last, 'each event of the copy has its delivery');
  await restored.upkeep.close();
});

test('a read past its deadline says so', async () => {
  const { db, storage } = openDisturbed(':memory:');
  await Promise.all(Array.from({ length: 600 }, () => accept(storage, [])));
  const { Reader } = await import('./reader.ts');
  const reader = new Reader(db);
  const query = { scope: ADA_APP, filter: { tag: 'none' }, page: NEWEST, withContent: false };
  const now = clock.now();
  assert.deepEqual(reader.read('listEvents', query, { now, endsAt: performance.now() + 60_000 }), []);
  assert.throws(() => reader.read('listEvents', query, { now, endsAt: performance.now() - 1 }), {
    name: 'Problem',
    code: 'unavailable',
    message: /took too long/,
  });
  await storage.upkeep.close();
});
