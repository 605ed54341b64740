/** How commands speak: sentences and progress for people on stderr, results on stdout, JSON when asked for. */
import { styleText } from 'node:util';
import { ImportRefused } from '../app/import/remote-server.ts';
import { isStorageRefused } from '../app/store.ts';
import { ServerProblem } from '../client/server-problem.ts';
import { BadSetting } from '../config/parse.ts';
import { EXIT } from './exit-codes.ts';

export function printResult(json: boolean, value: Readonly<Record<string, unknown>>, text: string): void {
  process.stdout.write(`${json ? JSON.stringify(value) : text}\n`);
}

/** A refusal as JSON, on stdout like a result: who asks for JSON reads one stream. */
export function printError(code: string, detail: string): void {
  process.stdout.write(`${JSON.stringify({ error: { code, detail } })}\n`);
}

export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** A bar with its pace; what an earlier run has done does not count for that. */
export function progress(label: string): (done: number, total: number) => void {
  const show = statusLine();
  const beganAt = Date.now();
  let doneBefore: number | undefined;
  return (done, total) => {
    doneBefore ??= done;
    const share = total === 0 ? 100 : Math.floor((done / total) * 100);
    const bar = '█'.repeat(Math.floor(share / 5)).padEnd(20, '░');
    const pace = paceOf(done - doneBefore, total - done, Date.now() - beganAt);
    show(`${label} ${bar} ${share} % (${done}/${total}${pace})`, done >= total);
  };
}

/** Nothing can be said of the first second. */
function paceOf(done: number, left: number, ms: number): string {
  if (ms < 1000 || done === 0) return '';
  const seconds = Math.ceil((left * ms) / done / 1000);
  const time = seconds < 100 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
  return `, ${Math.round((done / ms) * 1000)}/s${left > 0 ? `, ${time} left` : ''}`;
}

/** Progress of work whose end is not known; nothing is shown of what takes less than a second. Dispose of it at the end. */
export function counting(label: string, what: string): { tick(done: number): void } & Disposable {
  const show = statusLine();
  const beganAt = Date.now();
  let isShown = false;
  return {
    tick(done) {
      if (Date.now() - beganAt < 1000) return;
      isShown = true;
      show(`${label}: ${done} ${what} …`, false);
    },
    [Symbol.dispose]() {
      if (isShown && process.stderr.isTTY) process.stderr.write('\n');
    },
  };
}

const CLEAR_TO_END = '\x1b[K';
const REWRITE_EVERY_MS = 100;
const APPEND_EVERY_MS = 2000;

/** A line that is rewritten on a terminal and appended, now and then, elsewhere. */
function statusLine(): (line: string, isLast: boolean) => void {
  let lastAt = 0;
  return (line, isLast) => {
    const at = Date.now();
    const { isTTY } = process.stderr;
    if (!isLast && at - lastAt < (isTTY ? REWRITE_EVERY_MS : APPEND_EVERY_MS)) return;
    lastAt = at;
    process.stderr.write(isTTY ? `\r${line}${CLEAR_TO_END}${isLast ? '\n' : ''}` : `${line}\n`);
  };
}

const STORE_EXITS: Readonly<Record<string, number>> = { locked: EXIT.locked, 'bad-url': EXIT.unusable };

/** A server that is away, busy or takes no such token is one thing, an argument that it refuses another. */
function exitOf({ isPassing, status }: ServerProblem): number {
  return isPassing || status === 401 || status === 403 ? EXIT.remote : EXIT.unusable;
}

/** One sentence and the exit code for what a command may run into; anything else is a bug and keeps its stack. */
export function explain(cause: unknown): {
  readonly exit: number;
  readonly code: string;
  readonly sentence: string;
} {
  if (cause instanceof BadSetting)
    return { exit: EXIT.unusable, code: 'bad-setting', sentence: cause.message };
  if (isStorageRefused(cause))
    return {
      exit: STORE_EXITS[cause.code] ?? EXIT.store,
      code: cause.code,
      sentence: cause.message,
    };
  if (cause instanceof ServerProblem)
    return { exit: exitOf(cause), code: cause.code, sentence: cause.message };
  if (cause instanceof ImportRefused) return { exit: EXIT.remote, code: cause.code, sentence: cause.message };
  const { code, port, address } = cause as NodeJS.ErrnoException & { port?: number; address?: string };
  const where = `${address ?? ''}:${port ?? ''}`;
  if (code === 'EADDRINUSE')
    return {
      exit: EXIT.address,
      code,
      sentence: `${where} is taken by another program; stop it, or set POSTHORN_LISTEN to a free port.`,
    };
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL')
    return {
      exit: EXIT.address,
      code,
      sentence: `cannot listen on ${where} (${code}); set POSTHORN_LISTEN to an address and port you may use.`,
    };
  return {
    exit: EXIT.failed,
    code: 'failed',
    sentence: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause),
  };
}

/** Runs a command's body; a failure becomes a sentence on stderr (or JSON on stdout) and the exit code. */
export async function runCommand(json: boolean, body: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await body();
  } catch (cause) {
    const { exit, code, sentence } = explain(cause);
    if (json) printError(code, sentence);
    else say(`${styleText('red', 'posthorn:', { stream: process.stderr })} ${sentence}`);
    process.exitCode = exit;
  }
}
