/** Whatever is sent: no throw, JSON within the limits, and nothing that takes for ever. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { fc } from '../../test/support/properties.ts';
import { createFormats } from './create-formats.ts';
import { parseCall, partsOf } from './fixtures/parse-call.ts';
import { FORMAT_LIMITS } from './limits.ts';

const TYPES = [
  'application/json',
  'application/x-ndjson',
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded; charset=utf-16',
  'multipart/form-data; boundary=X',
  'multipart/form-data',
  'multipart/mixed; boundary="X"',
  'text/xml',
  'text/csv',
  'text/csv; header=absent',
  'text/plain',
  'text/plain; charset=utf-7',
  'application/jwt',
  'message/rfc822',
  'application/cloudevents+json',
  'application/cloudevents-batch+json',
  'application/octet-stream',
  'image/png',
  ';;;=',
];
const PIECES = [
  ...[
    '{',
    '}',
    '[',
    ']',
    '"',
    ':',
    ',',
    '\\',
    '{"a":1}',
    '12345678901234567890',
    '1e999',
    '__proto__',
    'constructor',
  ],
  ...[
    'a=1',
    '&',
    '=',
    '[b]',
    '[]',
    '%',
    '%FF',
    '+',
    'charset=x&',
    'payload=',
    'mandrill_events=[{"event":"inbound","msg":{}}]',
  ],
  ...[
    '<a>',
    '</a>',
    '<a b="c"/>',
    '<!DOCTYPE a [',
    '<!ENTITY x "y">',
    ']>',
    '<![CDATA[',
    ']]>',
    '&x;',
    '&#x41;',
    '<?xml encoding="x"?>',
  ],
  ...[
    '--X',
    '--X--',
    '\r\n',
    '\r\n\r\n',
    '\n',
    '\r',
    'From: a@b',
    'Subject: =?utf-8?Q?=FF?=',
    'To: (<"@,;:',
    '> ',
  ],
  ...[
    'Content-Disposition: form-data; name="a"',
    '; filename="x"',
    'Content-Type: multipart/mixed; boundary=X',
    '\r\nContent-Type: text/html',
  ],
  ...[
    'Content-Transfer-Encoding: base64',
    'eyJhbGciOiJub25lIn0.eyJhIjoxfQ.',
    '{"specversion":"1.0","data_base64":"',
    '{"TopicArn":"","Message":"{}"}',
  ],
  ...[
    '\u0000',
    '\ufeff',
    '\ud800',
    'ü',
    '\x1f\x8b',
    'On x wrote:',
    '{"FromFull":{},"headers":{},"envelope":{}}',
  ],
];
const PAYLOADS = ['form:payload', 'json:Message', 'jwt:data', 'form:__proto__', 'nonsense', ''].concat(
  ['postmark', 'sendgrid', 'mailgun', 'cloudmailin', 'mandrill', 'x'].map((provider) => `email:${provider}`),
);
const ENCODERS = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync };

const pieces = (maxLength: number) =>
  fc.array(fc.constantFrom(...PIECES), { maxLength }).map((some) => some.join(''));
const lines = fc.array(
  fc.tuple(fc.constantFrom('Content-Type', 'Content-Disposition', 'To', 'x', '__proto__'), pieces(3)),
  { maxLength: 3 },
);
const block = fc
  .tuple(lines, pieces(6))
  .map(([head, body]) => `${head.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`);
const base64url = fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)).toString('base64url'));
interface Sent {
  readonly type: string | null;
  readonly body: Uint8Array;
}
const sent =
  (type: string) =>
  (body: string): Sent => ({ type, body: Buffer.from(body) });
const anyType = fc.option(fc.constantFrom(...TYPES));
/** Of any bytes under any type few are a format; the rest are ones that nearly are. */
const calls: fc.Arbitrary<Sent> = fc.oneof(
  fc.record({ type: anyType, body: pieces(24).map((text) => Buffer.from(text)) }),
  fc.record({ type: anyType, body: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({ type: anyType, body: fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))) }),
  fc
    .array(block, { maxLength: 4 })
    .map((blocks) => sent('multipart/form-data; boundary=X')(partsOf(...blocks))),
  fc.array(block, { maxLength: 4 }).map((blocks) => sent('multipart/mixed; boundary=X')(partsOf(...blocks))),
  block.map((text) => sent('message/rfc822')(`From: a@b.example\r\n${text}`)),
  fc
    .array(block, { maxLength: 4 })
    .map((blocks) =>
      sent('message/rfc822')(
        `Content-Type: multipart/mixed; boundary=X\r\nTo: a@b\r\n\r\n${partsOf(...blocks)}`,
      ),
    ),
  pieces(6).map((text) => sent('text/xml')(`<a b="1">${text}</a>`)),
  base64url.map((claims) => sent('application/jwt')(`eyJhbGciOiJub25lIn0.${claims}.x`)),
  fc.tuple(fc.jsonValue(), pieces(5), fc.constantFrom(...TYPES)).map(([data, text, datacontenttype]) => {
    const base64 = Buffer.from(text).toString('base64');
    const event = { specversion: '1.0', data, datacontenttype, data_base64: base64 };
    return sent('application/cloudevents-batch+json')(JSON.stringify([event, event]));
  }),
);
const headers = fc.array(
  fc.tuple(
    fc.constantFrom('ce-specversion', 'CE-id', 'x-amz-sns-message-type', 'Content-Type', '__proto__', ''),
    fc.oneof(fc.constantFrom(...TYPES, 'gzip', '%FF', '1.0'), fc.string()),
  ),
  { maxLength: 4 },
);

