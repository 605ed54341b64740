/**
 * Downloads and unpacks the real servers that some tests talk to (`test/support/peers/`), once, below the system's temp
 * directory. Nothing is installed. Ends with 0 also when some could not be had: their tests are skipped, with the reason.
 * `--all`: the large ones, too.
 */
import { readdir } from 'node:fs/promises';
import { debianPeer, type Missing, type PeerNeeds } from '../test/support/peers/debian-peer.ts';

/** Debian's packages, or a way of its own to get what it needs. */
interface PeerModule {
  readonly NEEDS?: PeerNeeds;
  readonly getPeer?: (mayDownload: boolean) => Promise<string | Missing>;
}

/** From 46 to 292 MB each, where the others are a few. */
const LARGE = ['kafka.ts', 'moto.ts', 'rabbitmq.ts'];
const wantsAll = process.argv.includes('--all');

const folder = new URL('../test/support/peers/', import.meta.url);
for (const name of (await readdir(folder)).sort()) {
  if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue;
  if (LARGE.includes(name) && !wantsAll) continue;
  const { NEEDS, getPeer } = (await import(new URL(name, folder).href)) as PeerModule;
  if (getPeer) {
    const path = await getPeer(true);
    console.log(`${name.slice(0, -3)}: ${typeof path === 'string' ? path : path.missing}`);
  }
  if (!NEEDS) continue;
  const found = await debianPeer(NEEDS, true);
  console.log(`${NEEDS.program}: ${'missing' in found ? found.missing : found.program(NEEDS.program)}`);
}
