/** What commands do to a store without serving from it. */
import { existsSync, statSync } from 'node:fs';
import { BadSetting } from '../config/parse.ts';
import type { Config } from '../config/settings.ts';
import { StorageRefused } from '../storage/sql/refused.ts';
import { openSqliteBeside } from '../storage/sqlite/beside.ts';
import { openSqlite } from '../storage/sqlite/open.ts';
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

/** Opening migrates, after an automatic backup; the lock refuses it while a server runs. */
export async function migrateStore(config: Config): Promise<{ from: number; to: number }> {
  const path = storePath(config);
  const from = existsSync(path) ? await schemaVersion(path) : 0;
  const storage = await openSqlite({ path, form: 'inline', clock: systemClock, log: openLog('warn') });
  const { schemaVersion: to } = await storage.upkeep.stats();
  await storage.upkeep.close();
  return { from, to };
}

async function schemaVersion(path: string): Promise<number> {
  const store = await openSqliteBeside(path);
  const { schemaVersion: version } = store.stats();
  store.close();
  return version;
}
