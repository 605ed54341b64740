/** What may happen to a cluster: nodes and its database are killed and paused, each for a while. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SeededDice } from '../support/seeded-dice.ts';
import type { TestCluster } from './cluster.ts';
import type { ServerProcess } from './command.ts';

/** In this order: two of the database one after the other would leave no time to work. */
export const FAULTS = ['node killed', 'database killed', 'node paused', 'database paused'] as const;
export type FaultKind = (typeof FAULTS)[number];

/** Down or paused for so many ms. Some pauses of a node are longer than its lease of 3 s, some are not. */
const LASTS_MS: Readonly<Record<FaultKind, readonly [number, number]>> = {
  'node killed': [0, 5_000],
  'node paused': [1_000, 8_000],
  'database killed': [0, 3_000],
  'database paused': [1_000, 6_000],
};
const START_TRIES_MAX = 60;
const START_PAUSE_MS = 500;

export interface FaultOptions {
  readonly faults: number;
  /** Over which they are spread. */
  readonly seconds: number;
  readonly dice: SeededDice;
  readonly onFault: (line: string) => void;
}

/**
 * Faults one after the other, often before the one before is over; never two of the same node or of the database.
 * Resolves when all are over and everything runs.
 */
export async function inflict(
  cluster: TestCluster,
  options: FaultOptions,
): Promise<Record<FaultKind, number>> {
  const { dice } = options;
  const counts = { 'node killed': 0, 'database killed': 0, 'node paused': 0, 'database paused': 0 };
  const underWay = new Map<ServerProcess | 'database', Promise<void>>();
  const pauseMs = (options.seconds * 1000) / options.faults;
  for (let fault = 0; fault < options.faults; fault++) {
    await sleep(pauseMs * (0.5 + dice.uniform()));
    // Each kind has its turn, so that a short run has them all.
    const kind = FAULTS[fault % FAULTS.length]!;
    const subject = kind.startsWith('database') ? 'database' : await freeNode(cluster, underWay, dice);
    await underWay.get(subject);
    const lastsMs = dice.between(...LASTS_MS[kind]);
    counts[kind]++;
    const name = subject === 'database' ? '' : ` ${cluster.nodes.indexOf(subject)}`;
    options.onFault(
      `fault ${fault + 1}/${options.faults}: ${kind}${name} for ${(lastsMs / 1000).toFixed(1)} s`,
    );
    const over = suffer(cluster, kind, subject, lastsMs).finally(() => underWay.delete(subject));
    // Awaited below or before its next fault; a rejection must not end the process meanwhile.
    over.catch(() => {});
    underWay.set(subject, over);
  }
  await Promise.all(underWay.values());
  return counts;
}

async function freeNode(
  { nodes }: TestCluster,
  underWay: ReadonlyMap<ServerProcess | 'database', Promise<void>>,
  dice: SeededDice,
): Promise<ServerProcess> {
  for (;;) {
    const free = nodes.filter((node) => !underWay.has(node));
    if (free.length > 0) return dice.pick(free);
    await Promise.race(nodes.map((node) => underWay.get(node)));
  }
}

async function suffer(
  { postgres }: TestCluster,
  kind: FaultKind,
  subject: ServerProcess | 'database',
  lastsMs: number,
): Promise<void> {
  if (subject === 'database') {
    if (kind === 'database killed') await postgres.kill();
    else postgres.pause();
    await sleep(lastsMs);
    if (kind === 'database killed') await postgres.start();
    else postgres.resume();
    return;
  }
  if (kind === 'node killed') await subject.end('SIGKILL');
  else subject.pause();
  await sleep(lastsMs);
  if (kind === 'node killed') await startAgain(subject);
  else subject.resume();
}

/** As whatever supervises a process does it: a node that finds no database ends, and is started again. */
async function startAgain(node: ServerProcess): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await node.start();
      return;
    } catch (cause) {
      if (tries === START_TRIES_MAX) throw cause;
      await sleep(START_PAUSE_MS);
    }
  }
}
