import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { ADA_APP, accept, enterNewWorld } from '../conformance/samples.ts';
import { clock, scratch, silent } from '../conformance/scratch.ts';
import { type RefusalCode, StorageRefused } from '../sql/refused.ts';
import { openSqliteBeside } from './beside.ts';
import { checkSqliteVersion } from './check-file.ts';
import { migrateSqlite, openSqlite } from './open.ts';

enterNewWorld();

const open = (path: string) => openSqlite({ path, form: 'inline', clock, log: silent });

async function refuses(path: string, code: RefusalCode, says: RegExp): Promise<void> {
  await assert.rejects(open(path), (error: unknown) => {
    assert.ok(error instanceof StorageRefused, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, says);
    return true;
  });
}

/** A store with something in it, closed. */
async function makeStore(path: string): Promise<void> {
  const storage = await open(path);
  for (let i = 0; i < 50; i++) await accept(storage, []);
  await storage.upkeep.close();
}

test('a file that is no database is refused and left as it was', async () => {
  using place = scratch();
  writeFileSync(place.path, 'shopping list\n'.repeat(100));
  const before = readFileSync(place.path);
  await refuses(place.path, 'not-a-database', /not a database; move it away/);
  assert.deepEqual(readFileSync(place.path), before);
});

test('the database of another program is refused and left as it was', async () => {
  using place = scratch();
  const other = new DatabaseSync(place.path);
  other.exec('CREATE TABLE meta (name TEXT, value INTEGER)');
  other.close();
  const before = readFileSync(place.path);
  await refuses(place.path, 'not-a-database', /another program/);
  assert.deepEqual(readFileSync(place.path), before);
});

test('a damaged file is refused and left as it was', async () => {
  using place = scratch();
  await makeStore(place.path);
  const bytes = readFileSync(place.path);
  bytes.fill(0xff, 100, 8000);
  writeFileSync(place.path, bytes);
  await refuses(place.path, 'corrupt', /damaged.*restore a backup/);
  assert.deepEqual(readFileSync(place.path), bytes);
});

test('a file that was cut short is refused', async () => {
  using place = scratch();
  await makeStore(place.path);
  truncateSync(place.path, 16_384);
  await refuses(place.path, 'corrupt', /shorter than it should be/);
});

test('a folder that is not there, or is none, is refused', async () => {
  using place = scratch();
  await refuses(join(place.folder, 'missing', 'posthorn.db'), 'read-only', /create it/);
  writeFileSync(join(place.folder, 'file'), '');
  await refuses(join(place.folder, 'file', 'posthorn.db'), 'read-only', /cannot be written/);
});

test('a folder or file that cannot be written is refused', {
  skip: process.getuid?.() === 0 && 'root may write anything',
}, async () => {
  using place = scratch();
  const folder = join(place.folder, 'locked');
  mkdirSync(folder, { mode: 0o500 });
  await refuses(join(folder, 'posthorn.db'), 'read-only', /write permission/);
  await makeStore(place.path);
  chmodSync(place.path, 0o400);
  await refuses(place.path, 'read-only', /write permission/);
});

test('an SQLite that can damage the file is refused', () => {
  for (const version of ['3.51.2', '3.40.1', '2.99.99']) {
    assert.throws(() => checkSqliteVersion(version), { code: 'too-old-sqlite', message: /use Node 24/ });
  }
  for (const version of ['3.51.3', '3.53.4', '4.0.0']) checkSqliteVersion(version);
});

test('a second store on one file is refused with the pid of the first, until that one closes', async () => {
  using place = scratch();
  const first = await open(place.path);
  await refuses(place.path, 'locked', new RegExp(`in use by process ${process.pid};`));
  await assert.rejects(migrateSqlite({ path: place.path, clock, log: silent }), { code: 'locked' });
  await first.upkeep.close();
  await (await open(place.path)).upkeep.close();
});

test('the lock of a killed process is free at once', async () => {
  using place = scratch();
  const script = `
    const { lockFile } = await import(${JSON.stringify(import.meta.resolve('./lock.ts'))});
    lockFile(${JSON.stringify(place.path)});
    process.stdout.write('locked');
    setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'exit');
  try {
    await Promise.race([once(holder.stdout, 'data'), ended]);
    await refuses(place.path, 'locked', new RegExp(`process ${holder.pid};`));
  } finally {
    holder.kill('SIGKILL');
    await ended;
  }
  await (await open(place.path)).upkeep.close();
});

test('a store that was killed before its log was folded back opens with all that was answered', async () => {
  using place = scratch();
  const storage = await open(place.path);
  const { event } = await accept(storage, []);
  // What a power cut leaves: the file and its log as they are at this moment.
  const left = join(place.folder, 'left.db');
  for (const suffix of ['', '-wal']) copyFileSync(place.path + suffix, left + suffix);
  await storage.upkeep.close();
  const reopened = await open(left);
  assert.ok(await reopened.history.findEvent(ADA_APP, { id: event.id }, { withContent: true }));
  await reopened.upkeep.close();
});

test('a first start that broke off before there was a table is begun again', async () => {
  using place = scratch();
  const begun = new DatabaseSync(place.path);
  begun.exec('PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; CREATE TABLE t (x); DROP TABLE t;');
  begun.close();
  const storage = await open(place.path);
  await accept(storage, []);
  await storage.upkeep.close();
});

test('the file can be read only by its user', async () => {
  using place = scratch();
  const storage = await open(place.path);
  await accept(storage, []);
  for (const suffix of ['', '-wal']) assert.equal(statSync(place.path + suffix).mode & 0o077, 0);
  await storage.upkeep.close();
});

test('beside a running store, a copy and a check work and nothing is locked', async () => {
  using place = scratch();
  await assert.rejects(openSqliteBeside(place.path), { code: 'not-found' });
  assert.equal(existsSync(place.path), false);
  const storage = await open(place.path);
  const { event } = await accept(storage, []);
  const beside = await openSqliteBeside(place.path);
  assert.deepEqual(await beside.check(), []);
  assert.equal((await beside.stats()).schemaVersion, (await storage.upkeep.stats()).schemaVersion);
  const copy = join(place.folder, 'copy.db');
  await beside.backup(copy, () => {});
  await beside.close();
  await accept(storage, []);
  await storage.upkeep.close();
  const restored = await open(copy);
  const page = { after: null, direction: 'ascending', limit: 9 } as const;
  const events = await restored.history.listEvents(ADA_APP, {}, page, { withContent: true });
  assert.deepEqual(
    events.map((each) => each.event.id),
    [event.id],
  );
  await restored.upkeep.close();
});
