/**
 * What bytes are whose type is missing, says nothing (`application/octet-stream`, `text/plain`) or was wrong. Only
 * formats that give themselves away: JSON objects and arrays, XML, forms, JWTs, multipart. CSV, e-mail and bare JSON
 * scalars look like prose and must be claimed.
 */
import type { ParsedBody } from '../core/received/event-document.ts';
import { decodeCharacters, looksBinary } from './characters.ts';
import type { Kind } from './media-type.ts';
import { type Content, isUnreadable, type Reader, type Reading, whenRead } from './reading.ts';
import { readTextOrRaw } from './text.ts';

const START = 2048;
const FORM_MAX = 1024 * 1024;
const NOT_IN_FORMS = /[\s<>{}"]/;

export type ReaderKind = Exclude<Kind, 'unknown' | 'binary'>;
export type Readers = Readonly<Record<ReaderKind, Reader>>;

/** `not`: what it claimed to be, and is not. */
export function sniff(
  content: Content,
  readers: Readers,
  not: Kind | null,
): ParsedBody | Promise<ParsedBody> {
  const kinds = candidates(content).filter((kind) => kind !== not);
  return firstReadable(
    content,
    kinds.map((kind) => readers[kind]),
  );
}

function firstReadable(
  content: Content,
  [reader, ...rest]: readonly Reader[],
): ParsedBody | Promise<ParsedBody> {
  if (!reader) return readTextOrRaw(content);
  return whenRead<Reading, ParsedBody>(reader(content), (reading) =>
    isUnreadable(reading) ? firstReadable(content, rest) : reading,
  );
}

function candidates({ bytes, type }: Content): ReaderKind[] {
  if (startsMultipart(bytes)) return ['multipart'];
  const charset = type.parameters.get('charset');
  if (charset === undefined && looksBinary(bytes)) return [];
  const start = decodeCharacters(bytes.subarray(0, START), charset).text.trimStart();
  if (start.startsWith('{') || start.startsWith('[')) return ['json', 'ndjson'];
  if (start.startsWith('<')) return type.essence === 'text/html' ? [] : ['xml'];
  if (start.startsWith('ey')) return looksLikeForm(bytes) ? ['form'] : ['jwt'];
  return looksLikeForm(bytes) ? ['form'] : [];
}

/** Pairs with at least one value and nothing that a form would have escaped: `YWJj=` is base64, not a form. */
function looksLikeForm(bytes: Uint8Array): boolean {
  if (bytes.byteLength > FORM_MAX) return false;
  const text = Buffer.from(bytes).toString('latin1').trimEnd();
  if (NOT_IN_FORMS.test(text)) return false;
  const pieces = text.split('&');
  return pieces.every((piece) => /^[^=]+=[^=]*$/.test(piece)) && pieces.some((piece) => !piece.endsWith('='));
}

/** `--boundary` and a part's header: nobody writes that by chance. */
function startsMultipart(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x2d || bytes[1] !== 0x2d) return false;
  return /^--[^\r\n]{1,70}\r\ncontent-[a-z-]+:/i.test(Buffer.from(bytes.subarray(0, 256)).toString('latin1'));
}
