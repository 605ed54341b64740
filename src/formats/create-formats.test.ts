import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAtOnce, parseCall } from './fixtures/parse-call.ts';

const FORM = 'application/x-www-form-urlencoded';
const seen = (call: Parameters<typeof parseAtOnce>[0]): unknown[] => {
  const { format, value, error } = parseAtOnce(call);
  return [format, value, error];
};

test('a body is read as what its type says, at once', () => {
  assert.deepEqual(seen({ type: 'application/json', body: '{"a":[1,null]}' }), [
    'json',
    { a: [1, null] },
    null,
  ]);
  assert.deepEqual(seen({ type: 'application/problem+json; charset=utf-8', body: '"x"' }), [
    'json',
    'x',
    null,
  ]);
  assert.deepEqual(seen({ type: 'application/x-ndjson', body: '{"a":1}\n\n2\n' }), [
    'ndjson',
    [{ a: 1 }, 2],
    null,
  ]);
  assert.deepEqual(seen({ type: 'application/json-seq', body: '\x1e{"a":1}\n\x1e2\n' }), [
    'ndjson',
    [{ a: 1 }, 2],
    null,
  ]);
  assert.deepEqual(seen({ type: FORM, body: 'a=1&b=x+y%21' }), ['form', { a: '1', b: 'x y!' }, null]);
  assert.deepEqual(seen({ type: 'application/soap+xml', body: '<a b="1">x</a>' }), [
    'xml',
    { a: { '@b': '1', '#text': 'x' } },
    null,
  ]);
  assert.deepEqual(seen({ type: 'text/csv', body: 'a,b\n1,"2,3"\n' }), ['csv', [{ a: '1', b: '2,3' }], null]);
  assert.deepEqual(seen({ type: 'text/plain', body: 'hello, world' }), ['text', 'hello, world', null]);
  assert.deepEqual(seen({ type: 'image/png', body: '\x89PNG' }), ['raw', null, null]);
  assert.deepEqual(seen({ body: '' }), ['none', null, null]);
});

test('a type that is missing or says nothing is found out from the bytes', () => {
  for (const type of [
    undefined,
    'application/octet-stream',
    'text/plain',
    'nonsense',
    'application/x-unknown',
  ]) {
    const call = type === undefined ? {} : { type };
    assert.deepEqual(seen({ ...call, body: ' {"a":1}' }), ['json', { a: 1 }, null], type);
    assert.deepEqual(
      seen({ ...call, body: '{"a":1}\n{"a":2}' }),
      ['ndjson', [{ a: 1 }, { a: 2 }], null],
      type,
    );
    assert.deepEqual(
      seen({ ...call, body: 'a=1&b%5Bc%5D=2' }),
      ['form', { a: '1', b: { c: '2' } }, null],
      type,
    );
    assert.deepEqual(seen({ ...call, body: '<?xml version="1.0"?><a/>' }), ['xml', { a: '' }, null], type);
  }
});

test('what only looks a little like a format stays text', () => {
  for (const body of [
    'YWJj=',
    'YWI9PQ==',
    'x = 1',
    'a, b and c',
    '12345',
    'true',
    '{ not json',
    '<3 you',
    'see a=b here',
    '-- x',
  ])
    assert.deepEqual(seen({ type: 'text/plain', body }), ['text', body, null]);
  const page = '<html><body><p>x</p></body></html>';
  assert.deepEqual(seen({ type: 'text/html', body: page }), ['text', page, null]);
});

test('clients that call everything a form are understood', () => {
  assert.deepEqual(seen({ type: FORM, body: '{"a":1}' }), ['json', { a: 1 }, null]);
  assert.deepEqual(seen({ type: FORM, body: '<a>1</a>' }), ['xml', { a: '1' }, null]);
  assert.equal(parseAtOnce({ type: FORM, body: new Uint8Array([0, 1, 2, 255]) }).format, 'raw');
});

