/** Processes by their id: whose children they are, and whether they still run. Linux and macOS. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const LISTS = 3;

function childrenOf(pid: number): number[] {
  const numbers = (text: string): number[] => text.trim().split(/\s+/).filter(Boolean).map(Number);
  try {
    if (existsSync('/proc/self/task'))
      return numbers(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));
    const lines = execFileSync('ps', ['-A', '-o', 'ppid=,pid='], { encoding: 'utf8' }).split('\n');
    return lines.map(numbers).flatMap(([parent, child]) => (parent === pid ? [child!] : []));
  } catch {
    return []; // It has ended.
  }
}

/** Also false for a process that ended and that nobody has asked about yet, as under a container's PID 1. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    if (!existsSync('/proc/self/stat')) return true;
    return !/\) [ZX] [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Signals a process and then its children; returns those that it reached. */
export function signalTree(pid: number, signal: NodeJS.Signals): number[] {
  const reached = new Set<number>();
  if (send(pid, signal)) reached.add(pid);
  // Again, because the list may miss a child that is just being born or another that is just being buried.
  for (let pass = 0; pass < LISTS; pass++)
    for (const child of childrenOf(pid)) if (!reached.has(child) && send(child, signal)) reached.add(child);
  return [...reached];
}

/** Kills a process and its children, before any of them can do another thing; returns them. */
export function killTree(pid: number): number[] {
  const stopped = signalTree(pid, 'SIGSTOP');
  for (const one of stopped) send(one, 'SIGKILL');
  return stopped;
}

export function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false; // It has ended.
  }
}

/** False when one of them still runs after `withinMs`. */
export async function haveEnded(pids: readonly number[], withinMs: number): Promise<boolean> {
  const until = Date.now() + withinMs;
  while (pids.some(isRunning)) {
    if (Date.now() > until) return false;
    await sleep(5);
  }
  return true;
}
