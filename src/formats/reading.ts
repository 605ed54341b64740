/** What a reader gets and gives. */
import type { ParsedBody } from '../core/received/event-document.ts';
import type { FormatLimits } from './limits.ts';
import type { MediaType } from './media-type.ts';

export interface Content {
  readonly bytes: Uint8Array;
  readonly type: MediaType;
  readonly limits: FormatLimits;
}

/** The bytes are not what the reader reads. A value, since this is what senders do. */
export interface Unreadable {
  readonly unreadable: string;
}

export type Reading = ParsedBody | Unreadable;
export type Reader = (content: Content) => Reading | Promise<Reading>;

export const unreadable = (why: string): Unreadable => ({ unreadable: why });
export const isUnreadable = (reading: Reading): reading is Unreadable => 'unreadable' in reading;

export function parsed(
  format: ParsedBody['format'],
  value: unknown,
  rest: Partial<Pick<ParsedBody, 'files' | 'envelope' | 'error'>> = {},
): ParsedBody {
  return {
    format,
    value,
    files: rest.files ?? [],
    envelope: rest.envelope ?? null,
    error: rest.error ?? null,
  };
}

/** Goes on when the value is there: at once if it is, so that what can be read synchronously is. */
export function whenRead<T, U>(value: T | Promise<T>, next: (value: T) => U | Promise<U>): U | Promise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
