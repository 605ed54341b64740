/** `application/x-www-form-urlencoded` (WHATWG URL §5.1), with nested names. Values are strings. */
import { decodeCharacters } from './characters.ts';
import { NestedNames } from './nested-names.ts';
import { type Content, parsed, type Reading, unreadable } from './reading.ts';

const PLUS = 0x2b;
const PERCENT = 0x25;
const SPACE = 0x20;
const ENCODED = /[%+\x80-\xff]/;

/**
 * Charset: what the content type says, else a field `_charset_` (HTML) or `charset` (PayPal, windows-1252); without
 * any, UTF-8. A `%` that introduces no byte stays as it is.
 */
export function readForm({ bytes, type, limits }: Content): Reading {
  const raw = latin1(bytes);
  const pieces = raw.split('&', limits.pairs + 1);
  if (pieces.length > limits.pairs) return unreadable(`it has more than ${limits.pairs} fields`);
  const charset =
    type.parameters.get('charset') ?? /(?:^|&)_?charset_?=([\w.:-]{1,40})(?:&|$)/.exec(raw)?.[1];
  const names = new NestedNames(limits.formDepth);
  let error: string | null = null;
  const decoded = (piece: string): string => {
    if (!ENCODED.test(piece)) return piece;
    const characters = decodeCharacters(undoEscapes(piece), charset);
    error ??= characters.error;
    return characters.text;
  };
  for (const piece of pieces) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    if (equals < 0) names.add(decoded(piece), '');
    else names.add(decoded(piece.slice(0, equals)), decoded(piece.slice(equals + 1)));
  }
  return parsed('form', names.done(), { error });
}

/** The bytes that `+` and `%XX` stand for. `piece` has a character per byte. */
function undoEscapes(piece: string): Uint8Array {
  const bytes = new Uint8Array(piece.length);
  let length = 0;
  for (let at = 0; at < piece.length; at += 1) {
    let code = piece.charCodeAt(at);
    if (code === PLUS) code = SPACE;
    else if (code === PERCENT) {
      const high = hexDigit(piece.charCodeAt(at + 1));
      const low = hexDigit(piece.charCodeAt(at + 2));
      if (high >= 0 && low >= 0) {
        code = high * 16 + low;
        at += 2;
      }
    }
    bytes[length] = code;
    length += 1;
  }
  return bytes.subarray(0, length);
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
