/** Long synchronous work gives way to others now and then. */
import type { Clock } from '../ports/clock.ts';

const TURN_MS = 20;

/** To be asked between pieces of the work; resolves when it is its turn again. undefined = it may go on. */
export type GiveWay = () => Promise<void> | undefined;

export function turnsOf(clock: Clock): GiveWay {
  let since = clock.now();
  return () => {
    if (clock.now() - since < TURN_MS) return undefined;
    return new Promise((resolve) => {
      clock.after(0, () => {
        since = clock.now();
        resolve();
      });
    });
  };
}
