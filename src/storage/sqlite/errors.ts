/** What SQLite's result codes mean here: a Problem while running, a StorageRefused while opening. */
import { Problem } from '../../core/problem.ts';
import { RETRY_AFTER_SECONDS } from '../sql/limits.ts';
import { type RefusalCode, StorageRefused } from '../sql/refused.ts';

const BUSY = 5;
const NOMEM = 7;
const READONLY = 8;
const INTERRUPT = 9;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;
export const CONSTRAINT = 19;

const SENTENCES: Readonly<Record<number, string>> = {
  [BUSY]: 'The database file is locked by another program; stop that program and try again.',
  [NOMEM]: 'The store ran out of memory; give the process more and try again.',
  [READONLY]:
    'The database file cannot be written; check its permissions and its file system, then try again.',
  [INTERRUPT]: 'The store was interrupted; try again.',
  [IOERR]: 'The disk reported an error; check it, then try again.',
  [CORRUPT]: 'The database file is damaged; stop Posthorn and restore a backup.',
  [FULL]: 'The disk is full; free some space, then try again.',
  [CANTOPEN]: 'The database file cannot be opened; check that its folder exists and can be written.',
  [NOTADB]: 'The database file was replaced by something else; stop Posthorn and restore a backup.',
};
const REFUSALS: Readonly<Record<number, RefusalCode>> = {
  [BUSY]: 'locked',
  [READONLY]: 'read-only',
  [IOERR]: 'corrupt',
  [CORRUPT]: 'corrupt',
  [FULL]: 'disk-full',
  [CANTOPEN]: 'read-only',
  [NOTADB]: 'not-a-database',
};

/** SQLite's primary result code, or 0 when the error is not SQLite's. */
export function sqliteCode(error: unknown): number {
  const code = error instanceof Error ? (error as Error & { errcode?: unknown }).errcode : undefined;
  return typeof code === 'number' ? code & 0xff : 0;
}

/** The Problem of an error that says something about the disk or the file; undefined = it is a bug of ours. */
export function lostStore(error: unknown): Problem | undefined {
  const sentence = SENTENCES[sqliteCode(error)];
  if (sentence === undefined) return undefined;
  return new Problem('unavailable', sentence, { retryAfterSeconds: RETRY_AFTER_SECONDS, cause: error });
}

/** Errors of the file system that come before SQLite's own. */
const SYSTEM_CODES: Readonly<Record<string, number>> = {
  EACCES: READONLY,
  EPERM: READONLY,
  EROFS: READONLY,
  ENOSPC: FULL,
  EDQUOT: FULL,
  EIO: IOERR,
  ENOENT: CANTOPEN,
  ENOTDIR: CANTOPEN,
};

/** The same while opening; what is not about the file is passed on as it is. */
export function refusalOf(error: unknown, path: string): unknown {
  const system = SYSTEM_CODES[(error as NodeJS.ErrnoException | undefined)?.code ?? ''];
  if (system !== undefined)
    return new StorageRefused(REFUSALS[system]!, `${path}: ${SENTENCES[system]!}`, error);
  const code = REFUSALS[sqliteCode(error)];
  if (code === undefined) return error;
  return new StorageRefused(code, `${path}: ${SENTENCES[sqliteCode(error)]!}`, error);
}
