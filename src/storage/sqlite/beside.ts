/** A store that another process may be running on: for `backup` and `doctor`. Takes no lock and writes nothing. */
import { existsSync } from 'node:fs';
import type { Sealed } from '../../core/catalog/resources.ts';
import type { StoreStats } from '../../ports/upkeep.ts';
import { StorageRefused } from '../sql/refused.ts';
import { backupPath } from './backup.ts';
import { checkFile, checkSqliteVersion } from './check-file.ts';
import { openReader } from './connection.ts';
import { refusalOf } from './errors.ts';
import { checkReadable } from './migrate.ts';
import { Reader } from './reader.ts';

export interface BesideStore {
  /** A consistent copy; `target` must not exist. */
  backup(target: string, progress: (done: number, total: number) => void): Promise<void>;
  /** What SQLite's own check finds; empty = sound. Reads the whole file. */
  check(): readonly string[];
  stats(): StoreStats;
  /** One sealed value of the catalog and what it is bound to; null = there is none yet. */
  sealedSample(): SealedSample | null;
  close(): void;
}

export interface SealedSample {
  readonly sealed: Sealed;
  readonly organization: string;
  readonly id: string;
}

const FINDINGS_MAX = 20;
/** Any endpoint's signing key will do. */
const SEALED_SAMPLE = `
  SELECT doc ->> '$.keys[0].secret' AS sealed, organization.id AS organization, resource.id AS id
  FROM resource JOIN organization ON organization.no = resource.organization_no
  WHERE kind = 'destination' AND doc ->> '$.keys[0].secret' IS NOT NULL LIMIT 1`;

export async function openSqliteBeside(path: string): Promise<BesideStore> {
  checkSqliteVersion();
  if (!existsSync(path) || !checkFile(path)) {
    throw new StorageRefused(
      'not-found',
      `${path} does not exist; start Posthorn once, or name its data directory.`,
    );
  }
  try {
    const db = openReader(path);
    checkReadable(db.db, path);
    const reader = new Reader(db);
    return {
      backup: (target, progress) => backupPath(path, target, progress),
      check: () =>
        db
          .all<{ quick_check: string }>(`PRAGMA quick_check(${FINDINGS_MAX})`)
          .map((row) => row.quick_check)
          .filter((finding) => finding !== 'ok'),
      stats: () => reader.read('stats', null, { now: 0, endsAt: Number.POSITIVE_INFINITY }),
      sealedSample: () => db.get<SealedSample>(SEALED_SAMPLE) ?? null,
      close: () => reader.close(),
    };
  } catch (error) {
    throw refusalOf(error, path);
  }
}
