/** `application/x-www-form-urlencoded` (WHATWG URL §5.1), with nested names. Values are strings. */
import { decodeCharacters } from './characters.ts';
import { NestedNames } from './nested-names.ts';
import { type Content, parsed, type Reading, unreadable } from './reading.ts';

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
    const characters = decodeCharacters(Buffer.from(undoEscapes(piece), 'latin1'), charset);
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

/** `+` and `%XX` undone; a character per byte. */
const undoEscapes = (piece: string): string =>
  piece
    .replaceAll('+', ' ')
    .replace(/%([0-9A-Fa-f]{2})/g, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
