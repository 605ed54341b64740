import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InboundHost } from '../../ports/inbound.ts';
import { plain, queueItem, textOrBase64 } from './message.ts';

const host = (type: string | null) => ({ source: { kind: 'amqp', type } }) as unknown as InboundHost;
const MESSAGE = {
  body: Buffer.from('x'),
  contentType: null,
  headers: [],
  dedupeKey: null,
  orderingKey: null,
  meta: { place: 1 },
};

test('the type is that of the kind, unless the source has an expression for it', () => {
  assert.equal(queueItem(host(null), MESSAGE).type, 'amqp.message');
  assert.equal(queueItem(host('body.kind'), MESSAGE).type, null);
});

test('lines of text are headers; everything else is in meta, as JSON', () => {
  const headers: [string, unknown][] = [
    ['X-Tenant', 'acme'],
    ['x-bytes', Buffer.from('text')],
    ['content-type', Buffer.from('text/csv')],
    ['x-raw', Buffer.from([255])],
    ['x-count', 3],
    ['x-death', [{ queue: 'q', count: 1n }]],
    ['with space', 'v'],
    ['x-break', 'a\r\nX-Smuggled: b'],
  ];
  const item = queueItem(host(null), { ...MESSAGE, headers });
  assert.deepEqual(item.headers, [
    ['X-Tenant', 'acme'],
    ['x-bytes', 'text'],
    ['content-type', 'text/csv'],
  ]);
  assert.equal(item.contentType, 'text/csv');
  assert.deepEqual(item.meta, {
    place: 1,
    headers: {
      'x-raw': 'base64:/w==',
      'x-count': 3,
      'x-death': [{ queue: 'q', count: '1' }],
      'with space': 'v',
      'x-break': 'a\r\nX-Smuggled: b',
    },
  });
});

test('the message’s own content type wins over a header, and its headers are bounded', () => {
  const headers = Array.from({ length: 500 }, (_, n) => [`x-${n}`, 'v'] as const);
  const item = queueItem(host(null), { ...MESSAGE, contentType: 'a/b', headers });
  assert.equal(item.contentType, 'a/b');
  assert.equal(item.headers.length, 200);
});

test('bytes are text, or say that they are not; names of objects are kept as they are', () => {
  assert.equal(textOrBase64(Buffer.from('ä')), 'ä');
  assert.equal(textOrBase64(Buffer.from([0xc3])), 'base64:ww==');
  const table = plain(JSON.parse('{"__proto__": {"x": 1}, "a": null}'));
  assert.equal(JSON.stringify(table), '{"__proto__":{"x":1},"a":null}');
});
