/** The examination behind `posthorn doctor`: reads, never writes. */
import { existsSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/settings.ts';
import { deriveSealingKeys, open } from '../core/sealing.ts';
import type { BesideStore } from '../storage/index.ts';
import { openStoreBeside, storeName } from './open-storage.ts';
import { loadSecrets, type Secrets } from './secrets.ts';

export interface Finding {
  readonly state: 'ok' | 'warning' | 'problem';
  readonly about: string;
  readonly detail: string;
}

const FREE_BYTES_LOW = 1024 ** 3;
const CLOCK_FLOOR_MS = Date.UTC(2026, 0, 1);

export async function examine(config: Config): Promise<readonly Finding[]> {
  const secrets = findSecrets(config);
  return [
    secrets.finding,
    ...(await examineStore(config, secrets.value)),
    ...(config.databaseUrl === null ? [examineSpace(config.dataDir)] : []),
    ...examineReach(config),
    examineClock(),
  ];
}

function findSecrets(config: Config): { finding: Finding; value: Secrets | null } {
  try {
    const value = loadSecrets(config, { make: false });
    const file = join(config.dataDir, 'secrets.json');
    if (config.databaseUrl === null && existsSync(file) && (statSync(file).mode & 0o077) !== 0)
      return {
        value,
        finding: {
          state: 'problem',
          about: 'secrets',
          detail: `${file} can be read by others; run chmod 600 on it.`,
        },
      };
    return {
      value,
      finding: { state: 'ok', about: 'secrets', detail: 'are there and readable by their owner only.' },
    };
  } catch (cause) {
    return { value: null, finding: { state: 'problem', about: 'secrets', detail: (cause as Error).message } };
  }
}

async function examineStore(config: Config, secrets: Secrets | null): Promise<Finding[]> {
  let store: BesideStore;
  try {
    store = await openStoreBeside(config);
  } catch (cause) {
    return [{ state: 'problem', about: 'store', detail: (cause as Error).message }];
  }
  try {
    const faults = await store.check();
    const { bytes, schemaVersion, unsettledDeliveries } = await store.stats();
    const size = `${storeName(config)}: ${(bytes / 1e6).toFixed(1)} MB, schema version ${schemaVersion}, ${unsettledDeliveries} unsettled deliveries.`;
    return [
      faults.length === 0
        ? { state: 'ok', about: 'store', detail: size }
        : { state: 'problem', about: 'store', detail: `is damaged (${faults[0]}); restore a backup.` },
      ...(secrets ? await examineFit(store, secrets) : []),
    ];
  } finally {
    await store.close();
  }
}

/** Opens one sealed value: a wrong main secret would otherwise be noticed at the next delivery. */
async function examineFit(store: BesideStore, secrets: Secrets): Promise<Finding[]> {
  const sample = await store.sealedSample();
  if (sample === null)
    return [{ state: 'ok', about: 'main secret', detail: 'nothing is encrypted with it yet.' }];
  try {
    open(sample.sealed, { keys: deriveSealingKeys(secrets.mainSecrets), context: sample });
    return [{ state: 'ok', about: 'main secret', detail: 'fits the store.' }];
  } catch {
    const detail =
      'does not fit the store; set POSTHORN_MAIN_SECRET to the one it was made with (secrets.json of its data directory).';
    return [{ state: 'problem', about: 'main secret', detail }];
  }
}

function examineSpace(dataDir: string): Finding {
  if (!existsSync(dataDir))
    return { state: 'warning', about: 'space', detail: `${dataDir} does not exist yet.` };
  const { bavail, bsize } = statfsSync(dataDir);
  const free = `${((bavail * bsize) / 1e9).toFixed(1)} GB free in ${dataDir}.`;
  return { state: bavail * bsize < FREE_BYTES_LOW ? 'warning' : 'ok', about: 'space', detail: free };
}

function examineReach(config: Config): Finding[] {
  const isOpen = !['127.0.0.1', '::1', 'localhost'].includes(config.listen.host);
  const holes = config.allowSubnets.filter((cidr) => /\/[0-7]$/.test(cidr));
  return [
    isOpen && config.publicUrl?.startsWith('https://') !== true
      ? {
          state: 'warning',
          about: 'listen',
          detail: `${config.listen.host} is open to others; put TLS in front and set POSTHORN_PUBLIC_URL to its https:// address.`,
        }
      : { state: 'ok', about: 'listen', detail: `${config.listen.host}:${config.listen.port}` },
    holes.length > 0
      ? {
          state: 'warning',
          about: 'subnets',
          detail: `POSTHORN_ALLOW_SUBNETS opens very wide nets (${holes.join(', ')}); name the ones you need.`,
        }
      : {
          state: 'ok',
          about: 'subnets',
          detail:
            config.allowSubnets.length === 0
              ? 'no private network is open to deliveries (POSTHORN_ALLOW_SUBNETS is not set here).'
              : `deliveries may reach ${config.allowSubnets.join(', ')}.`,
        },
  ];
}

function examineClock(): Finding {
  const now = Date.now();
  if (now < CLOCK_FLOOR_MS)
    return {
      state: 'problem',
      about: 'clock',
      detail: `${new Date(now).toISOString()} is in the past; signatures and retries depend on the clock.`,
    };
  return { state: 'ok', about: 'clock', detail: new Date(now).toISOString() };
}
