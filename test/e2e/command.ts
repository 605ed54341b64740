/** The built command as people run it: a process of its own on a free port and a data folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../support/source-files.ts';

const COMMAND = join(ROOT, 'bin', 'posthorn.js');
const READY_MS_MAX = 20_000;
const PING_MS_MAX = 2_000;
const LOG_CHARS_KEPT = 64 * 1024;

export interface Finished {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment of a command: settings of this machine's shell do not leak in. */
export function environment(settings: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('POSTHORN_'));
  return { ...Object.fromEntries(own), ...settings };
}

/** Runs the command to its end, at most 30 s. */
export async function run(
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
): Promise<Finished> {
  const child = spawn(process.execPath, [COMMAND, ...args], { env: environment(settings), timeout: 30_000 });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, stdout, stderr };
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}

/** A folder that goes when the test ends. */
export function temporaryFolder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'posthorn-e2e-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export interface ServerProcessOptions {
  /** Of another build; the checkout's unless said. */
  readonly command?: string;
  /** Of Node itself, as NODE_OPTIONS takes them. */
  readonly nodeOptions?: string;
}

/** A server process that can be killed and started again on the same port and data. */
export class ServerProcess implements AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly #options: ServerProcessOptions;
  #child: ChildProcess | null = null;
  #stderr = '';
  #log = '';

  constructor(port: number, settings: Readonly<Record<string, string>>, options: ServerProcessOptions = {}) {
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.#options = options;
    this.settings = {
      POSTHORN_LISTEN: `127.0.0.1:${port}`,
      POSTHORN_ALLOW_SUBNETS: '127.0.0.1/32',
      ...settings,
    };
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** The end of what it logged since its start. */
  get log(): string {
    return this.#log;
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  /** Resolves when the server answers. One that does not come up is ended. */
  async start(): Promise<void> {
    const { command = COMMAND, nodeOptions } = this.#options;
    const child = spawn(process.execPath, [command, 'start'], {
      env: { ...environment(this.settings), ...(nodeOptions ? { NODE_OPTIONS: nodeOptions } : {}) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#stderr = '';
    this.#log = '';
    child.stderr!.on('data', (chunk) => (this.#stderr += chunk));
    child.stdout!.on('data', (chunk) => (this.#log = (this.#log + chunk).slice(-LOG_CHARS_KEPT)));
    const deadline = Date.now() + READY_MS_MAX;
    while (Date.now() < deadline && child.exitCode === null && child.signalCode === null) {
      const signal = AbortSignal.timeout(PING_MS_MAX);
      const answer = await fetch(`${this.url}/api/v1/health/ping`, { signal }).catch(() => null);
      if (answer?.status === 204) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await this.end('SIGKILL');
    throw new Error(`the server did not come up: ${this.#stderr}`);
  }

  /** It stands still, and its connections stay open, until `resume`. */
  pause(): void {
    this.#child!.kill('SIGSTOP');
  }

  resume(): void {
    this.#child!.kill('SIGCONT');
  }

  /** Sends the signal and waits for the process to be gone; its exit code, null after a kill. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
    return child.exitCode;
  }

  async token(organization?: string): Promise<string> {
    const { stdout } = await run(['token', ...(organization ? [organization] : [])], this.settings);
    return stdout.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
  }
}
