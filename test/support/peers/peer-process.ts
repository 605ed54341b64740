/** One real server of a test, on loopback: started in a folder of its own, ended by its id, gone when its test dies. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { haveEnded, killTree, send } from '../process-tree.ts';

/** Generous: the machine may be busy with other tests. */
const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 5_000;
const LOG_LINES_TOLD = 8;
const NOBODY = 65_534;

export interface PeerProgram {
  /** Absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Ready when it takes connections on all of these ports of 127.0.0.1. */
  readonly ports: readonly number[];
  /** For servers that refuse to run as root, or that drop their rights: as nobody, when this process is root. */
  readonly asNobody?: boolean;
}

export interface Peer {
  /** Where its configuration and data are; removed with it. */
  readonly folder: string;
  readonly pid: number;
  /** What it has written so far. */
  log(): string;
  /** Asks it to end, and ends it. The folder stays: `start` of the same port continues on it. */
  stop(): Promise<void>;
  /** Starts it again, after `stop` or `kill`. */
  start(): Promise<void>;
  /** As after a power cut. */
  kill(): Promise<void>;
  /** Kills it and removes the folder. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A new folder for a peer, with these files in it. */
export async function peerFolder(
  name: string,
  files: Readonly<Record<string, string>>,
  asNobody = false,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `posthorn-${name}-`));
  await chmod(folder, 0o755);
  for (const [path, text] of Object.entries(files)) await writeFile(join(folder, path), text);
  if (asNobody && process.getuid?.() === 0) {
    for (const path of Object.keys(files)) await chown(join(folder, path), NOBODY, NOBODY);
    await chown(folder, NOBODY, NOBODY);
  }
  return folder;
}

/** Runs a server until it is ready. Rejects with the end of its log when it does not get there. */
export async function startPeer(folder: string, program: PeerProgram): Promise<Peer> {
  const watchdog = startWatchdog(folder);
  const log = join(folder, 'peer.log');
  let child = launch(folder, log, program);
  const end = async (isHard: boolean): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.ref(); // Or nothing would keep this process waiting.
    const exit = once(child, 'exit');
    if (!isHard) send(child.pid!, 'SIGTERM');
    if (isHard || !(await haveEnded([child.pid!], STOP_WITHIN_MS))) killTree(child.pid!);
    await exit;
    watchdog.tell(0);
  };
  const begun = async (): Promise<void> => {
    watchdog.tell(child.pid ?? 0);
    await isReady(child, program.ports, log);
  };
  const peer: Peer = {
    folder,
    get pid() {
      return child.pid!;
    },
    log: () => textOf(log),
    stop: () => end(false),
    kill: () => end(true),
    async start() {
      child = launch(folder, log, program);
      await begun();
    },
    async [Symbol.asyncDispose]() {
      await end(true);
      await rm(folder, { recursive: true, force: true });
      watchdog.end();
    },
  };
  try {
    await begun();
    return peer;
  } catch (error) {
    await peer[Symbol.asyncDispose]();
    throw error;
  }
}

/** A port of 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function launch(folder: string, log: string, { program, args, env, asNobody }: PeerProgram): ChildProcess {
  const output = openSync(log, 'a');
  const isRoot = process.getuid?.() === 0;
  const child = spawn(program, args, {
    ...(asNobody && isRoot && { uid: NOBODY, gid: NOBODY }),
    cwd: folder,
    env: { HOME: folder, ...env },
    // Of its own session: Ctrl-C is for this process, and the watchdog does the rest in order.
    detached: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  child.on('error', () => {}); // Told by `isReady`: it has no process id.
  child.unref();
  return child;
}

async function isReady(child: ChildProcess, ports: readonly number[], log: string): Promise<void> {
  const until = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const hasEnded = child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
    if (!hasEnded && (await Promise.all(ports.map(isOpen))).every(Boolean)) return;
    if (hasEnded || Date.now() > until) {
      const told = textOf(log).trimEnd().split('\n').slice(-LOG_LINES_TOLD).join('\n');
      throw new Error(
        `${child.spawnfile} ${hasEnded ? 'ended while starting' : 'is not ready'}; its log ends:\n${told}`,
      );
    }
    await sleep(10);
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** The same program that watches over PostgreSQL: it ends what it was told of when this process dies. */
function startWatchdog(folder: string): { tell(pid: number): void; end(): void } {
  const program = fileURLToPath(new URL('../postgres-watchdog.ts', import.meta.url));
  const child = spawn(process.execPath, [program, folder], {
    env: { PATH: process.env.PATH ?? '' },
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const pipe = child.stdin!;
  pipe.on('error', () => {}); // It was ended by hand; the server still ends with its test.
  child.unref();
  (pipe as unknown as { unref(): void }).unref();
  return { tell: (pid) => void pipe.write(`${pid}\n`), end: () => void pipe.end() };
}
