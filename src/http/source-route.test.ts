/** Whatever comes to `/in`: it is answered, with no 5xx but 503 and 508, and a source beside it does not notice. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startPosthorn, type TestPosthorn } from '../../test/support/posthorn.ts';
import { fc } from '../../test/support/properties.ts';
import { rawCall, statusOf } from '../../test/support/raw-call.ts';
import { makeSource, type TestSource } from '../../test/support/source.ts';

const RUNS = 250;
const ANSWER_MS_MAX = 5_000;

let posthorn: TestPosthorn;
let beside: TestSource;
const paths: string[] = [];
before(async () => {
  posthorn = await startPosthorn({ http: { sourceBodyBytesMax: 64 * 1024 } });
  const everything = {
    type: 'body.type',
    orderingKey: 'headers["x-key"]',
    dedupe: { key: 'body', windowSeconds: 60 },
    answer: { kind: 'template', headers: { 'X-Echo': '{{ query }}' }, body: '{{ body }}' },
  };
  const given = [
    everything,
    { onParseError: 'refuse', payloadFrom: 'form:payload' },
    { provider: 'github', secrets: ['s'] },
    { provider: 'stripe', secrets: ['s'] },
    { provider: 'twilio', secrets: ['s'] },
    { provider: 'slack', secrets: ['s'] },
    { provider: 'asana', allowCapture: true },
    { provider: 'adyen', secrets: ['ab'.repeat(32)] },
    { provider: 'twitter', secrets: ['s'], answer: { kind: 'poll' } },
    { provider: 'monday', secrets: ['s'], type: 'raw', methods: ['POST'] },
  ];
  for (const each of given) paths.push((await makeSource(posthorn, each)).path);
  beside = await makeSource(posthorn);
});
after(() => posthorn.stop());

const PIECES = [
  ...[
    '/',
    '..',
    '%2e',
    '%zz',
    '%00',
    '?',
    '&',
    '=',
    '#',
    ';',
    ':',
    '@',
    '//',
    'a',
    'events/evt_0',
    '%ff',
    '+',
  ],
  ...['crc_token=x', 'challenge=y', 'hub.mode=subscribe'],
];
const target = fc
  .tuple(
    fc.constantFrom('', '', '/', '/a', '?', '?a=', '&'),
    fc.array(fc.constantFrom(...PIECES), { maxLength: 6 }),
  )
  .map(([first, pieces]) => (first === '' ? '' : first + pieces.join('')));
const NAMES = [
  ...['Content-Type', 'Content-Encoding', 'Accept', 'Authorization', 'Cookie', 'X-Hub-Signature-256'],
  ...['Stripe-Signature', 'X-Twilio-Signature', 'X-Slack-Signature', 'X-Slack-Request-Timestamp'],
  ...[
    'X-Hook-Secret',
    'Posthorn-Trace',
    'Posthorn-Test',
    'Origin',
    'Access-Control-Request-Method',
    'Expect',
  ],
  ...['X-Key', 'Range', 'If-Match', 'X-Forwarded-For', 'Connection', 'ce-specversion'],
];
const VALUES = [
  ...['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=b', 'text/xml'],
  ...[
    'application/json; charset=utf-16',
    'message/rfc822',
    'application/cloudevents-batch+json',
    'text/csv',
    '*/*',
  ],
  ...[
    'gzip',
    'br, gzip',
    'identity',
    'text/plain',
    't=1,v1=ab',
    'sha256=',
    'Bearer a.b.c',
    'Basic !',
    '-1',
    '1e9',
  ],
  ...[
    'NaN',
    '99999999999999999999',
    'hops=9',
    '100-continue',
    'close, x-key',
    '\xff\x80',
    '',
    'a'.repeat(9000),
  ],
];
const header = fc.tuple(
  fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(...NAMES) },
    { weight: 1, arbitrary: fc.constantFrom('bad name', '') },
  ),
  fc.oneof(fc.constantFrom(...VALUES), fc.string({ maxLength: 20 })),
);
const BODIES = [
  ...['', '{', '{}', '{"type":{}}', '{"type":1e999}', '[[[[', 'a=b&a[b]=c', 'payload=%7B', '<a>&b;</a>'],
  ...['<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', '{"challenge":"x","type":"url_verification"}', 'a,"b\n1'],
  ...['{"__proto__":{"a":1},"constructor":{}}', '\ufeff{"a":1}', '\u0000', '--b\r\nX: y', 'null', '"', '1'],
  ...[
    '{"notificationItems":[{"NotificationRequestItem":{}}]}',
    '[{"specversion":"1.0"}]',
    '['.repeat(20_000),
  ],
];
const body = fc.oneof(
  fc.constantFrom(...BODIES).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom(gzipSync('{"a":1}'), gzipSync(Buffer.alloc(2_000_000))),
);
const LENGTHS = [
  ...Array<'true'>(12).fill('true'),
  'chunked',
  'none',
  'more',
  'less',
  'twice',
  'both',
] as const;
const METHODS = [
  'POST',
  'POST',
  'GET',
  'PUT',
  'HEAD',
  'OPTIONS',
  'DELETE',
  'PATCH',
  'TRACE',
  'PROPFIND',
  'no',
];

function framed(bytes: Buffer, length: (typeof LENGTHS)[number]): { head: string; rest: Buffer } {
  const size = bytes.length;
  const chunk = Buffer.concat([Buffer.from(`${size.toString(16)}\r\n`), bytes, Buffer.from('\r\n0\r\n\r\n')]);
  const chunked = size === 0 ? Buffer.from('0\r\n\r\n') : chunk;
  if (length === 'chunked') return { head: 'Transfer-Encoding: chunked\r\n', rest: chunked };
  if (length === 'both')
    return { head: `Content-Length: ${size}\r\nTransfer-Encoding: chunked\r\n`, rest: chunked };
  if (length === 'none') return { head: '', rest: bytes };
  if (length === 'twice') return { head: `Content-Length: ${size}\r\nContent-Length: 3\r\n`, rest: bytes };
  const told = length === 'more' ? size + 10 : length === 'less' ? Math.floor(size / 2) : size;
  return { head: `Content-Length: ${told}\r\n`, rest: bytes };
}

test('arbitrary calls are answered and refused in order, and leave others alone', async () => {
  const call = fc.record({
    source: fc.nat({ max: 9 }),
    method: fc.constantFrom(...METHODS),
    target,
    headers: fc.array(header, { maxLength: 6 }),
    body,
    length: fc.constantFrom(...LENGTHS),
  });
  await fc.assert(
    fc.asyncProperty(call, async ({ source, method, target: rest, headers, body: bytes, length }) => {
      const { head, rest: sent } = framed(bytes, length);
      const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
      const start = `${method} ${paths[source]}${rest} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n`;
      const whole = Buffer.concat([Buffer.from(`${start}${lines}${head}\r\n`, 'latin1'), sent]);
      const isHalf = length === 'more';
      const answer = await rawCall(posthorn.url, whole, isHalf ? 50 : ANSWER_MS_MAX);
      const status = statusOf(answer);
      // Who promises more than comes is waited for.
      assert.ok(status > 0 || isHalf, 'no answer came');
      assert.ok(status < 500 || status === 503 || status === 508, answer.slice(0, 300));
      assert.doesNotMatch(answer, /\n\s+at .*\.ts:\d|node_modules/, 'a stack was told');
    }),
    { numRuns: RUNS },
  );
  assert.equal((await beside.send({ body: 'x' })).status, 202);
  const bugs = posthorn.lines.filter(({ level }) => level === 'error');
  assert.deepEqual(bugs, []);
});
