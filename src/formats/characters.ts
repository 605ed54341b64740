/** Bytes as characters: the charset that is named, a byte order mark, UTF-8, and windows-1252 as the last resort. */
import iconv from 'iconv-lite';

export interface Characters {
  readonly text: string;
  /** What was wrong with the bytes or the charset's name; the text is the best reading. */
  readonly error: string | null;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });
/** Control characters that no text has; NUL is the first of them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /[\x00-\x08\x0e-\x1a\x1c-\x1f]/;
const LOOKED_AT = 8192;

/** A byte order mark is stronger than `charset`: it is in the bytes that were sent. */
export function decodeCharacters(bytes: Uint8Array, charset: string | undefined): Characters {
  const marked = byteOrderMark(bytes);
  const label = marked ?? charset?.trim().toLowerCase() ?? '';
  if (label === '' || label === 'utf-8' || label === 'utf8' || label === 'us-ascii')
    return utf8(bytes, label !== '');
  const decode = decoderOf(label);
  if (!decode) {
    const { text } = utf8(bytes, false);
    return { text, error: `The charset "${label.slice(0, 40)}" is not known; the body was read without it.` };
  }
  return decode(bytes);
}

function utf8(bytes: Uint8Array, named: boolean): Characters {
  try {
    return { text: UTF8.decode(bytes), error: null };
  } catch {
    if (named) return { text: new TextDecoder().decode(bytes), error: 'The body is not valid UTF-8.' };
    const text = new TextDecoder('windows-1252').decode(bytes);
    return { text, error: 'The body is not valid UTF-8 and names no charset; it was read as windows-1252.' };
  }
}

function decoderOf(label: string): ((bytes: Uint8Array) => Characters) | null {
  try {
    const strict = new TextDecoder(label, { fatal: true });
    return (bytes) => {
      try {
        return { text: strict.decode(bytes), error: null };
      } catch {
        return { text: new TextDecoder(label).decode(bytes), error: `The body is not valid ${label}.` };
      }
    };
  } catch {
    if (label.length > 40 || !iconv.encodingExists(label)) return null;
    return (bytes) => ({ text: iconv.decode(Buffer.from(bytes), label), error: null });
  }
}

function byteOrderMark(bytes: Uint8Array): string | null {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return null;
}

/** No charset would make a text of it that somebody meant. */
export function looksBinary(bytes: Uint8Array): boolean {
  if (byteOrderMark(bytes) !== null) return false;
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, LOOKED_AT));
  return CONTROL.test(start.toString('latin1'));
}

export function isUtf8(bytes: Uint8Array): boolean {
  try {
    UTF8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
