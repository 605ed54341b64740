/** Content codings of an answer (RFC 9110 §8.4) undone, with bounds: a small answer must not become a large one. */
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';

/** Several codings on one answer are allowed by the RFC and used by nobody but those who build bombs. */
const CODINGS_MAX = 2;
/** Repetitive JSON packs 1:50; a file of zeros packs 1:1000. */
const RATIO_MAX = 200;
/** Up to here any ratio is fine. */
const SMALL_BYTES = 1024 * 1024;

/** What we can undo, for Accept-Encoding. */
export const ACCEPTED_CODINGS = 'gzip, deflate, br';

type Decoder = (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>;

const DECODERS: Readonly<Record<string, Decoder>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  br: promisify(brotliDecompress),
  // Named after zlib, but some servers send the bare stream.
  deflate: (bytes, options) =>
    promisify(((bytes[0] ?? 0) & 0x0f) === 8 ? inflate : inflateRaw)(bytes, options),
};

export type Decoded = { readonly body: Uint8Array } | { readonly refused: string };

/** Never rejects. `coding`: the Content-Encoding header; `bytesMax`: of the result. */
export async function decodeAnswer(body: Uint8Array, coding: string, bytesMax: number): Promise<Decoded> {
  const codings = coding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
  if (codings.length === 0 || body.length === 0) return { body };
  if (codings.length > CODINGS_MAX) return { refused: 'The answer is packed more than twice' };
  let bytes = body;
  for (const name of codings.reverse()) {
    const decoder = DECODERS[name];
    if (decoder === undefined) return { refused: 'The answer is packed in a way that is not known here' };
    const most = Math.min(bytesMax, Math.max(SMALL_BYTES, body.length * RATIO_MAX));
    try {
      bytes = await decoder(bytes, { maxOutputLength: most });
    } catch (error) {
      const isTooLarge = (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE';
      return {
        refused: isTooLarge
          ? `The answer is larger than ${most} bytes when it is unpacked`
          : `The answer says that it is ${name}, but cannot be unpacked`,
      };
    }
  }
  return { body: bytes };
}
