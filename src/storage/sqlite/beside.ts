/** A store that another process may be running on: for `backup` and `doctor`. Takes no lock and writes nothing. */
import { existsSync } from 'node:fs';
import type { BesideStore, SealedSample } from '../sql/beside-store.ts';
import { StorageRefused } from '../sql/refused.ts';
import { backupPath } from './backup.ts';
import { checkFile, checkSqliteVersion } from './check-file.ts';
import { openReader } from './connection.ts';
import { refusalOf } from './errors.ts';
import { checkReadable } from './migrate.ts';
import { Reader } from './reader.ts';

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
      check: async () =>
        db
          .all<{ quick_check: string }>(`PRAGMA quick_check(${FINDINGS_MAX})`)
          .map((row) => row.quick_check)
          .filter((finding) => finding !== 'ok'),
      stats: async () => reader.read('stats', null, { now: 0, endsAt: Number.POSITIVE_INFINITY }),
      sealedSample: async () => db.get<SealedSample>(SEALED_SAMPLE) ?? null,
      close: async () => reader.close(),
    };
  } catch (error) {
    throw refusalOf(error, path);
  }
}
