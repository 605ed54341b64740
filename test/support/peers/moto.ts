/**
 * Moto, an independent implementation of Amazon's services (https://docs.getmoto.org/), fetched once by pip into a cache
 * below the system's temp directory; only with POSTHORN_TEST_PEERS=1 is anything fetched. It keeps all in memory.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { madeOnce } from '../postgres-binaries.ts';
import { type Missing, peersCache } from './debian-peer.ts';
import { freePort, type Peer, peerFolder, startPeer } from './peer-process.ts';

const VERSION = '5';
const FETCH_WITHIN_MS = 240_000;
const PROOF = 'moto/server.py';
const run = promisify(execFile);

export interface Moto extends Peer {
  readonly port: number;
}

export async function startMoto(): Promise<Moto | Missing> {
  const packages = await getPeer();
  if (typeof packages !== 'string') return packages;
  const port = await freePort();
  const folder = await peerFolder('moto', {});
  const start = `from moto.server import main; main(["-H", "127.0.0.1", "-p", "${port}"])`;
  const peer = await startPeer(folder, {
    program: await pythonProgram(),
    args: ['-c', start],
    env: { PATH: process.env.PATH ?? '', PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' },
    ports: [port],
  });
  return Object.assign(peer, { port });
}

/** The interpreter itself: a launcher in front of it would be what is ended, and not the server. */
async function pythonProgram(): Promise<string> {
  const { stdout } = await run('python3', ['-c', 'import sys; print(sys.executable)']);
  return stdout.trim();
}

/** Where the packages are, fetched when they may be. */
export async function getPeer(
  mayDownload = process.env.POSTHORN_TEST_PEERS === '1',
): Promise<string | Missing> {
  try {
    await run('python3', ['-m', 'pip', '--version']);
  } catch {
    return { missing: 'Moto needs Python 3 with pip' };
  }
  const folder = join(await peersCache(), `moto-${VERSION}`);
  if (!existsSync(join(folder, PROOF)) && !mayDownload)
    return { missing: 'Moto is not there; run npm run peers once, or set POSTHORN_TEST_PEERS=1' };
  try {
    await madeOnce(folder, PROOF, async (fresh) => {
      const install = ['-m', 'pip', 'install', '-q', '--target', fresh, `moto[server]~=${VERSION}.0`];
      await run('python3', install, { timeout: FETCH_WITHIN_MS });
    });
    return folder;
  } catch (error) {
    const { cause } = error as Error;
    return { missing: `Moto could not be fetched: ${cause instanceof Error ? cause.message : error}` };
  }
}
