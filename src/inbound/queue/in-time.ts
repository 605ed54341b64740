/** A promise that may never settle, with an end. */
import type { Clock } from '../../ports/clock.ts';
import { sleepOnce } from '../steady.ts';

/** As `work`, or a rejection that says what was late. */
export async function inTime<Result>(
  clock: Clock,
  ms: number,
  what: string,
  work: Promise<Result>,
): Promise<Result> {
  const done = new AbortController();
  const late = sleepOnce(clock, ms, done.signal).then((): never => {
    throw new Error(`${what} took longer than ${ms / 1_000} s.`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    late.catch(() => {}); // Nobody waits for it any more.
    done.abort();
  }
}
