/** Looks at a file before SQLite may touch it, so that what is not ours is never overwritten. */
import { accessSync, closeSync, constants, existsSync, openSync, readSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StorageRefused } from '../sql/refused.ts';
import { refusalOf } from './errors.ts';

/** Below it, two connections that write and checkpoint at once may damage the file (fixed in SQLite 3.51.3). */
const SQLITE_VERSION_MIN = [3, 51, 3] as const;
const HEADER_BYTES = 100;
const HEADER_TEXT = 'SQLite format 3\0';
/** Offsets in the header (sqlite.org/fileformat2.html §1.3). */
const PAGE_SIZE_AT = 16;
const PAGE_COUNT_AT = 28;
/** "PHRN": marks a database as Posthorn's. */
export const APPLICATION_ID = 0x5048_524e;

export function checkSqliteVersion(version = process.versions.sqlite ?? '0'): void {
  const parts = version.split('.').map(Number);
  for (const [i, wanted] of SQLITE_VERSION_MIN.entries()) {
    const part = parts[i] ?? 0;
    if (part > wanted) return;
    if (part < wanted) {
      throw new StorageRefused(
        'too-old-sqlite',
        `This Node has SQLite ${version}, which can damage the database; use Node 24.21 or newer, or any with SQLite ${SQLITE_VERSION_MIN.join('.')}.`,
      );
    }
  }
}

/** True when there is a database already; throws when there is something else, or no way to write. */
export function checkFile(path: string): boolean {
  checkFolder(dirname(path));
  if (!existsSync(path)) return false;
  const size = statSync(path).size;
  if (size === 0) return false;
  checkWritable(path);
  const header = readHeader(path);
  if (header.length < HEADER_BYTES || header.toString('latin1', 0, HEADER_TEXT.length) !== HEADER_TEXT) {
    throw new StorageRefused(
      'not-a-database',
      `${path} is not a database; move it away, or use another data directory.`,
    );
  }
  checkLength(path, header, size);
  checkOwner(path);
  return true;
}

/** Asks SQLite, because the mark may still be in the log. A file without tables is a first start that broke off. */
function checkOwner(path: string): void {
  let mark: number | undefined;
  try {
    const db = new DatabaseSync(path, { readOnly: true });
    try {
      const tables = db.prepare('SELECT count(*) AS count FROM sqlite_schema').get()!.count;
      mark = (db.prepare('PRAGMA application_id').get()!.application_id as number) || undefined;
      if (tables === 0) return;
    } finally {
      db.close();
    }
  } catch (error) {
    throw refusalOf(error, path);
  }
  if (mark === APPLICATION_ID) return;
  throw new StorageRefused(
    'not-a-database',
    `${path} is the database of another program; move it away, or use another data directory.`,
  );
}

function checkFolder(folder: string): void {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new StorageRefused(
      'read-only',
      `The folder ${folder} cannot be written; create it, or give this user write permission.`,
      cause,
    );
  }
}

function checkWritable(path: string): void {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (cause) {
    throw new StorageRefused(
      'read-only',
      `${path} cannot be written; give this user write permission.`,
      cause,
    );
  }
}

function readHeader(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    return header.subarray(0, readSync(file, header, 0, HEADER_BYTES, 0));
  } finally {
    closeSync(file);
  }
}

/** A copy that broke off is shorter than its header says. With a log beside it the header may lag, so SQLite decides. */
function checkLength(path: string, header: Buffer, size: number): void {
  const log = `${path}-wal`;
  if (existsSync(log) && statSync(log).size > 0) return;
  const stored = header.readUInt16BE(PAGE_SIZE_AT);
  const pageBytes = stored === 1 ? 65_536 : stored;
  if (header.readUInt32BE(PAGE_COUNT_AT) * pageBytes <= size) return;
  throw new StorageRefused(
    'corrupt',
    `${path} is shorter than it should be, so a part of it is lost; restore a backup.`,
  );
}
