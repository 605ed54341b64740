/** The move from the embedded store to a database that many nodes share. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type MovedCount,
  type MovedTable,
  moveRows,
  openMoveSource,
  openMoveTarget,
} from '../storage/index.ts';
import { openLog } from './open-log.ts';
import { SECRETS_FILE } from './secrets.ts';

export interface MoveStoreOptions {
  /** A posthorn.db that no server runs on. */
  readonly from: string;
  /** URL of a PostgreSQL database: empty, or half-filled by an earlier run with the same file. */
  readonly to: string;
  readonly progress: (table: MovedTable, done: number, total: number) => void;
  /** Ends it so that the next run goes on: rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

export interface MovedStore {
  readonly counts: readonly MovedCount[];
  /** False: the database stays closed to nodes. */
  readonly isWhole: boolean;
  /** Where the file's secrets are kept; null = they were set. */
  readonly secretsFile: string | null;
}

/** Rejects with StorageRefused when it cannot begin or go on; the file never changes. */
export async function moveStore({ from, to, ...options }: MoveStoreOptions): Promise<MovedStore> {
  const source = openMoveSource(from);
  try {
    const target = await openMoveTarget({ url: to, fingerprint: source.fingerprint, log: openLog('warn') });
    try {
      const counts = await moveRows(source, target, options);
      const secretsFile = join(dirname(from), SECRETS_FILE);
      return {
        counts,
        isWhole: counts.every(({ isSame }) => isSame),
        secretsFile: existsSync(secretsFile) ? secretsFile : null,
      };
    } finally {
      await target.close();
    }
  } finally {
    source.close();
  }
}
