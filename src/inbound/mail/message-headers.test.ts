import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/properties.ts';
import { messageHeaders, messageKey } from './message-headers.ts';

const of = (text: string) => messageHeaders(Buffer.from(text));

test('lines keep their order, case and repetitions; folded ones are joined', () => {
  assert.deepEqual(of('Received: a\r\n\tb\r\nSubject:  Grüße \r\nreceived: c\r\n\r\nBody: no\r\n'), [
    ['Received', 'a b'],
    ['Subject', 'Grüße'],
    ['received', 'c'],
  ]);
  assert.deepEqual(of('A: 1\nB: 2\n\nC: 3\n'), [
    ['A', '1'],
    ['B', '2'],
  ]);
});

test('a message without a header section has none, and lines that are no fields are left out', () => {
  assert.deepEqual(of('\r\nA: 1\r\n'), []);
  assert.deepEqual(of('no colon\r\n: empty\r\nsp ace: x\r\nOk: 1'), [['Ok', '1']]);
});

test('endless headers are cut', () => {
  assert.equal(of('A: 1\r\n'.repeat(10_000)).length, 500);
  assert.ok(of(`A: ${'x'.repeat(5_000_000)}`)[0]![1].length < 300_000);
});

test('the key is the Message-Id with what follows the headers, and without one a digest of all', () => {
  const keyOf = (text: string) => messageKey(of(text), Buffer.from(text));
  const key = keyOf('message-ID: <a@b>\r\n\r\nhello');
  assert.match(key, /^<a@b> [\w-]{43}$/);
  assert.equal(keyOf('Received: by another way\r\nMessage-Id: <a@b>\r\n\r\nhello'), key);
  assert.notEqual(keyOf('Message-Id: <a@b>\r\n\r\nwhat a device says under the same id'), key);
  assert.match(keyOf('A: 1\r\n\r\n'), /^sha256:[0-9a-f]{64}$/);
  assert.match(keyOf(`Message-Id: ${'x'.repeat(1000)}\r\n\r\n`), /^sha256:/);
  assert.notEqual(keyOf('A: 1\r\n\r\n'), keyOf('A: 2\r\n\r\n'));
});

test('whatever bytes come, names are names and values are one line', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      for (const [name, value] of messageHeaders(Buffer.from(bytes))) {
        assert.match(name, /^[!-9;-~]+$/);
        assert.doesNotMatch(value, /\n/);
      }
    }),
  );
});
