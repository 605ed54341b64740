import { EXIT } from './exit-codes.ts';

/**
 * One press of Ctrl-C reaches every process of the terminal's group, and npm and bin/posthorn.js pass it on as well: what
 * comes within this time of the first is the same press.
 */
export const PRESS_MS = 1_000;

interface Interrupts {
  /** The first SIGINT or SIGTERM. */
  readonly stop: () => void;
  /** A later one, of somebody who will not wait. */
  readonly end: () => void;
  readonly signals?: { on(signal: 'SIGINT' | 'SIGTERM', heard: () => void): unknown };
  readonly now?: () => number;
}

export function onInterrupt({
  stop,
  end,
  signals = process,
  now = () => performance.now(),
}: Interrupts): void {
  let first: number | undefined;
  const heard = (): void => {
    if (first === undefined) {
      first = now();
      stop();
    } else if (now() - first > PRESS_MS) end();
  };
  signals.on('SIGINT', heard);
  signals.on('SIGTERM', heard);
}

/** Aborted by the first Ctrl-C (or SIGTERM); a second one ends the process at once. */
export function untilInterrupted(): AbortSignal {
  const stop = new AbortController();
  onInterrupt({ stop: () => stop.abort(), end: () => process.exit(EXIT.interrupted) });
  return stop.signal;
}
