/**
 * Real servers for tests, from Debian's packages: unpacked below the system's temp directory, nothing is installed.
 * A test may download only with POSTHORN_TEST_PEERS=1; `scripts/get-peers.ts` downloads all. A program that is
 * installed already is used as it is.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync } from 'node:fs';
import { chmod, lstat, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { madeOnce } from '../postgres-binaries.ts';

/** What a peer needs; `program` says whether it is installed already. What the packages depend on comes with them. */
export interface PeerNeeds {
  readonly packages: readonly string[];
  readonly program: string;
}

export interface DebianPeer {
  /** Where the packages' `/` is: a folder, or '' for a program that is installed. */
  readonly root: string;
  /** PATH and LD_LIBRARY_PATH that reach into `root`, and nothing else of this process's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute path of a program. Throws when neither the packages nor the machine have it. */
  program(name: string): string;
}

export interface Missing {
  /** Why there is none, and what to do: the reason a test is skipped with. */
  readonly missing: string;
}

const PROOF = 'unpacked.json';
const DOWNLOAD_WITHIN_MS = 120_000;
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const run = promisify(execFile);

/** The peer, when it is installed, or in the cache, or may be downloaded. Never rejects for a peer that is not there. */
export async function debianPeer(
  { packages, program }: PeerNeeds,
  mayDownload = process.env.POSTHORN_TEST_PEERS === '1',
): Promise<DebianPeer | Missing> {
  if (findProgram('', program)) return peerAt('', []);
  if (process.platform !== 'linux') return { missing: `${program} is not installed` };
  const folder = join(await peersCache(), nameOf(packages));
  if (!existsSync(join(folder, PROOF)) && !mayDownload)
    return {
      missing: `${program} is not there; run npm run peers once, or set POSTHORN_TEST_PEERS=1, or install it`,
    };
  try {
    await madeOnce(folder, PROOF, (fresh) => unpackInto(fresh, packages));
    const { libraries } = JSON.parse(await readFile(join(folder, PROOF), 'utf8'));
    return peerAt(folder, libraries);
  } catch (error) {
    const why =
      error instanceof Error ? ((error.cause as Error | undefined) ?? error).message : String(error);
    return { missing: `${program} could not be fetched: ${why.trim().split('\n').slice(-2).join(' ')}` };
  }
}

/** One per user; a folder that somebody else put there is not trusted. Others may look in: servers drop their rights. */
export async function peersCache(): Promise<string> {
  const uid = process.getuid!();
  const folder = join(tmpdir(), `posthorn-peers-${uid}`);
  await mkdir(folder, { recursive: true });
  const found = await lstat(folder);
  if (!found.isDirectory() || found.uid !== uid)
    throw new Error(`${folder} belongs to somebody else; remove it, or set TMPDIR to another folder.`);
  await chmod(folder, 0o755);
  return folder;
}

function nameOf(packages: readonly string[]): string {
  const all = [...packages].sort().join(' ');
  return `${packages[0]}-${createHash('sha256').update(all).digest('hex').slice(0, 8)}`;
}

async function unpackInto(folder: string, packages: readonly string[]): Promise<void> {
  const debs = join(folder, '.debs');
  await mkdir(debs);
  await download(debs, packages);
  for (const name of await readdir(debs))
    await run('dpkg-deb', ['-x', join(debs, name), folder], { timeout: DOWNLOAD_WITHIN_MS });
  await rm(debs, { recursive: true });
  await chmod(folder, 0o755);
  await writeFile(join(folder, PROOF), JSON.stringify({ packages, libraries: await librariesIn(folder) }));
}

/** With the machine's package lists; when those are empty or too old, with fresh ones of our own. */
async function download(debs: string, packages: readonly string[]): Promise<void> {
  try {
    await downloadWith([], debs, packages);
  } catch {
    const lists = join(debs, '..', '.lists');
    await mkdir(join(lists, 'partial'), { recursive: true });
    const own = ['-o', `Dir::State::lists=${lists}`];
    await run('apt-get', [...own, '-o', 'APT::Sandbox::User=root', '-qq', 'update'], {
      timeout: DOWNLOAD_WITHIN_MS,
    });
    await downloadWith(own, debs, packages);
    await rm(lists, { recursive: true });
  }
}

async function downloadWith(options: string[], debs: string, packages: readonly string[]): Promise<void> {
  const apt = [...options, '-o', 'APT::Sandbox::User=root', '-qq'];
  // Names all that an installation would fetch, dependencies included, and installs nothing.
  const wanted = ['install', '--print-uris', '--no-install-recommends', ...packages];
  const { stdout } = await run('apt-get', [...apt, ...wanted], { timeout: DOWNLOAD_WITHIN_MS });
  const needed = [...stdout.matchAll(/^'[^']*' ([^_\s]+)_/gm)].map(([, name]) => name!);
  const names = new Set([...packages, ...needed]);
  await run('apt-get', [...apt, 'download', ...names], { cwd: debs, timeout: DOWNLOAD_WITHIN_MS });
}

/** The folders below `root` that hold shared libraries, as paths from there. */
async function librariesIn(root: string): Promise<string[]> {
  const found: string[] = [];
  for (const top of ['lib', 'usr/lib']) {
    const folder = join(root, top);
    if (!existsSync(folder)) continue;
    for (const name of await readdir(folder, { recursive: true }))
      if (/\.so(\.\d+)*$/.test(name)) found.push(join(top, name, '..'));
  }
  // Plug-ins lie deeper than the libraries that programs are linked with.
  return [...new Set(found)].filter((path) => path.split('/').length <= 3);
}

function peerAt(root: string, libraries: readonly string[]): DebianPeer {
  const bins = ['usr/sbin', 'usr/bin', 'sbin', 'bin'].map((path) => join(root, path));
  const env = {
    PATH: root === '' ? SYSTEM_PATH : [...bins, SYSTEM_PATH].join(':'),
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    ...(libraries.length > 0 && {
      LD_LIBRARY_PATH: libraries.map((path) => join(root, path)).join(':'),
    }),
  };
  return {
    root,
    env,
    program(name) {
      const path = findProgram(root, name) ?? findProgram('', name);
      if (!path) throw new Error(`The packages hold no program called ${name}.`);
      return path;
    },
  };
}

function findProgram(root: string, name: string): string | null {
  const folders = `${root === '' ? `${process.env.PATH}:` : ''}${SYSTEM_PATH}`.split(':');
  for (const folder of folders) {
    const path = join(root === '' ? '/' : root, folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // The next folder.
    }
  }
  return null;
}
