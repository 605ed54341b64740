/** Says lines no faster than a server lets people talk: a burst, then one at a time. */
import type { Clock } from '../../ports/clock.ts';

const BURST = 4;
const EVERY_MS = 1_000;
/** Lines that wait; what comes on top is not said at all. */
const WAITING_MAX = 50;

export interface Paced<Line> {
  /** false = too many are waiting; nothing of it is said. */
  say(lines: readonly Line[]): boolean;
  /** Forgets what waits. */
  stop(): void;
}

export function paced<Line>(clock: Clock, send: (line: Line) => void): Paced<Line> {
  const waiting: Line[] = [];
  /** When the bucket of lines that may be said at once is full again. */
  let fullAt = 0;
  let cancel: (() => void) | null = null;

  const flush = (): void => {
    cancel = null;
    while (waiting.length > 0) {
      const now = clock.now();
      const soonest = fullAt - (BURST - 1) * EVERY_MS;
      if (soonest > now) {
        cancel = clock.after(soonest - now, flush);
        return;
      }
      fullAt = Math.max(fullAt, now) + EVERY_MS;
      send(waiting.shift()!);
    }
  };
  return {
    say(lines) {
      if (waiting.length + lines.length > WAITING_MAX) return false;
      waiting.push(...lines);
      if (cancel === null) flush();
      return true;
    },
    stop() {
      cancel?.();
      cancel = null;
      waiting.length = 0;
    },
  };
}
