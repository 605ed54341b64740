/** A consistent copy while the file is in use: one read transaction is held, so writers never make it start again. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import { Problem } from '../../core/problem.ts';
import { lostStore } from './errors.ts';

/** Pages between two reports of progress; each lot is copied off the caller's thread. */
const PAGES_PER_STEP = 512;

export async function backupFile(
  source: DatabaseSync,
  target: string,
  progress: (done: number, total: number) => void,
): Promise<void> {
  if (existsSync(target)) {
    throw new Problem('conflict', `${target} exists already; name another file, or move it away.`);
  }
  const part = `${target}.part`;
  rmSync(part, { force: true });
  try {
    const pages = await backup(source, part, {
      rate: PAGES_PER_STEP,
      progress: ({ totalPages, remainingPages }) => progress(totalPages - remainingPages, totalPages),
    });
    progress(pages, pages);
    renameSync(part, target);
  } catch (error) {
    rmSync(part, { force: true });
    throw lostStore(error) ?? error;
  }
}

/** The same of a file that any process has open. */
export async function backupPath(
  path: string,
  target: string,
  progress: (done: number, total: number) => void,
): Promise<void> {
  const source = new DatabaseSync(path, { readOnly: true });
  try {
    source.exec('BEGIN; SELECT count(*) FROM sqlite_schema;');
    await backupFile(source, target, progress);
  } finally {
    source.close();
  }
}
