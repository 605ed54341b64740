/** Starting, asking and measuring the bench's processes. CPU and memory are the operating system's own accounting. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CLOCK_TICKS_PER_SECOND = 100;

export interface Peer extends AsyncDisposable {
  readonly pid: number;
  ask<T>(message: unknown): Promise<T>;
}

/** A script of bench/ in a process of its own; `hello` is the first message it sends. */
export async function startPeer<T>(
  script: string,
  args: readonly string[] = [],
): Promise<Peer & { hello: T }> {
  const child = fork(join(ROOT, 'bench', script), [...args], { serialization: 'advanced' });
  const hello = (await once(child, 'message'))[0] as T;
  return {
    hello,
    pid: child.pid!,
    async ask(message) {
      const answer = once(child, 'message');
      child.send(message as object);
      return (await answer)[0];
    },
    [Symbol.asyncDispose]: () => end(child, 'SIGTERM'),
  };
}

export interface Server extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  readonly token: string;
  readonly dataDir: string;
  /** Ms from spawn to the first answered health check. */
  readonly startMs: number;
  stop(signal: NodeJS.Signals): Promise<void>;
}

/** The built command, as people run it, with its log thrown away. */
export async function startServer(
  options: { dataDir?: string; env?: Record<string, string> } = {},
): Promise<Server> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'posthorn-bench-'));
  const port = await freePort();
  const env = {
    ...process.env,
    POSTHORN_DATA_DIR: dataDir,
    POSTHORN_LISTEN: `127.0.0.1:${port}`,
    POSTHORN_ALLOW_SUBNETS: '127.0.0.1/32',
    ...options.env,
  };
  const command = join(ROOT, 'bin', 'posthorn.js');
  const started = performance.now();
  const child = spawn(process.execPath, [command, 'start'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr!.on('data', (chunk) => (complaint = (complaint + chunk).slice(-2000)));
  await untilHealthy(
    port,
    () => child.exitCode !== null,
    () => complaint,
  );
  const startMs = performance.now() - started;
  const token = await output(process.execPath, [command, 'token'], env);
  return {
    pid: child.pid!,
    port,
    token,
    dataDir,
    startMs,
    stop: (signal) => end(child, signal),
    async [Symbol.asyncDispose]() {
      await end(child, 'SIGTERM');
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function untilHealthy(port: number, exited: () => boolean, complaint: () => string): Promise<void> {
  for (let tries = 0; tries < 1500; tries++) {
    if (exited()) throw new Error(`the server ended: ${complaint()}`);
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/health/ping`).catch(() => null);
    if (answer?.status === 204) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`the server did not answer within 30 s: ${complaint()}`);
}

async function output(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  await once(child, 'close');
  return text.trim();
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'exit');
  child.kill(signal);
  const hard = setTimeout(() => child.kill('SIGKILL'), 30_000);
  await closed;
  clearTimeout(hard);
}

/** CPU that a process has used so far, all threads, user and system, in µs (10 ms steps). */
export function cpuMicros(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND) * 1e6;
}

/** Peak and current resident memory in MB. */
export function memoryMb(pid: number): { peak: number; now: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kb = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
  return { peak: kb('VmHWM') / 1024, now: kb('VmRSS') / 1024 };
}
