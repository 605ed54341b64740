import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { scratch } from '../conformance/scratch.ts';
import type { WriteOp } from '../sql/write-op.ts';
import { type Connection, openReader, openWriter } from './connection.ts';
import { WriteAheadLog } from './write-ahead-log.ts';

const PAGES_MAX = 20;
const PING: readonly WriteOp[] = [{ kind: 'ping' }];

/** Writes a few pages, as a batch does. */
function write(db: Connection, log: WriteAheadLog): void {
  db.run('INSERT INTO t VALUES (?)', Buffer.alloc(40_000));
  log.grew(PING);
  log.foldWhenLong();
}

test('the log is used again from its start, however much is written', () => {
  using place = scratch();
  const db = openWriter(place.path);
  db.db.exec('CREATE TABLE t (x BLOB)');
  const log = new WriteAheadLog(db, PAGES_MAX);
  for (let i = 0; i < 100; i++) write(db, log);
  const bytes = statSync(`${place.path}-wal`).size;
  assert.ok(bytes < 1_000_000, `${bytes} bytes of log after 4 MB`);
  log.foldAll();
  assert.equal(statSync(`${place.path}-wal`).size, 0);
  db.close();
});

test('a reader that stays does not stop the writer, and the log is folded when it has gone', () => {
  using place = scratch();
  const db = openWriter(place.path);
  db.db.exec('CREATE TABLE t (x BLOB)');
  const reader = openReader(place.path);
  reader.db.exec('BEGIN; SELECT count(*) FROM t;');
  const log = new WriteAheadLog(db, PAGES_MAX);
  for (let i = 0; i < 200; i++) write(db, log);
  assert.deepEqual({ ...db.get<object>('PRAGMA busy_timeout') }, { timeout: 5000 }, 'as it was before');
  reader.db.exec('COMMIT');
  assert.equal(reader.get<{ count: number }>('SELECT count(*) AS count FROM t')!.count, 200);
  log.foldAll();
  assert.equal(statSync(`${place.path}-wal`).size, 0);
  reader.close();
  db.close();
});
