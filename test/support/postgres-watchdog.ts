/**
 * Ends a PostgreSQL server whose starter died, and removes its folder. It is told the postmaster's process id, one a line
 * (0: it has ended), through a pipe that closes with the starter, however that dies.
 */
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { haveEnded, killTree, send, signalTree } from './process-tree.ts';

const QUIT_WITHIN_MS = 5_000;

const folder = process.argv[2]!;
let postmaster = 0;
for await (const line of createInterface({ input: process.stdin })) postmaster = Number(line);
if (postmaster !== 0) {
  signalTree(postmaster, 'SIGCONT'); // What is paused cannot quit.
  send(postmaster, 'SIGQUIT');
  if (!(await haveEnded([postmaster], QUIT_WITHIN_MS))) killTree(postmaster);
}
rmSync(folder, { recursive: true, force: true });
