/** The one place that knows which store the settings mean: a file of this machine, or a database that nodes share. */
import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { BadSetting } from '../config/parse.ts';
import type { Config } from '../config/settings.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Storage } from '../ports/storage.ts';
import {
  type BesideStore,
  openPostgres,
  openPostgresBeside,
  openSqlite,
  openSqliteBeside,
} from '../storage/index.ts';
import { storeFile } from './store-file.ts';
import { systemClock } from './system-clock.ts';
import { VERSION } from './version.ts';
import { workerUrl } from './worker-url.ts';

export interface OpenStore {
  readonly storage: Storage;
  /** Of a shared store: the database's time, so that nodes whose clocks differ agree. */
  readonly clock: Clock;
}

/** For reading and writing; makes it when there is none. Throws BadSetting or StorageRefused. Close its `upkeep`. */
export async function openStorage(config: Config, log: Log): Promise<OpenStore> {
  const clock = systemClock;
  if (config.databaseUrl !== null) {
    return openPostgres({
      url: config.databaseUrl,
      nodeName: config.nodeName ?? hostname(),
      version: VERSION,
      poolMax: config.databasePool,
      clock,
      log,
    });
  }
  const path = storePath(config);
  return { storage: await openSqlite({ path, form: 'worker', clock, log, ...workerUrl() }), clock };
}

/** For commands that look at a store beside the servers that run on it. Throws StorageRefused. */
export function openStoreBeside(config: Config): Promise<BesideStore> {
  return config.databaseUrl === null
    ? openSqliteBeside(storeFile(config))
    : openPostgresBeside({ url: config.databaseUrl });
}

/** How people know the store; never with its password. */
export function storeName(config: Config): string {
  if (config.databaseUrl === null) return storeFile(config);
  const { host, pathname } = new URL(config.databaseUrl);
  return `postgres://${host}${pathname}`;
}

/** Where the embedded store is; makes its folder. */
export function storePath(config: Config): string {
  try {
    mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new BadSetting(
      'POSTHORN_DATA_DIR',
      `cannot make the folder ${config.dataDir} (${code}); choose one that can be written.`,
    );
  }
  return storeFile(config);
}
