import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ParsedBody } from '../core/received/event-document.ts';
import { parseCall, partsOf } from './fixtures/parse-call.ts';

const FORM = 'multipart/form-data; boundary=X';
const field = (name: string, value: string, type = ''): string =>
  `Content-Disposition: form-data; name="${name}"${type && `\r\nContent-Type: ${type}`}\r\n\r\n${value}`;
const read = async (body: string | Uint8Array, type: string = FORM): Promise<ParsedBody> =>
  parseCall({ type, body });
const filesOf = ({ files }: ParsedBody) =>
  files.map(({ field: name, bytes, ...rest }) => ({
    field: name,
    ...rest,
    text: Buffer.from(bytes).toString(),
  }));

test('fields become the value by the rules of forms, and files are beside it', async () => {
  const body = partsOf(
    field('a[b]', '1'),
    field('a[c]', 'ü'),
    field('list', 'x'),
    field('list', 'y'),
    field('event', '{"n":1}', 'application/json'),
    'Content-Disposition: form-data; name="doc"; filename="C:\\tmp\\re;port.bin"\r\nContent-Type: application/x-thing\r\n\r\nab\r\ncd',
    'Content-Disposition: form-data; name=raw\r\nContent-Type: application/octet-stream\r\n\r\n',
  );
  const parsed = await read(body);
  assert.deepEqual(
    [parsed.format, parsed.value, parsed.error],
    ['multipart', { a: { b: '1', c: 'ü' }, list: ['x', 'y'], event: { n: 1 } }, null],
  );
  assert.deepEqual(filesOf(parsed), [
    { field: 'doc', name: 're;port.bin', contentType: 'application/x-thing', size: 6, text: 'ab\r\ncd' },
    { field: 'raw', name: '', contentType: 'application/octet-stream', size: 0, text: '' },
  ]);
});

test('names of files are read in each way they are written, and lead nowhere', async () => {
  const names = [
    "filename*=UTF-8''%e2%82%ac%20rates.txt",
    'filename="€ rates.txt"',
    'filename="../../€ rates.txt"',
    'FileName="a\\"b.txt"',
  ];
  const parsed = await read(
    partsOf(...names.map((name) => `Content-Disposition: form-data; name=f; ${name}\r\n\r\nx`)),
  );
  assert.deepEqual(
    parsed.files.map(({ name }) => name),
    ['€ rates.txt', '€ rates.txt', '€ rates.txt', 'a"b.txt'],
  );
});

test('other multipart bodies are an array of what their parts say', async () => {
  const body = partsOf(
    'Content-Type: application/json\r\n\r\n{"a":1}',
    'Content-Type: text/plain\r\nContent-Disposition: inline; name=note\r\n\r\nhello',
    'Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC',
    'Content-Type: multipart/mixed; boundary=Y\r\n\r\n--Y\r\n\r\nx\r\n--Y--',
  );
  const parsed = await read(body, 'multipart/mixed; boundary="X"');
  assert.deepEqual(parsed.value, [
    { name: null, contentType: 'application/json', value: { a: 1 } },
    { name: 'note', contentType: 'text/plain', value: 'hello' },
    { name: null, contentType: 'image/png', value: null },
    { name: null, contentType: 'multipart/mixed; boundary=Y', value: null },
  ]);
  assert.deepEqual(
    parsed.files.map(({ field: name, size }) => [name, size]),
    [
      ['part_3', 3],
      ['part_4', 15],
    ],
  );
});

test('a boundary that is missing or wrong is taken from the body', async () => {
  const body = partsOf(field('a', '1'));
  for (const type of ['multipart/form-data', 'text/plain', 'application/octet-stream'])
    assert.deepEqual((await read(body, type)).value, { a: '1' }, type);
  const wrong = await read(body, 'multipart/form-data; boundary=other');
  assert.deepEqual(wrong.value, { a: '1' });
  assert.match(wrong.error!, /boundary/);
});

test('a body that is cut off gives what was whole, and says so', async () => {
  const body = partsOf(field('a', '1'), field('b', '2'));
  const cut = await read(body.slice(0, -8));
  assert.deepEqual(cut.value, { a: '1', b: '2' });
  assert.match(cut.error!, /closing boundary/);
  const inHeader = await read(body.slice(0, body.indexOf('name="b"')));
  assert.deepEqual(inHeader.value, { a: '1' });
  assert.notEqual(inHeader.error, null);
});

test('fields are read in the charset that another field names', async () => {
  const latin = (text: string): Buffer => Buffer.from(text, 'latin1');
  const one = await read(latin(partsOf(field('_charset_', 'iso-8859-1'), field('a', '\xfc'))));
  assert.deepEqual([(one.value as { a: string }).a, one.error], ['ü', null]);
  const each = await read(latin(partsOf(field('a', '\xfc'), field('charsets', '{"a":"windows-1252"}'))));
  assert.deepEqual([(each.value as { a: string }).a, each.error], ['ü', null]);
});

test('parts and their headers are bounded, and nothing is left out silently', async () => {
  const many = await read(partsOf(...Array.from({ length: 1_001 }, () => field('a', '1'))));
  assert.equal(many.format, 'text');
  assert.match(many.error!, /more than 1000 parts/);
  const long = await read(partsOf(`X: ${'x'.repeat(1_000_000)}\r\n${field('a', '1')}`, field('b', '2')));
  assert.match(long.error!, /too long/);
  assert.equal((long.value as { b: string }).b, '2');
  const lines = await read(partsOf(`${'x: y\r\n'.repeat(5_000)}${field('a', '1')}`));
  assert.match(lines.error!, /too long/);
});

test('names of prototypes are names', async () => {
  const { value } = await read(
    partsOf(field('__proto__[polluted]', '1'), field('constructor', '{"prototype":1}', 'application/json')),
  );
  assert.deepEqual(Object.keys(value as object), ['__proto__', 'constructor']);
  assert.equal(({} as { polluted?: string }).polluted, undefined);
});

test('a body without its boundary, or without a part, is text', async () => {
  for (const body of ['nothing here', '--X--\r\n', '--X'])
    assert.deepEqual([(await read(body)).format, (await read(body)).value], ['text', body]);
});
