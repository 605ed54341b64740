/** What commands do to a store without serving from it. */
import { existsSync, statSync } from 'node:fs';
import { BadSetting } from '../config/parse.ts';
import type { Config } from '../config/settings.ts';
import { migrateSqlite, openSqliteBeside, StorageRefused } from '../storage/index.ts';
import { openLog } from './open-log.ts';
import { storePath } from './start.ts';
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
  const store = await openSqliteBeside(storePath(config));
  try {
    await store.backup(file, progress);
  } finally {
    store.close();
  }
  return statSync(file).size;
}

/** After an automatic backup; the store's lock refuses it while a server runs. */
export function migrateStore(config: Config): Promise<{ from: number; to: number }> {
  return migrateSqlite({ path: storePath(config), clock: systemClock, log: openLog('warn') });
}
