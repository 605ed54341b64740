import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { SeededDice } from '../../../test/support/seeded-dice.ts';
import { fillStore } from '../conformance/filled-store.ts';
import { accept, enterNewWorld } from '../conformance/samples.ts';
import { clock, scratch, silent } from '../conformance/scratch.ts';
import type { MoveCursor, MoveSource } from '../sql/move-rows.ts';
import { MOVED_TABLES, type MovedTable } from '../sql/moved-rows.ts';
import { openMoveSource } from './export-rows.ts';
import { openSqlite } from './open.ts';

const openFile = (path: string) => openSqlite({ path, form: 'inline', clock, log: silent });

async function fill(path: string, events = 100): Promise<void> {
  const storage = await openFile(path);
  const dice = new SeededDice(1);
  await fillStore(storage, events, (below) => dice.below(below));
  await storage.upkeep.close();
}

function* pagesOf(source: MoveSource, table: MovedTable) {
  let after: MoveCursor | null = null;
  for (;;) {
    const page = source.page(table, after);
    if (page.rows.length === 0) return;
    yield page.rows;
    // As it comes back from where it was kept.
    after = JSON.parse(JSON.stringify(page.last)) as MoveCursor;
  }
}

test('pages of any size hold every row of every table once, in the same order', async () => {
  using place = scratch();
  await fill(place.path);
  const read = (rows: number) => {
    const source = openMoveSource(place.path, { rows, bytes: 1e9 });
    const tables = MOVED_TABLES.map((table) => [...pagesOf(source, table)].flat());
    const counts = MOVED_TABLES.map((table) => source.tally(table).count);
    source.close();
    assert.deepEqual(
      tables.map((all) => all.length),
      counts,
    );
    assert.ok(counts.every((count) => count > 0));
    return tables;
  };
  const whole = read(10_000);
  for (const rows of [1, 7]) assert.deepEqual(read(rows), whole);
});

test('every column of every table is carried', async () => {
  using place = scratch();
  await fill(place.path);
  const db = new DatabaseSync(place.path, { readOnly: true });
  // The index of received events is made anew where they arrive.
  const tables = db
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'search%' ORDER BY name`)
    .all();
  const names = tables.map(({ name }) => name as MovedTable | 'meta').filter((name) => name !== 'meta');
  assert.deepEqual(names, [...MOVED_TABLES].sort());
  const source = openMoveSource(place.path);
  for (const table of names) {
    const carried = Object.keys(source.page(table, null).rows[0]!);
    // The key of a content is said by its two halves.
    if (table === 'content') carried.push('no');
    const columns = db.prepare(`SELECT name FROM pragma_table_info(?)`).all(table);
    const missing = columns.filter(({ name }) => !carried.includes(name as string));
    assert.deepEqual(missing, [], table);
  }
  source.close();
  db.close();
});

test('a page ends with the row that takes it past the bytes', async () => {
  using place = scratch();
  await fill(place.path);
  const source = openMoveSource(place.path, { rows: 10_000, bytes: 6000 });
  const sizes = [...pagesOf(source, 'content')].map((rows) =>
    rows.map((row) => (row as { body: Uint8Array }).body.byteLength),
  );
  source.close();
  assert.ok(sizes.length > 1);
  for (const page of sizes) {
    const before = page.slice(0, -1).reduce((sum, bytes) => sum + bytes, 0);
    assert.ok(before < 6000, `${before} bytes before the last row`);
  }
});

test('reading changes nothing, and what changes the file changes its fingerprint', async () => {
  using place = scratch();
  await fill(place.path, 10);
  const before = readFileSync(place.path);
  const fingerprint = (): string => {
    const source = openMoveSource(place.path);
    for (const table of MOVED_TABLES) source.page(table, null);
    source.close();
    return source.fingerprint;
  };
  const first = fingerprint();
  assert.equal(fingerprint(), first);
  assert.deepEqual(readFileSync(place.path), before);
  enterNewWorld();
  const storage = await openFile(place.path);
  await accept(storage, []);
  await storage.upkeep.close();
  assert.notEqual(fingerprint(), first);
});

test('a file is refused while a server has it, and is free again afterwards', async () => {
  using place = scratch();
  const storage = await openFile(place.path);
  assert.throws(() => openMoveSource(place.path), { name: 'StorageRefused', code: 'locked' });
  await storage.upkeep.close();
  const source = openMoveSource(place.path);
  await assert.rejects(openFile(place.path), { name: 'StorageRefused', code: 'locked' });
  source.close();
  await (await openFile(place.path)).upkeep.close();
});

test('what is not there, no store, or of another version is refused with what to do', async () => {
  using place = scratch();
  const refusal = (code: string, message: RegExp) => {
    assert.throws(() => openMoveSource(place.path), { name: 'StorageRefused', code, message });
  };
  refusal('not-found', /does not exist/);
  writeFileSync(place.path, 'x'.repeat(5000));
  refusal('not-a-database', /is not a database/);
  writeFileSync(place.path, '');
  await (await openFile(place.path)).upkeep.close();
  const setVersion = (version: number) => {
    const db = new DatabaseSync(place.path);
    db.prepare(`UPDATE meta SET value = ? WHERE name = 'version'`).run(version);
    db.close();
  };
  setVersion(0);
  refusal('older-schema', /run POSTHORN_DATA_DIR=\S+ posthorn migrate first/);
  setVersion(999);
  refusal('newer-schema', /newer Posthorn/);
});