/** How deep a JSON value is; throws when it is none. */
function depthOf(value: unknown): number {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return 0;
  if (typeof value === 'number') {
    assert.ok(Number.isFinite(value));
    return 0;
  }
  assert.ok(typeof value === 'object', typeof value);
  const proto: unknown = Object.getPrototypeOf(value);
  assert.ok(proto === Object.prototype || proto === Array.prototype);
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

const FORMATS = new Set([
  'none',
  'json',
  'ndjson',
  'form',
  'multipart',
  'xml',
  'csv',
  'text',
  'raw',
  'jwt',
  'email',
]);

test('any bytes under any headers are read without a throw, as JSON within the limits', async () => {
  const native = Object.getOwnPropertyNames(Object.prototype).join();
  await fc.assert(
    fc.asyncProperty(
      calls,
      headers,
      fc.option(fc.constantFrom(...PAYLOADS)),
      fc.option(fc.constantFrom(...(Object.keys(ENCODERS) as (keyof typeof ENCODERS)[])), { freq: 5 }),
      async ({ body, type }, extra, payloadFrom, coding) => {
        const read = await parseCall({
          body: coding === null ? body : ENCODERS[coding](body),
          headers: coding === null ? extra : [...extra, ['content-encoding', coding]],
          ...(type === null ? {} : { type }),
          ...(payloadFrom === null ? {} : { payloadFrom }),
        });
        assert.ok(FORMATS.has(read.format));
        assert.ok(depthOf(read.value) <= FORMAT_LIMITS.depth + 5);
        depthOf(read.envelope);
        assert.ok(read.error === null || (read.error !== '' && read.error.length < 600));
        for (const file of read.files) assert.equal(file.size, file.bytes.byteLength);
      },
    ),
    { numRuns: 3_000 },
  );
  assert.equal(Object.getOwnPropertyNames(Object.prototype).join(), native);
});

test('decode refuses what it does not undo with a Problem, whatever the bytes', async () => {
  const formats = createFormats();
  const codings = fc.array(fc.constantFrom('gzip', 'br', 'deflate', 'identity', 'x', ''), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), codings, async (body, names) => {
      try {
        const plain = await formats.decode([['content-encoding', names.join(', ')]], body);
        assert.ok(plain.byteLength <= FORMAT_LIMITS.decodedBytes);
      } catch (error) {
        assert.equal((error as Error).name, 'Problem');
      }
    }),
    { numRuns: 300 },
  );
});

