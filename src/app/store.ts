/** What commands do to a store without serving from it. */
import { existsSync, statSync } from 'node:fs';
import { BadSetting } from '../config/parse.ts';
import type { Config } from '../config/settings.ts';
import { migratePostgres, migrateSqlite, StorageRefused } from '../storage/index.ts';
import { openLog } from './open-log.ts';
import { openStoreBeside, storePath } from './open-storage.ts';
import { systemClock } from './system-clock.ts';

export function isStorageRefused(cause: unknown): cause is StorageRefused {
  return cause instanceof StorageRefused;
}

/** A consistent copy, also while a server runs. The size of the copy in bytes. */
export async function backupStore(
  config: Config,
  file: string,
  progress: (done: number, total: number) => void,
): Promise<number> {
  if (existsSync(file)) throw new BadSetting(file, 'exists already; name a file that does not.');
  const store = await openStoreBeside(config);
  try {
    await store.backup(file, progress);
  } finally {
    await store.close();
  }
  return statSync(file).size;
}

/**
 * Brings the store to this version's schema. The embedded one after an automatic backup, and never while a server runs;
 * a shared one while older nodes go on working.
 */
export function migrateStore(config: Config): Promise<{ from: number; to: number }> {
  if (config.databaseUrl !== null) return migratePostgres({ url: config.databaseUrl, log: openLog('warn') });
  return migrateSqlite({ path: storePath(config), clock: systemClock, log: openLog('warn') });
}
