/** How many messages may be taken at once: bounded, whatever the other side would send. */
import type { Session } from './sessions.ts';

export interface Room {
  /** Resolves with how many places are free, at least one; or 0 when the session is over. One waits at a time. */
  free(): Promise<number>;
  /** Works in one place. */
  take(task: () => Promise<void>): void;
}

export function roomOf(session: Session, places: number): Room {
  let running = 0;
  let wake = (): void => {};
  void session.over.then(() => wake());
  return {
    async free() {
      while (running >= places && !session.ending.aborted)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      return session.ending.aborted ? 0 : places - running;
    },
    take(task) {
      running++;
      session.work(async () => {
        try {
          await task();
        } finally {
          running--;
          wake();
        }
      });
    },
  };
}
