import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { ADA_APP, accept, enterNewWorld } from '../conformance/samples.ts';
import { clock, scratch, silent } from '../conformance/scratch.ts';
import { openWriter } from './connection.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS, type Migration } from './migrations/index.ts';
import { openSqlite } from './open.ts';

enterNewWorld();

/** What a next version might do: add a column and fill it. */
function nextMigration(more: Partial<Migration> = {}): Migration {
  const version = MIGRATIONS.length + 1;
  const sql = `ALTER TABLE organization ADD COLUMN note TEXT NOT NULL DEFAULT 'none';`;
  return { version, minCode: 1, sql, ...more };
}

function migrateTo(path: string, migrations: readonly Migration[]): { from: number; to: number } {
  const db = openWriter(path);
  try {
    return migrate(db, { path, clock, log: silent, migrations });
  } finally {
    db.close();
  }
}

function backupsIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.backup'));
}

test('migrations are numbered without a gap, and never ask for newer code than their own', () => {
  assert.deepEqual(
    MIGRATIONS.map(({ version }) => version),
    MIGRATIONS.map((_, i) => i + 1),
  );
  for (const { version, minCode } of MIGRATIONS) assert.ok(minCode >= 1 && minCode <= version);
});

for (const { version } of [{ version: 0 }, ...MIGRATIONS]) {
  test(`a database of schema ${version} becomes the newest and works`, async () => {
    using place = scratch();
    if (version > 0) migrateTo(place.path, MIGRATIONS.slice(0, version));
    const storage = await openSqlite({ path: place.path, form: 'inline', clock, log: silent });
    const { event } = await accept(storage, []);
    assert.ok(await storage.history.findEvent(ADA_APP, { id: event.id }, { withContent: true }));
    assert.equal((await storage.upkeep.stats()).schemaVersion, MIGRATIONS.length);
    await storage.upkeep.close();
  });
}

test('an older database is copied before it is migrated, with all that is in it', async () => {
  using place = scratch();
  const storage = await openSqlite({ path: place.path, form: 'inline', clock, log: silent });
  await accept(storage, []);
  await storage.upkeep.close();
  assert.deepEqual(backupsIn(place.folder), [], 'a new file needs no copy');
  const result = migrateTo(place.path, [...MIGRATIONS, nextMigration()]);
  assert.deepEqual(result, { from: MIGRATIONS.length, to: MIGRATIONS.length + 1 });
  const [copy] = backupsIn(place.folder);
  const copied = new DatabaseSync(`${place.folder}/${copy}`, { readOnly: true });
  assert.equal(copied.prepare('SELECT count(*) AS count FROM event').get()!.count, 1);
  assert.throws(() => copied.prepare('SELECT note FROM organization'), /no such column/);
  copied.close();
  const migrated = new DatabaseSync(place.path, { readOnly: true });
  assert.equal(migrated.prepare('SELECT note FROM organization').get()!.note, 'none');
  migrated.close();
});

test('a migration that fails changes nothing', async () => {
  using place = scratch();
  migrateTo(place.path, MIGRATIONS);
  const broken = nextMigration({ sql: 'CREATE TABLE half (x); INSERT INTO nowhere VALUES (1);' });
  assert.throws(() => migrateTo(place.path, [...MIGRATIONS, broken]), /nowhere/);
  const storage = await openSqlite({ path: place.path, form: 'inline', clock, log: silent });
  assert.equal((await storage.upkeep.stats()).schemaVersion, MIGRATIONS.length);
  await storage.upkeep.close();
});

test('a newer database that needs newer code is refused and left as it was', async () => {
  using place = scratch();
  migrateTo(place.path, [...MIGRATIONS, nextMigration({ minCode: MIGRATIONS.length + 1 })]);
  const before = readFileSync(place.path);
  await assert.rejects(openSqlite({ path: place.path, form: 'inline', clock, log: silent }), {
    code: 'newer-schema',
    message: /written by a newer Posthorn/,
  });
  assert.deepEqual(readFileSync(place.path), before);
});

test('a newer database that this code can work with opens and stays as new as it was', async () => {
  using place = scratch();
  migrateTo(place.path, [...MIGRATIONS, nextMigration()]);
  const storage = await openSqlite({ path: place.path, form: 'inline', clock, log: silent });
  await accept(storage, []);
  assert.equal((await storage.upkeep.stats()).schemaVersion, MIGRATIONS.length + 1);
  await storage.upkeep.close();
});
