/**
 * Notices that the database was removed or replaced while it is open. The kernel keeps such a file for those who have
 * it open, so every write would succeed, be answered, and be lost with the process.
 */
import { statSync } from 'node:fs';
import { Problem } from '../../core/problem.ts';
import { RETRY_AFTER_SECONDS } from '../sql/limits.ts';

export class SameFile {
  readonly #path: string;
  readonly #file: string | undefined;
  /** The log comes into being with the first write. */
  #log: string | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#file = identity(path);
  }

  /** Throws Problem `unavailable`. Two calls of the system: nothing beside the fsync of a commit. */
  check(): void {
    const log = identity(`${this.#path}-wal`);
    this.#log ??= log;
    if (identity(this.#path) === this.#file && log === this.#log) return;
    throw new Problem(
      'unavailable',
      'The database file was removed or replaced while it was in use; stop Posthorn, then put the file back or restore a backup.',
      { retryAfterSeconds: RETRY_AFTER_SECONDS },
    );
  }
}

function identity(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? undefined : `${stat.dev}:${stat.ino}`;
}
