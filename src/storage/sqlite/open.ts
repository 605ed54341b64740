/** Opens the store of one machine: a file that this process alone writes, or a database in memory. */
import { closeSync, openSync } from 'node:fs';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Storage } from '../../ports/storage.ts';
import { STORAGE_LIMITS, type StorageLimits } from '../sql/limits.ts';
import { WriteQueue } from '../sql/write-queue.ts';
import { backupFile, backupPath } from './backup.ts';
import { checkFile, checkSqliteVersion } from './check-file.ts';
import { type Connection, openWriter } from './connection.ts';
import { refusalOf } from './errors.ts';
import { type Hop, inlineHop } from './hop.ts';
import { lockFile, type ProcessLock } from './lock.ts';
import { migrate } from './migrate.ts';
import { storagePorts } from './ports.ts';
import { threadHop } from './threads.ts';

export interface OpenOptions {
  /** A file whose folder exists, or `:memory:` (with `form: 'inline'` only). */
  readonly path: string | ':memory:';
  /** `worker`: one writer thread and some reader threads; `inline`: everything on the caller's thread. */
  readonly form: 'worker' | 'inline';
  readonly readers?: number;
  readonly clock: Clock;
  readonly log: Log;
  /** The worker's entry in a bundle; not said: the source file beside this one. */
  readonly workerUrl?: URL;
  readonly limits?: Partial<StorageLimits>;
}

const MEMORY = ':memory:';

/** Rejects with `StorageRefused`, which says why and what to do; then nothing was changed. */
export async function openSqlite(options: OpenOptions): Promise<Storage> {
  checkSqliteVersion();
  const limits = { ...STORAGE_LIMITS, ...options.limits };
  if (options.path === MEMORY) return openMemory(options, limits);
  checkFile(options.path);
  const lock = lockFile(options.path);
  try {
    const db = openMigrated(options);
    const hop =
      options.form === 'inline'
        ? inlineHop(db, { ...options, ...limits })
        : await threads(db, options, limits);
    return storagePorts({
      writes: new WriteQueue(hop, limits),
      hop,
      backup: (target, progress) => backupPath(options.path, target, progress),
      onClosed: () => lock.release(),
    });
  } catch (error) {
    lock.release();
    throw refusalOf(error, options.path);
  }
}

/** Brings a file to the newest schema and closes it; refuses while a server runs. */
export async function migrateSqlite(
  options: Pick<OpenOptions, 'path' | 'clock' | 'log'>,
): Promise<{ from: number; to: number }> {
  checkSqliteVersion();
  checkFile(options.path);
  const lock: ProcessLock = lockFile(options.path);
  try {
    const db = openPrivate(options.path);
    try {
      return migrate(db, options);
    } finally {
      db.close();
    }
  } catch (error) {
    throw refusalOf(error, options.path);
  } finally {
    lock.release();
  }
}

function openMemory(options: OpenOptions, limits: StorageLimits): Storage {
  if (options.form !== 'inline')
    throw new TypeError('A database in memory belongs to one thread; use inline.');
  const db = openMigrated(options);
  const hop = inlineHop(db, { ...options, ...limits });
  return storagePorts({
    writes: new WriteQueue(hop, limits),
    hop,
    backup: (target, progress) => backupFile(db.db, target, progress),
    onClosed: () => {},
  });
}

function openMigrated(options: OpenOptions): Connection {
  const db = openPrivate(options.path);
  try {
    migrate(db, options);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** SQLite gives the log the permissions of the file, so only this user may read either. */
function openPrivate(path: string): Connection {
  if (path !== MEMORY) closeSync(openSync(path, 'a', 0o600));
  return openWriter(path);
}

/** The threads open the file themselves. */
function threads(db: Connection, options: OpenOptions, limits: StorageLimits): Promise<Hop> {
  db.close();
  return threadHop({
    path: options.path,
    readers: options.readers ?? 1,
    clock: options.clock,
    limits,
    workerUrl: options.workerUrl ?? new URL('./worker.ts', import.meta.url),
  });
}
