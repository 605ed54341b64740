/**
 * Secrets that are not set are made at first start and kept (0600) in the data directory, so that one process on one
 * file needs no set-up. They are not part of a backup of the store.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BadSetting } from '../config/parse.ts';
import type { Config } from '../config/settings.ts';

export interface Secrets {
  readonly mainSecrets: readonly string[];
  readonly jwtSecrets: readonly string[];
  /** True when this call made them. */
  readonly areNew: boolean;
}

export const SECRETS_FILE = 'secrets.json';

/** `make: false` (commands beside a server) refuses instead of making new ones. Throws BadSetting. */
export function loadSecrets(config: Config, options: { make: boolean }): Secrets {
  if (config.databaseUrl !== null) refuseMissing(config);
  const kept = config.mainSecret && config.jwtSecret ? {} : keptSecrets(config.dataDir, options.make);
  return {
    mainSecrets: config.mainSecret ?? [required(kept.mainSecret, config.dataDir)],
    jwtSecrets: config.jwtSecret ?? [required(kept.jwtSecret, config.dataDir)],
    areNew: kept.areNew ?? false,
  };
}

/** Nodes that share a database must share its secrets: one that made its own could neither read nor be read. */
function refuseMissing({ mainSecret, jwtSecret }: Config): void {
  const missing = mainSecret === null ? 'MAIN_SECRET' : jwtSecret === null ? 'JWT_SECRET' : null;
  if (missing === null) return;
  throw new BadSetting(
    `POSTHORN_${missing}`,
    'must be set in cluster mode, to the same on every node (16 characters or more, e.g. from `openssl rand -base64 32`).',
  );
}

interface Kept {
  readonly mainSecret?: string;
  readonly jwtSecret?: string;
  readonly areNew?: boolean;
}

function keptSecrets(dataDir: string, make: boolean): Kept {
  const path = join(dataDir, SECRETS_FILE);
  try {
    return readKept(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT')
      throw new BadSetting(
        path,
        `cannot be read (${(cause as Error).message}); restore it, or set POSTHORN_MAIN_SECRET and POSTHORN_JWT_SECRET.`,
      );
    if (!make)
      throw new BadSetting(
        path,
        'is not there yet: start the server once, or set POSTHORN_JWT_SECRET and POSTHORN_MAIN_SECRET.',
      );
  }
  const made: Kept = {
    mainSecret: randomBytes(32).toString('base64url'),
    jwtSecret: randomBytes(32).toString('base64url'),
  };
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    // `wx`: of two first starts at once, one makes the secrets and the other reads them.
    writeFileSync(path, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    chmodSync(path, 0o600);
    return { ...made, areNew: true };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') return readKept(path);
    throw new BadSetting(
      'POSTHORN_DATA_DIR',
      `cannot write ${path} (${code}); make the folder writable or choose another.`,
    );
  }
}

/** What is no object holds no secret, and is told so. */
function readKept(path: string): Kept {
  return Object(JSON.parse(readFileSync(path, 'utf8'))) as Kept;
}

function required(secret: string | undefined, dataDir: string): string {
  if (typeof secret === 'string' && secret.length >= 16) return secret;
  throw new BadSetting(
    join(dataDir, SECRETS_FILE),
    'holds no usable secret; restore it from your backup of the data directory.',
  );
}
