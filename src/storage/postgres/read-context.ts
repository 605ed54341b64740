/** What a read may use, and how its statement is put together. Its deadline is the session's `statement_timeout`. */
import { PAGE_ROWS_MAX } from '../sql/limits.ts';
import type { Session } from './connection.ts';
import { texts } from './sql-array.ts';

export interface ReadContext {
  readonly db: Session;
  readonly now: number;
}

/** The values of one statement, in the order of their placeholders. */
export class Values {
  readonly list: unknown[] = [];

  /** Gives the placeholder of a value. */
  add(value: unknown): string {
    this.list.push(value);
    return `$${this.list.length}`;
  }

  /** A text that is looked for. */
  text(text: string): string {
    return this.add(findable(text));
  }

  /** text[] of texts that are looked for. */
  texts(wanted: readonly string[]): string {
    return this.add(texts(wanted.map(findable)));
  }
}

/** What the server cannot take becomes what no name has. */
export function findable(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed();
}

export function rowLimit(limit: number): number {
  return Math.max(0, Math.min(limit, PAGE_ROWS_MAX));
}
