/** The postmaster of one data folder, and the watchdog that ends it when this process dies. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CLEAN_ENVIRONMENT, type PostgresBinaries } from './postgres-binaries.ts';
import type { ServerFolder } from './postgres-data-folder.ts';
import { haveEnded, killTree, send, signalTree } from './process-tree.ts';

/** Generous: the machine may be busy with other tests. */
const START_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 30_000;
const LOG_LINES_TOLD = 8;

export interface Postmaster {
  /** Until it accepts connections. Rejects with the end of its log when it does not, and with PortTaken when another has it. */
  start(port: number): Promise<void>;
  /** fast: connections are cut, all is written; immediate: as after a power cut, for what nobody will read again. */
  shutDown(how: 'fast' | 'immediate'): Promise<void>;
  kill(): Promise<void>;
  pause(): void;
  resume(): void;
  /** Shuts down and removes the folder. */
  end(): Promise<void>;
}

export class PortTaken extends Error {}

export function postmasterOf(
  binaries: PostgresBinaries,
  { folder, data }: ServerFolder,
  settings: Readonly<Record<string, string>>,
): Postmaster {
  const watchdog = startWatchdog(folder);
  const log = join(folder, 'server.log');
  let running: ChildProcess | undefined;

  const start = async (port: number): Promise<void> => {
    if (running) throw new Error('This PostgreSQL server runs already.');
    const options = Object.entries({ ...settings, port: String(port) });
    const child = launch(binaries, data, log, options);
    running = child;
    watchdog.tell(child.pid!);
    child.once('exit', () => {
      if (running !== child) return;
      running = undefined;
      watchdog.tell(0);
    });
    await isReady(child, data, log);
  };
  const ended = async (pids: readonly number[]): Promise<void> => {
    if (!(await haveEnded(pids, STOP_WITHIN_MS)))
      throw new Error(`PostgreSQL (process ${pids[0]}) did not end within ${STOP_WITHIN_MS / 1000} s.`);
  };
  const shutDown = async (how: 'fast' | 'immediate'): Promise<void> => {
    const child = running;
    if (!child) return;
    signalTree(child.pid!, 'SIGCONT');
    send(child.pid!, how === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await ended([child.pid!]);
    await exited(child);
  };
  return {
    start,
    shutDown,
    async kill() {
      const child = running;
      if (!child) return;
      await ended(killTree(child.pid!));
      await exited(child);
    },
    pause: () => void (running && signalTree(running.pid!, 'SIGSTOP')),
    resume: () => void (running && signalTree(running.pid!, 'SIGCONT')),
    async end() {
      await shutDown('immediate');
      await rm(folder, { recursive: true, force: true });
      watchdog.end();
    },
  };
}

function launch(
  { bin, as }: PostgresBinaries,
  data: string,
  log: string,
  settings: readonly (readonly [string, string])[],
): ChildProcess {
  const output = openSync(log, 'w');
  const child = spawn(
    join(bin, 'postgres'),
    ['-D', data, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    {
      ...as,
      cwd: data,
      env: CLEAN_ENVIRONMENT,
      // Of its own session: Ctrl-C is for this process, and the watchdog does the rest in order.
      detached: true,
      stdio: ['ignore', output, output],
    },
  );
  closeSync(output);
  child.unref();
  return child;
}

/** As pg_ctl sees it: the eighth line of postmaster.pid. */
async function isReady(child: ChildProcess, data: string, log: string): Promise<void> {
  const until = Date.now() + START_WITHIN_MS;
  for (;;) {
    const lines = textOf(join(data, 'postmaster.pid')).split('\n');
    if (lines[0] === String(child.pid) && lines[7]?.startsWith('ready')) return;
    const hasEnded = child.exitCode !== null || child.signalCode !== null;
    if (hasEnded || Date.now() > until) {
      killTree(child.pid!);
      const told = textOf(log).trimEnd().split('\n').slice(-LOG_LINES_TOLD).join('\n');
      if (/could not bind .*address/i.test(told)) throw new PortTaken(told);
      throw new Error(
        `PostgreSQL ${hasEnded ? 'ended while starting' : 'is not ready'}; its log ends:\n${told}`,
      );
    }
    await sleep(5);
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

async function exited(child: ChildProcess): Promise<void> {
  child.ref();
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

function startWatchdog(folder: string): { tell(pid: number): void; end(): void } {
  const program = fileURLToPath(new URL('postgres-watchdog.ts', import.meta.url));
  const child = spawn(process.execPath, [program, folder], {
    env: CLEAN_ENVIRONMENT,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const pipe = child.stdin!;
  pipe.on('error', () => {}); // It was ended by hand; the server still ends with `stop`.
  child.unref();
  (pipe as unknown as { unref(): void }).unref();
  return { tell: (pid) => void pipe.write(`${pid}\n`), end: () => void pipe.end() };
}
