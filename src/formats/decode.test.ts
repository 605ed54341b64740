import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { Problem, type ProblemCode } from '../core/problem.ts';
import { createFormats } from './create-formats.ts';

const formats = createFormats();
const PLAIN = Buffer.from('{"hello":"world"}');
const decode = (encoding: string, body: Uint8Array) => formats.decode([['Content-Encoding', encoding]], body);

async function refusal(read: () => unknown): Promise<ProblemCode> {
  try {
    await read();
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
  throw new Error('It was not refused.');
}

test('each coding is undone, and lists of them from the last to the first', async () => {
  const bodies: [string, Uint8Array][] = [
    ['gzip', gzipSync(PLAIN)],
    ['X-GZip', gzipSync(PLAIN)],
    ['deflate', deflateSync(PLAIN)],
    ['deflate', deflateRawSync(PLAIN)],
    ['br', brotliCompressSync(PLAIN)],
    ['gzip, br', brotliCompressSync(gzipSync(PLAIN))],
    ['identity, gzip', gzipSync(PLAIN)],
  ];
  for (const [encoding, body] of bodies)
    assert.equal(Buffer.from(await decode(encoding, body)).toString(), PLAIN.toString(), encoding);
  const headers = [
    ['content-encoding', 'gzip'],
    ['Content-Encoding', 'br'],
  ] as const;
  assert.deepEqual(await formats.decode(headers, brotliCompressSync(gzipSync(PLAIN))), PLAIN);
});

test('a body without a coding is the same bytes, at once', () => {
  assert.equal(formats.decode([], PLAIN), PLAIN);
  assert.equal(decode('identity', PLAIN), PLAIN);
  assert.equal(decode('', PLAIN), PLAIN);
  assert.equal(decode('UTF-8', PLAIN), PLAIN);
  const empty = new Uint8Array(0);
  assert.equal(decode('gzip', empty), empty);
});

test('what cannot be undone is refused with the code that says why', async () => {
  assert.equal(await refusal(() => decode('gzip', PLAIN)), 'generic_error');
  assert.equal(await refusal(() => decode('gzip', gzipSync(PLAIN).subarray(0, -9))), 'generic_error');
  assert.equal(await refusal(() => decode('br', gzipSync(PLAIN))), 'generic_error');
  assert.equal(await refusal(() => decode('compress', PLAIN)), 'unsupported_media_type');
  assert.equal(await refusal(() => decode('gzip, gzip, gzip, gzip', PLAIN)), 'unsupported_media_type');
  assert.equal(await refusal(() => decode('gzip,'.repeat(100_000), PLAIN)), 'unsupported_media_type');
});

test('a bomb is stopped by its ratio, by its size, and when it is packed twice', async () => {
  const zeros = Buffer.alloc(8 * 1024 * 1024);
  assert.equal(await refusal(() => decode('gzip', gzipSync(zeros))), 'payload_too_large');
  assert.equal(await refusal(() => decode('br', brotliCompressSync(zeros))), 'payload_too_large');
  assert.equal(await refusal(() => decode('gzip, gzip', gzipSync(gzipSync(zeros)))), 'payload_too_large');
  const small = createFormats({ decodedBytes: 1000 });
  const body = gzipSync(Buffer.from(Array.from({ length: 1001 }, (_, i) => (i * 7919) % 251)));
  assert.equal(await refusal(() => small.decode([['content-encoding', 'gzip']], body)), 'payload_too_large');
});

test('a small body may grow as it likes, and a large one a hundredfold', async () => {
  const small = Buffer.alloc(60_000);
  assert.deepEqual(await decode('gzip', gzipSync(small)), small);
});
