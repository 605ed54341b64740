/** What a read may use: one connection, the caller's time, and a deadline that it must look at in long loops. */
import { Problem } from '../../core/problem.ts';
import { PAGE_ROWS_MAX, RETRY_AFTER_SECONDS } from '../sql/limits.ts';
import type { Connection } from './connection.ts';

/** Rows between two looks at the clock. */
const ROWS_PER_LOOK = 500;

export class Deadline {
  #endsAt = Number.POSITIVE_INFINITY;
  #rows = 0;

  start(endsAt: number): void {
    this.#endsAt = endsAt;
    this.#rows = 0;
  }

  get isNear(): boolean {
    return performance.now() > this.#endsAt - NEAR_END_MS;
  }

  /** Called once per row; throws when the read has taken too long. */
  check(): void {
    if (++this.#rows % ROWS_PER_LOOK === 0 && performance.now() > this.#endsAt) throw readTooLong();
  }
}

/** So long before its end a read that can say how far it got stops by itself. */
const NEAR_END_MS = 500;

export function readTooLong(): Problem {
  return new Problem('unavailable', 'The query took too long; ask for a shorter range or fewer filters.', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}

export interface ReadContext {
  readonly db: Connection;
  readonly now: number;
  readonly deadline: Deadline;
}

/** Lets SQL stop a long scan: `in_time(x)` is 1, or throws past the deadline. A column as x ties it to that table's rows. */
export function registerInTime(db: Connection, deadline: Deadline): void {
  db.db.function('in_time', (_column) => {
    deadline.check();
    return 1;
  });
}

export function rowLimit(limit: number): number {
  return Math.max(0, Math.min(limit, PAGE_ROWS_MAX));
}
