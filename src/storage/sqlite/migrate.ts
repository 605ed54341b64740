/**
 * Brings a file to the newest schema. Forward only; an older database is copied first. `minCode` in the database says
 * which code can work with it, so that a newer database of the same minor version still opens.
 */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import { StorageRefused } from '../sql/refused.ts';
import { APPLICATION_ID } from './check-file.ts';
import type { Connection } from './connection.ts';
import { MIGRATIONS, type Migration } from './migrations/index.ts';

export interface MigrateOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly migrations?: readonly Migration[];
}

/** The schema version before and after; 0 = the file was empty. */
export function migrate(db: Connection, options: MigrateOptions): { from: number; to: number } {
  const migrations = options.migrations ?? MIGRATIONS;
  const code = migrations[migrations.length - 1]!.version;
  const { version, minCode } = readVersion(db);
  if (minCode > code) throw newerSchema(options.path, version, code);
  const due = migrations.filter((each) => each.version > version);
  if (due.length === 0) return { from: version, to: version };
  if (version > 0 && options.path !== ':memory:') copyBefore(db, version, options);
  db.db.exec('BEGIN EXCLUSIVE');
  try {
    for (const each of due) apply(db, each);
    db.db.exec('COMMIT');
  } catch (error) {
    if (db.db.isTransaction) db.db.exec('ROLLBACK');
    throw error;
  }
  if (version > 0) options.log.info('storage.migrated', { from: version, to: code });
  return { from: version, to: code };
}

export function readVersion(db: Connection): { version: number; minCode: number } {
  const hasMeta = db.db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'meta'`).get() !== undefined;
  if (!hasMeta) return { version: 0, minCode: 0 };
  const read = (name: string) =>
    (db.db.prepare('SELECT value FROM meta WHERE name = ?').get(name)?.value as number | undefined) ?? 0;
  return { version: read('version'), minCode: read('min_code') };
}

export function newerSchema(path: string, version: number, code: number): StorageRefused {
  return new StorageRefused(
    'newer-schema',
    `${path} was written by a newer Posthorn (schema ${version}, this one knows ${code}); start that version, or restore an older backup. Nothing was changed.`,
  );
}

function apply(db: Connection, migration: Migration): void {
  db.db.exec(migration.sql);
  const write = db.db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)');
  write.run('version', migration.version);
  write.run('min_code', migration.minCode);
  if (migration.version === 1) {
    write.run('pings', 0);
    db.db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  }
}

/** A whole copy beside the file, named after the version and the time, made before anything changes. */
function copyBefore(db: Connection, version: number, { path, clock, log }: MigrateOptions): void {
  const at = new Date(clock.now()).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const copy = `${path}.schema-${version}.${at}.backup`;
  if (existsSync(copy))
    throw new StorageRefused('read-only', `${copy} exists already; move it away and start again.`);
  log.info('storage.copying', { before: 'migration', from: version, copy });
  db.db.prepare('VACUUM INTO ?').run(copy);
}

/** The version of a file that another process may be using; for those that only read it. */
export function checkReadable(
  db: DatabaseSync,
  path: string,
  code = MIGRATIONS[MIGRATIONS.length - 1]!.version,
): void {
  const rows = db.prepare(`SELECT name, value FROM meta WHERE name IN ('version', 'min_code')`).all();
  const values = new Map(rows.map((row) => [row.name as string, row.value as number]));
  if ((values.get('min_code') ?? 0) > code) throw newerSchema(path, values.get('version') ?? 0, code);
}

/** For who reads every row of a file and must know every column. */
export function checkNewest(db: Connection, path: string): void {
  const code = MIGRATIONS[MIGRATIONS.length - 1]!.version;
  const { version } = readVersion(db);
  if (version > code) throw newerSchema(path, version, code);
  if (version === code) return;
  throw new StorageRefused(
    'older-schema',
    `${path} has schema version ${version} and not ${code} yet; run POSTHORN_DATA_DIR=${dirname(path)} posthorn migrate first. Nothing was changed.`,
  );
}
