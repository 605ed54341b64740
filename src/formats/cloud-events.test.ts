import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAtOnce, parseCall } from './fixtures/parse-call.ts';

const HEADERS = [
  ['ce-specversion', '1.0'],
  ['CE-Type', 'com.example.a'],
  ['ce-id', 'a%20%E2%82%AC'],
  ['ce-__proto__', 'x'],
  ['x-other', 'y'],
] as const;

test('binary: the body by its own type, the attributes of the headers as the envelope', () => {
  const { value, envelope } = parseAtOnce({ type: 'text/xml', headers: HEADERS, body: '<a>1</a>' });
  assert.deepEqual(value, { a: '1' });
  assert.deepEqual(Object.entries(envelope!), [
    ['specversion', '1.0'],
    ['type', 'com.example.a'],
    ['id', 'a €'],
    ['__proto__', 'x'],
    ['datacontenttype', 'text/xml'],
  ]);
  assert.equal(parseAtOnce({ headers: HEADERS, body: '' }).envelope?.id, 'a €');
  assert.equal(parseAtOnce({ headers: HEADERS.slice(1), body: '{}' }).envelope, null);
});

test('structured: data or decoded data_base64 as the value, the rest as the envelope', async () => {
  const read = (event: object) =>
    parseCall({ type: 'application/cloudevents+json; charset=utf-8', body: JSON.stringify(event) });
  const attributes = { specversion: '1.0', id: '1', source: '/s', type: 't' };
  assert.deepEqual(await read({ ...attributes, data: { a: 1 } }), {
    format: 'json',
    value: { a: 1 },
    files: [],
    envelope: attributes,
    error: null,
  });
  const encoded = {
    ...attributes,
    datacontenttype: 'text/xml',
    data_base64: Buffer.from('<a/>').toString('base64'),
  };
  const { format, value, envelope } = await read(encoded);
  assert.deepEqual(
    [format, value, envelope],
    ['xml', { a: '' }, { ...attributes, datacontenttype: 'text/xml' }],
  );
  assert.equal((await read(attributes)).value, null);
  assert.match((await read({ a: 1 })).error!, /no specversion/);
  assert.deepEqual((await read({ a: 1 })).value, { a: 1 });
});

test('batch: the data of each in an array, their attributes in the envelope', async () => {
  const read = (body: string) => parseCall({ type: 'application/cloudevents-batch+json', body });
  const batch = [
    { specversion: '1.0', id: '1', data: { a: 1 } },
    { specversion: '1.0', id: '2', data_base64: 'eyJiIjoyfQ==', datacontenttype: 'application/json' },
  ];
  const { value, envelope } = await read(JSON.stringify(batch));
  assert.deepEqual(value, [{ a: 1 }, { b: 2 }]);
  assert.deepEqual(envelope, {
    specversion: '1.0',
    batch: [
      { specversion: '1.0', id: '1' },
      { specversion: '1.0', id: '2', datacontenttype: 'application/json' },
    ],
  });
  assert.deepEqual((await read('[]')).value, []);
  assert.match((await read('{"specversion":"1.0"}')).error!, /no array/);
  assert.match(
    (await read(JSON.stringify(Array.from({ length: 1_001 }, () => batch[0])))).error!,
    /more than 1000 events/,
  );
});

test('data does not hold events, parts or mails of its own', async () => {
  const body = '--Y\r\nContent-Type: a/b\r\n\r\nx\r\n--Y--\r\n';
  for (const datacontenttype of [
    'multipart/mixed; boundary=Y',
    'message/rfc822',
    'application/cloudevents+json',
    undefined,
  ]) {
    const event = { specversion: '1.0', datacontenttype, data_base64: Buffer.from(body).toString('base64') };
    const { format } = await parseCall({ type: 'application/cloudevents+json', body: JSON.stringify(event) });
    assert.equal(format, datacontenttype === undefined ? 'text' : 'raw');
  }
});
