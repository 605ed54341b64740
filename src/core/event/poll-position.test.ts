import assert from 'node:assert/strict';
import test from 'node:test';
import { parsePosition, renderPosition } from './poll-position.ts';

test('a position survives the way to the client and back', () => {
  for (const seq of [0, 1, 35, 36, 1_000_000, Number.MAX_SAFE_INTEGER]) {
    assert.equal(parsePosition(renderPosition(seq)), seq);
  }
});

test('text that is no position is none', () => {
  for (const text of ['', 'a', 'b1', 'a-1', 'a1.5', 'A1', 'azzzzzzzzzzz', ' a1']) {
    assert.equal(parsePosition(text), undefined, text);
  }
});
