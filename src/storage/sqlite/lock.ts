/**
 * One process per file. A small database beside it is locked exclusively for life; the kernel frees the lock when the
 * process ends, however it ends. The holder's pid is in a text file beside it, for the message only.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StorageRefused } from '../sql/refused.ts';
import { refusalOf, sqliteCode } from './errors.ts';

const BUSY = 5;
/** A connection that nothing refers to is collected, and its lock with it. */
const HELD = new Set<DatabaseSync>();

export interface ProcessLock {
  release(): void;
}

export function lockFile(path: string): ProcessLock {
  const lockPath = `${path}-lock.db`;
  const pidPath = `${path}-lock.pid`;
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(lockPath, { timeout: 0 });
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT;');
    writeFileSync(pidPath, String(process.pid), { mode: 0o600 });
  } catch (error) {
    if (db?.isOpen) db.close();
    throw sqliteCode(error) === BUSY ? heldBy(path, pidPath) : refusalOf(error, path);
  }
  const held = db;
  HELD.add(held);
  return {
    release() {
      if (!held.isOpen) return;
      HELD.delete(held);
      rmSync(pidPath, { force: true });
      held.close();
    },
  };
}

function heldBy(path: string, pidPath: string): StorageRefused {
  const pid = readPid(pidPath);
  const holder = pid === undefined ? 'another process' : `process ${pid}`;
  return new StorageRefused(
    'locked',
    `${path} is in use by ${holder}; stop it, or use another data directory.`,
  );
}

function readPid(pidPath: string): string | undefined {
  try {
    return /^\d+$/.exec(readFileSync(pidPath, 'utf8'))?.[0];
  } catch {
    return undefined;
  }
}