const BIG = 2 * 1024 * 1024;
const part = 'Content-Disposition: form-data; name="a"';
const BOMBS: readonly (readonly [name: string, type: string | null, body: string])[] = [
  ['open arrays', 'application/json', '['.repeat(BIG)],
  ['open arrays of no type', null, '['.repeat(BIG)],
  ['wide arrays', 'application/json', `[${'[],'.repeat(BIG / 3)}[]]`],
  ['escaped quotes', 'application/json', `["${'\\"'.repeat(BIG / 2)}"]`],
  ['digits', 'application/json', '9'.repeat(BIG)],
  ['short lines', 'application/x-ndjson', '1\n'.repeat(BIG / 2)],
  ['form fields', 'application/x-www-form-urlencoded', 'a=1&'.repeat(BIG / 4)],
  ['form brackets', 'application/x-www-form-urlencoded', `a${'[b]'.repeat(BIG / 3)}=1`],
  ['form repeats', 'application/x-www-form-urlencoded', 'a[b]=1&a[c][]=2&'.repeat(4_999)],
  ['form escapes', 'application/x-www-form-urlencoded', `a=${'%41'.repeat(BIG / 3)}`],
  ['XML depth', 'text/xml', '<a>'.repeat(300_000)],
  ['XML attributes', 'text/xml', `<a ${Array.from({ length: 50_000 }, (_, i) => `a${i}="1"`).join(' ')}/>`],
  ['XML comments', 'text/xml', '<!--'.repeat(250_000)],
  ['CSV cells', 'text/csv', ','.repeat(BIG)],
  ['CSV quote', 'text/csv', `"${'a\n'.repeat(BIG / 2)}`],
  [
    'parts',
    'multipart/form-data; boundary=X',
    partsOf(...Array.from({ length: 10_000 }, () => `${part}\r\n\r\n1`)),
  ],
  [
    'a header of a part',
    'multipart/form-data; boundary=X',
    partsOf(`${part}; x="${'x'.repeat(1024 * 1024)}"\r\n\r\n1`),
  ],
  [
    'nearly boundaries',
    'multipart/form-data; boundary=XXXXXXXX',
    `--XXXXXXXX\r\n${part}; filename=a\r\n\r\n${'\r\n--XXXXXXX'.repeat(BIG / 11)}`,
  ],
  ['addresses', 'message/rfc822', `From: a@b.example\r\nTo: ${'a@b.example,'.repeat(50_000)}\r\n\r\nx`],
  ['open comments', 'message/rfc822', `From: a@b.example\r\nTo: ${'('.repeat(500_000)}\r\n\r\nx`],
  ['quoted lines', 'message/rfc822', `From: a@b.example\r\n\r\n${'On x\r\n> y\r\n'.repeat(BIG / 11)}`],
  ['blanks', 'message/rfc822', `From: a@b.example\r\n\r\nOn ${' '.repeat(BIG)} wrote:`],
  ['parameters', `a/b${';a=b'.repeat(100_000)}`, 'x'],
];
/** Each takes well under a second; what is quadratic takes minutes. */
const PATIENCE_MS = 8_000;

test('bombs are read or refused in time', async () => {
  for (const [name, type, body] of BOMBS) {
    const start = performance.now();
    await parseCall({ body, ...(type === null ? {} : { type }) });
    const took = performance.now() - start;
    assert.ok(took < PATIENCE_MS, `${name}: ${took} ms`);
  }
});

test('a bomb of bytes takes no memory to speak of', async () => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  const before = process.memoryUsage().arrayBuffers;
  const read = await parseCall({
    type: 'application/json',
    headers: [['Content-Encoding', 'gzip']],
    body: bomb,
  });
  assert.match(read.error!, /Send less/);
  assert.ok(process.memoryUsage().arrayBuffers - before < 2 * FORMAT_LIMITS.decodedBytes);
});
