import type { Clock } from '../ports/clock.ts';

/** The machine's clock. Timers are unreferenced: a waiting retry must not keep a stopping process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, fire) {
    // Node fires timers above 2^31-1 ms at once; whoever sleeps that long looks again when woken early.
    const timer = setTimeout(fire, Math.min(Math.max(delayMs, 0), 2 ** 31 - 1));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
