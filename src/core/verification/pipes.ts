/** The pipes of a selector: each makes texts of texts; a text that it cannot make anything of is dropped. */
import { createHash } from 'node:crypto';
import { atPath, scalarText } from './call-view.ts';
import { crc32 } from './crc32.ts';
import { xmlTexts } from './xml-text.ts';

export type Pipe = (texts: readonly string[]) => readonly string[];

const PARTS_MAX = 64;
const WORD = /^[\w-]{1,128}$/;

type Making = (argument: string, second: string) => (text: string) => string | readonly string[] | undefined;

/** Arguments follow with `:`; `%3A` and the like in them are decoded. */
const PIPES: Readonly<Record<string, Making>> = {
  lower: () => (text) => text.toLowerCase(),
  upper: () => (text) => text.toUpperCase(),
  trim: () => (text) => text.trim(),
  /** As a JSON string. */
  json: () => (text) => JSON.stringify(text),
  crc32: () => (text) => String(crc32(Buffer.from(text, 'utf8'))),
  sha256hex: () => (text) => createHash('sha256').update(text).digest('hex'),
  base64: () => (text) => Buffer.from(text, 'utf8').toString('base64'),
  base64url: () => (text) => Buffer.from(text, 'utf8').toString('base64url'),
  unbase64: () => (text) => Buffer.from(text, 'base64').toString('utf8'),
  xmlencode: () => (text) => text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`),
  urlencode: () => (text) => encodeURIComponent(text.toWellFormed()),
  urldecode: () => (text) => decodeOrNothing(text),
  /** Decodes the escapes of these characters only. */
  unescape: (characters) => (text) =>
    text.replace(/%[\da-f]{2}/gi, (escaped) => {
      const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
      return characters.includes(character) ? character : escaped;
    }),
  /** Of several values those that begin so. */
  only: (beginning) => (text) => (text.startsWith(beginning) ? text : undefined),
  /** Letters, digits, `_` and `-` only: safe in a path. */
  word: () => (text) => (WORD.test(text) ? text : undefined),
  /** `split:,:1` = the second part, `split:,:rest` = all but the first, `split:,:all` = all. */
  split: (separator, which) => (text) => {
    const parts = text.split(separator, PARTS_MAX);
    if (which === 'all') return parts;
    return which === 'rest' ? parts.slice(1) : parts[Number(which)];
  },
  after: (mark) => (text) => {
    const at = text.indexOf(mark);
    return at < 0 ? undefined : text.slice(at + mark.length);
  },
  between: (open, close) => (text) => {
    const from = text.indexOf(open);
    if (from < 0) return undefined;
    const end = text.indexOf(close, from + open.length);
    return end < 0 ? undefined : text.slice(from + open.length, end);
  },
  /** A member of the JSON that the text is. */
  get: (path) => (text) => {
    try {
      return scalarText(atPath(JSON.parse(text), path, 0));
    } catch {
      return undefined;
    }
  },
  xml: (path) => (text) => xmlTexts(text, path),
  /** A URL with its scheme's port, if it has none; without its port, if it has one. */
  'toggle-port': () => (text) => {
    const found = /^(https?):\/\/([^/?#]*[^\]\d:/?#]|\[[^\]]*\])(:\d+)?(.*)$/s.exec(text);
    if (found === null) return undefined;
    const [, scheme, host, port, rest] = found;
    return `${scheme}://${host}${port === undefined ? (scheme === 'https' ? ':443' : ':80') : ''}${rest}`;
  },
};

/** undefined = there is no such pipe. */
export function compilePipe(text: string): Pipe | undefined {
  const [name = '', first = '', second = ''] = text.split(':').map((part) => decodeOrNothing(part) ?? part);
  const make = Object.hasOwn(PIPES, name) ? PIPES[name]!(first, second) : undefined;
  if (make === undefined) return undefined;
  return (texts) => texts.flatMap((each) => make(each) ?? []);
}

function decodeOrNothing(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
