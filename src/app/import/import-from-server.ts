/** Brings what is configured on a running Svix-compatible server into the store of this machine, through its API. */
import { existsSync } from 'node:fs';
import { BadSetting } from '../../config/parse.ts';
import type { Config } from '../../config/settings.ts';
import type { OrganizationId } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { SealedVault } from '../../engine/sealed-vault.ts';
import type { Maker } from '../../http/operations/endpoint/signing-keys.ts';
import { openApiReader } from '../../outbound/api-reader.ts';
import type { Storage } from '../../ports/storage.ts';
import { openSqlite } from '../../storage/index.ts';
import { fittingSecrets } from '../fitting-secrets.ts';
import { openLog } from '../open-log.ts';
import { openStorage } from '../open-storage.ts';
import { storeFile } from '../store-file.ts';
import { systemClock } from '../system-clock.ts';
import { systemDice } from '../system-dice.ts';
import type { ImportRun } from './bring-document.ts';
import { importApplications } from './import-applications.ts';
import { importOperationalEndpoints } from './import-endpoints.ts';
import { importEventTypes } from './import-event-types.ts';
import { ImportReport } from './import-report.ts';
import { ImportRefused, RemoteServer } from './remote-server.ts';

export interface ImportOptions {
  /** Address of the server's API, as the operator wrote it. */
  readonly from: string;
  /** A token of that server that owns the organization. */
  readonly token: string;
  /** Here. */
  readonly organization: string;
  /** Reads everything and writes nothing. */
  readonly dryRun: boolean;
  /** Called with the number of resources found so far. */
  readonly onFound: (found: number) => void;
}

/**
 * May be run again: what is the same stays untouched, what differs is updated, nothing is deleted. Throws BadSetting,
 * StorageRefused, or ImportRefused when the other server cannot be read (on).
 */
export async function importFromServer(config: Config, options: ImportOptions): Promise<ImportReport> {
  const base = baseOf(options.from);
  const reader = openApiReader(config);
  try {
    const remote = new RemoteServer({ base, token: options.token, reader });
    await remote.probe();
    // A dry run on a machine without a store makes none: it compares with an empty one.
    const isScratch = options.dryRun && !hasStore(config);
    const { storage } = isScratch
      ? { storage: await openScratch() }
      : await openStorage(config, openLog('warn'));
    try {
      const mainSecrets = isScratch ? [SCRATCH_SECRET] : (await fittingSecrets(config)).mainSecrets;
      const report = new ImportReport(options.onFound);
      const maker = makerOf(config, options.organization, mainSecrets);
      await importAll({ remote, storage, maker, report, dryRun: options.dryRun });
      return report;
    } finally {
      await storage.upkeep.close();
    }
  } catch (cause) {
    throw cause instanceof Problem && cause.code === 'unavailable'
      ? new ImportRefused('store', `The store does not answer: ${cause.message}`)
      : cause;
  } finally {
    await reader.close();
  }
}

/** Event types come first: endpoints filter by them. */
async function importAll(run: ImportRun): Promise<void> {
  if (!run.dryRun) await run.storage.catalog.openOrganization(run.maker.organization);
  await importEventTypes(run);
  await importApplications(run);
  await importOperationalEndpoints(run);
}

const SCRATCH_SECRET = 'seals what a dry run would have written';

function hasStore(config: Config): boolean {
  return config.databaseUrl !== null || existsSync(storeFile(config));
}

function openScratch(): Promise<Storage> {
  return openSqlite({ path: ':memory:', form: 'inline', clock: systemClock, log: openLog('warn') });
}

function makerOf(config: Config, organization: string, mainSecrets: readonly string[]): Maker {
  const dice = systemDice();
  return {
    organization: organization as OrganizationId,
    engine: { vault: new SealedVault(mainSecrets, dice) },
    clock: systemClock,
    dice,
    settings: config,
  };
}

/** Without a slash, and without the `/api/v1` that every path has. */
function baseOf(from: string): string {
  const url = URL.parse(from);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw new BadSetting('--from', 'needs the address of a server, e.g. https://webhooks.example.com.');
  return url.origin + url.pathname.replace(/\/+$/, '').replace(/\/api\/v1$/, '');
}
