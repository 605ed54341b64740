/** How commands speak: sentences and progress for people on stderr, results on stdout, JSON when asked for. */
import { styleText } from 'node:util';
import { isStorageRefused } from '../app/store.ts';
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

/** A line that is rewritten on a terminal and appended, at most once a second, elsewhere. */
export function progress(label: string): (done: number, total: number) => void {
  let lastAt = 0;
  return (done, total) => {
    const at = Date.now();
    const isLast = done >= total;
    if (!isLast && at - lastAt < (process.stderr.isTTY ? 100 : 1000)) return;
    lastAt = at;
    const share = total === 0 ? 100 : Math.floor((done / total) * 100);
    const bar = '█'.repeat(Math.floor(share / 5)).padEnd(20, '░');
    const line = `${label} ${bar} ${share} % (${done}/${total})`;
    process.stderr.write(process.stderr.isTTY ? `\r${line}${isLast ? '\n' : ''}` : `${line}\n`);
  };
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
      exit: cause.code === 'locked' ? EXIT.locked : EXIT.store,
      code: cause.code,
      sentence: cause.message,
    };
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
