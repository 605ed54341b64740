/**
 * The secrets for a store that may be older than they are. Without the main secret that it was made with, no delivery
 * could be signed; and new secrets beside an old store would only hide that the old ones are missing.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BadSetting } from '../config/parse.ts';
import type { Config } from '../config/settings.ts';
import { deriveSealingKeys, open, SealBroken } from '../core/sealing.ts';
import type { SealedSample } from '../storage/index.ts';
import { openStoreBeside } from './open-storage.ts';
import { loadSecrets, SECRETS_FILE, type Secrets } from './secrets.ts';

/** Makes secrets when there are none and nothing needs the old ones. Throws BadSetting. */
export async function fittingSecrets(config: Config): Promise<Secrets> {
  const sample = await sealedSample(config);
  const file = join(config.dataDir, SECRETS_FILE);
  if (config.databaseUrl === null && sample !== null && config.mainSecret === null && !existsSync(file)) {
    throw new BadSetting(
      file,
      'is missing, but the store holds secrets that were encrypted with it; put it back from your backup, or set POSTHORN_MAIN_SECRET and POSTHORN_JWT_SECRET to what it held.',
    );
  }
  const secrets = loadSecrets(config, { make: true });
  if (sample !== null) checkFit(sample, secrets);
  return secrets;
}

/** null when nothing is sealed yet. What is wrong with the file is for its opening to say. */
async function sealedSample(config: Config): Promise<SealedSample | null> {
  try {
    const store = await openStoreBeside(config);
    try {
      return await store.sealedSample();
    } finally {
      await store.close();
    }
  } catch {
    return null;
  }
}

/** A single row that was altered is no reason not to serve the others. */
function checkFit(sample: SealedSample, secrets: Secrets): void {
  try {
    open(sample.sealed, { keys: deriveSealingKeys(secrets.mainSecrets), context: sample });
  } catch (cause) {
    if (!(cause instanceof SealBroken) || cause.reason !== 'unknown-key') return;
    throw new BadSetting(
      'POSTHORN_MAIN_SECRET',
      'does not fit the store: its secrets were encrypted with another one; put that one back (behind the new one, if there is one).',
    );
  }
}
