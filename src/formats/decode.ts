/** Undoing Content-Encoding (RFC 9110 §8.4), bounded in bytes and in ratio. */
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';
import { Problem } from '../core/problem.ts';
import type { RawHeaders } from '../core/received/received.ts';
import type { FormatLimits } from './limits.ts';
import { firstHeader } from './media-type.ts';

type Coding = 'gzip' | 'deflate' | 'br';
type Undo = (body: Uint8Array, options: { maxOutputLength: number }) => Promise<Uint8Array>;

const CODINGS_MAX = 3;
const NAMES: ReadonlyMap<string, Coding> = new Map([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'br'],
]);
/** `identity`, and what clients write there who mean a charset or a transfer encoding. */
const NO_CODINGS: ReadonlySet<string> = new Set(['identity', 'none', 'utf-8', 'utf8', 'binary']);
const zlibInflate: Undo = promisify(inflate);
const rawInflate: Undo = promisify(inflateRaw);
const UNDO: Record<Coding, Undo> = {
  gzip: promisify(gunzip),
  br: promisify(brotliDecompress),
  deflate: (body, options) => (hasZlibHeader(body) ? zlibInflate : rawInflate)(body, options),
};

/** The same bytes, at once, when no coding is named. Throws or rejects with a Problem: see `Formats.decode`. */
export function decodeBody(
  headers: RawHeaders,
  body: Uint8Array,
  limits: FormatLimits,
): Uint8Array | Promise<Uint8Array> {
  if (firstHeader(headers, 'content-encoding') === null) return body;
  const codings = codingsOf(headers);
  if (codings.length === 0 || body.byteLength === 0) return body;
  return undo(codings.reverse(), body, limits);
}

/** In the order in which they were applied. */
function codingsOf(headers: RawHeaders): Coding[] {
  const names = headers
    .filter(([name]) => name.toLowerCase() === 'content-encoding')
    .flatMap(([, value]) => value.split(',', CODINGS_MAX + 2))
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && !NO_CODINGS.has(name));
  if (names.length > CODINGS_MAX)
    throw new Problem(
      'unsupported_media_type',
      `Apply at most ${CODINGS_MAX} codings, not ${names.length}, in Content-Encoding.`,
    );
  return names.map((name) => {
    const coding = NAMES.get(name);
    if (coding) return coding;
    throw new Problem(
      'unsupported_media_type',
      `Send the body as gzip, deflate, br or plain; "${name.slice(0, 40)}" is not known.`,
    );
  });
}

async function undo(codings: readonly Coding[], body: Uint8Array, limits: FormatLimits): Promise<Uint8Array> {
  const byRatio = Math.max(limits.ratioFreeBytes, limits.ratio * body.byteLength);
  const maxOutputLength = Math.min(limits.decodedBytes, byRatio);
  let bytes = body;
  for (const coding of codings) {
    try {
      bytes = await UNDO[coding](bytes, { maxOutputLength });
    } catch (cause) {
      throw refusal(coding, cause, maxOutputLength);
    }
  }
  return bytes;
}

function refusal(coding: Coding, cause: unknown, most: number): Problem {
  if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
    return new Problem('payload_too_large', `Send less: decompressed, this body is over ${most} bytes.`, {
      cause,
    });
  return new Problem('generic_error', `Send a body that is whole: it is not valid ${coding}.`, { cause });
}

/** Half of the world's "deflate" is zlib (RFC 1950), the other half is bare (RFC 1951). */
function hasZlibHeader(body: Uint8Array): boolean {
  const [first = 0, second = 0] = body;
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
}
