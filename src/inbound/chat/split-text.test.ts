import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/properties.ts';
import { splitText } from './split-text.ts';

test('each line of an answer is a line, broken at spaces, without control characters', () => {
  assert.deepEqual(splitText('one\r\n\n  two\tthree\n'), ['one', '  two three']);
  assert.deepEqual(splitText('aaa bbb ccc', 7), ['aaa bbb', 'ccc']);
  assert.deepEqual(splitText('aaaaaaaaaa', 4), ['aaaa', 'aaaa', 'aa']);
  assert.deepEqual(splitText('a\u0000b\u0007c\rQUIT'), ['abc', 'QUIT']);
  assert.deepEqual(splitText(''), []);
});

test('what is too long ends with an ellipsis', () => {
  assert.deepEqual(splitText('1\n2\n3', 20, 2), ['1', '2 …']);
  assert.deepEqual(splitText('12345678 12345678', 8, 1), ['1234 …']);
});

test('no line is longer than allowed, none breaks a character, nothing is lost', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 8, max: 40 }), (text, bytes) => {
      const lines = splitText(text, bytes, 1000);
      for (const line of lines) {
        assert.ok(Buffer.byteLength(line) <= bytes);
        assert.ok(line.isWellFormed() || !text.isWellFormed());
      }
      const bare = (all: string) => all.replace(/\s|\p{Cc}/gu, '');
      assert.equal(bare(lines.join('')), bare(text));
    }),
  );
  const lines = splitText('word '.repeat(10_000));
  assert.equal(lines.length, 5);
  assert.ok(lines.every((line) => Buffer.byteLength(line) <= 350));
});
