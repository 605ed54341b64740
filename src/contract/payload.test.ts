import assert from 'node:assert/strict';
import test from 'node:test';
import { payloadText } from './payload.ts';

const textOf = (content: string | Uint8Array, contentType = 'application/json') =>
  payloadText({ content: Buffer.from(content), contentState: 'kept', contentType });

test('JSON stands in the answer exactly as it was published', () => {
  const odd = '{ "n": 12345678901234567890.10, "a":1, "a":2 }';
  assert.equal(textOf(odd), odd);
  assert.equal(textOf('[1]', 'application/cloudevents+json; charset=utf-8'), '[1]');
});

test('text that is no JSON, or is not said to be, becomes a JSON string', () => {
  assert.equal(textOf('<a/>', 'application/xml'), '"<a/>"');
  assert.equal(textOf('{"a":1}', 'text/plain'), JSON.stringify('{"a":1}'));
  assert.equal(textOf('{"a":', 'application/json'), JSON.stringify('{"a":'));
});

test('bytes that are not UTF-8 become base64', () => {
  const bytes = Uint8Array.of(0xff, 0x00, 0x80);
  assert.deepEqual(JSON.parse(textOf(bytes, 'application/octet-stream')), {
    encoding: 'base64',
    data: '/wCA',
  });
  assert.deepEqual(JSON.parse(textOf(bytes)), { encoding: 'base64', data: '/wCA' });
});

test('a payload that is gone says so', () => {
  for (const contentState of ['expired', 'expunged'] as const) {
    assert.equal(
      payloadText({ content: null, contentState, contentType: 'application/json' }),
      '{"expired":true}',
    );
  }
});
