/** Received events for people: one line each. What strangers wrote cannot steer the terminal. */
import type { TailedEvent } from '../client/create-client.ts';

const TEXT_CHARS_MAX = 120;

export interface LineParts {
  readonly receivedAt: string;
  readonly method: string;
  readonly path: string;
  readonly type: string;
}

/** `12:00:03  POST   /a/b  push`: local time of the day. */
export function eventLine({ receivedAt, method, path, type }: LineParts): string {
  return [
    clockTime(new Date(receivedAt)),
    method.padEnd(6),
    printable(path === '' ? '/' : path),
    printable(type),
  ].join('  ');
}

/** With the day, the id, the size and where it came in. */
export function tailLine(event: TailedEvent, sourceName: string): string {
  const { id, receivedAt, size, verified, parseError } = event;
  const day = dayOf(new Date(receivedAt));
  const marks = [verified ? 'verified' : 'unverified', ...(parseError === null ? [] : ['not readable'])];
  const bytes = size === null ? '' : `${size} B`;
  return [`${day} ${eventLine(event)}`, bytes, printable(sourceName), ...marks, id]
    .filter((part) => part !== '')
    .join('  ');
}

/** `12:00:03`, in local time. */
export function clockTime(at: Date): string {
  return [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

function dayOf(at: Date): string {
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()]
    .map((part) => String(part).padStart(2, '0'))
    .join('-');
}

/** Without control characters (escape sequences, new lines, changes of direction), and not without end. */
export function printable(text: string, charsMax = TEXT_CHARS_MAX): string {
  const plain = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '·');
  return plain.length <= charsMax ? plain : `${plain.slice(0, charsMax - 1)}…`;
}