test('a wrong claim is read as what it is, and both are named', () => {
  const { format, value, error } = parseAtOnce({ type: 'application/json', body: 'a=1&b=2' });
  assert.deepEqual([format, value], ['form', { a: '1', b: '2' }]);
  assert.match(error!, /application\/json.*read as form/);
  assert.match(parseAtOnce({ type: 'text/xml', body: '{"a":1}' }).error!, /text\/xml.*read as json/);
  assert.match(parseAtOnce({ type: 'application/json', body: '{"a":1' }).error!, /read as text/);
  assert.match(
    parseAtOnce({ type: 'application/json', body: new Uint8Array([0, 255, 1]) }).error!,
    /read as raw/,
  );
});

test('a source may say what its bodies are, whatever the sender says', () => {
  assert.deepEqual(seen({ type: 'text/plain', contentType: 'text/csv', body: 'a;b\n1;2' }), [
    'csv',
    [{ a: '1', b: '2' }],
    null,
  ]);
});

test('the first of several Content-Type headers counts, in any case', () => {
  const headers = [
    ['CONTENT-TYPE', 'text/plain'],
    ['content-type', 'application/json'],
  ] as const;
  assert.deepEqual(seen({ headers, body: '12' }), ['text', '12', null]);
});

test('characters are read in the charset that is named, marked, or likely', () => {
  const latin = Buffer.from('{"a":"M\xfcller \x80"}', 'latin1');
  assert.deepEqual(seen({ type: 'application/json; charset=windows-1252', body: latin }), [
    'json',
    { a: 'Müller €' },
    null,
  ]);
  assert.deepEqual(seen({ type: 'text/plain; charset="cp437"', body: new Uint8Array([0x81]) }), [
    'text',
    'ü',
    null,
  ]);
  assert.deepEqual(seen({ type: 'application/json', body: Buffer.from('\ufeff{"a":1}') }), [
    'json',
    { a: 1 },
    null,
  ]);
  assert.deepEqual(seen({ body: Buffer.from('\ufeff{"a":1}', 'utf16le') }), ['json', { a: 1 }, null]);
  const [format, value, error] = seen({ type: 'application/json', body: latin });
  assert.deepEqual([format, value], ['json', { a: 'Müller €' }]);
  assert.match(String(error), /not valid UTF-8/);
  assert.match(String(seen({ type: 'text/plain; charset=utf-8', body: latin })[2]), /not valid UTF-8/);
  assert.match(String(seen({ type: 'text/plain; charset=klingon', body: 'x' })[2]), /klingon/);
});

test('bytes that no charset makes a text of are raw', () => {
  for (const type of [undefined, 'text/plain', 'application/octet-stream'])
    assert.deepEqual(
      seen({ ...(type === undefined ? {} : { type }), body: new Uint8Array([0x89, 0x50, 0x00, 0x0d]) }),
      ['raw', null, null],
    );
  assert.deepEqual(seen({ body: new Uint8Array([0xff, 0x61]) }), ['raw', null, null]);
});

test('a JWT gives its claims, and its header as the envelope', () => {
  const body = `${Buffer.from('{"alg":"RS256","kid":"k"}').toString('base64url')}.${Buffer.from('{"sub":"x"}').toString('base64url')}.c2ln`;
  for (const type of ['application/jwt', 'application/secevent+jwt', 'text/plain'])
    assert.deepEqual(parseAtOnce({ type, body }), {
      format: 'jwt',
      value: { sub: 'x' },
      files: [],
      envelope: { alg: 'RS256', kid: 'k' },
      error: null,
    });
  assert.match(parseAtOnce({ type: 'application/jwt', body: 'a.b.c.d.e' }).error!, /header.claims.signature/);
});

test('a compressed body is undone before it is read, and what cannot be undone is told', async () => {
  const { gzipSync } = await import('node:zlib');
  const call = { type: 'application/json', headers: [['Content-Encoding', 'gzip']] as const };
  assert.deepEqual((await parseCall({ ...call, body: gzipSync('{"a":1}') })).value, { a: 1 });
  const broken = await parseCall({ ...call, body: 'no gzip' });
  assert.deepEqual([broken.format, broken.value], ['raw', null]);
  assert.match(broken.error!, /not valid gzip/);
});
