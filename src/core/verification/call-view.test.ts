import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/properties.ts';
import { fieldsOf } from './call-view.ts';

test('the fields of a form are those that URLSearchParams finds', () => {
  const piece = fc.constantFrom(
    'a',
    'b=',
    '=',
    '&',
    '+',
    '%41',
    '%',
    '%4',
    '%ff',
    '%e2%82%ac',
    'é',
    '#',
    ' ',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = pieces.join('');
      assert.deepEqual(fieldsOf(text), [...new URLSearchParams(`&${text}`)]);
    }),
  );
});

test('ten megabytes of fields, signs or escapes are read in less than the blink of an eye', () => {
  for (const piece of ['a&', '&', '+', '=&', '%', '%41', 'a=%ff&']) {
    const text = piece.repeat(10_000_000 / piece.length);
    const startedAt = performance.now();
    assert.ok(fieldsOf(text).length <= 5_000);
    const ms = performance.now() - startedAt;
    assert.ok(ms < 2_000, `${JSON.stringify(piece)} took ${ms} ms`);
  }
});
