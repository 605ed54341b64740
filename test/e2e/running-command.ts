/** A command that goes on until it is told to stop, as somebody has it in a terminal. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ROOT } from '../support/source-files.ts';
import { environment } from './command.ts';

const COMMAND = join(ROOT, 'bin', 'posthorn.js');
const WAIT_MS_MAX = 15_000;
const LOOK_MS = 15;

export class RunningCommand implements AsyncDisposable {
  readonly #child: ChildProcess;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], settings: Readonly<Record<string, string>>) {
    const child = spawn(process.execPath, [COMMAND, ...args], {
      env: environment(settings),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.on('data', (chunk) => (this.stdout += chunk));
    child.stderr.on('data', (chunk) => (this.stderr += chunk));
    this.#child = child;
  }

  /** Resolves when it has said that on stderr. */
  says(words: RegExp): Promise<void> {
    return this.#until(() => words.test(this.stderr), String(words));
  }

  /** The lines on stdout, when there are so many. */
  async lines(count: number): Promise<readonly string[]> {
    const lines = (): string[] => this.stdout.split('\n').slice(0, -1);
    await this.#until(() => lines().length >= count, `${count} lines`);
    return lines();
  }

  /** Sends the signal and waits for the end; the exit code, null after a kill. */
  async end(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const gone = once(child, 'close');
    child.kill(signal);
    await gone;
    return child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
  }

  async #until(holds: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + WAIT_MS_MAX;
    while (!holds()) {
      const { exitCode, signalCode } = this.#child;
      if (exitCode !== null || signalCode !== null || Date.now() > deadline)
        throw new Error(`no ${what} (exit ${exitCode ?? signalCode}): ${this.stdout}\n${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}
