import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/properties.ts';
import { matchesGlob } from './glob.ts';

test('* stands for any characters, ? for one', () => {
  for (const [pattern, text] of [
    ['', ''],
    ['*', ''],
    ['a*c', 'abbc'],
    ['*!*@*.example.org', 'ann!~a@host.example.org'],
    ['a?c', 'abc'],
    ['*a*b*', 'xxaxxbxx'],
  ] as const)
    assert.ok(matchesGlob(pattern, text), `${pattern} ${text}`);
  for (const [pattern, text] of [
    ['', 'a'],
    ['a', ''],
    ['a?c', 'ac'],
    ['*@host', 'ann@host.evil'],
    ['a*b', 'ab c'],
  ] as const)
    assert.ok(!matchesGlob(pattern, text), `${pattern} ${text}`);
});

test('it says what a regular expression says, and needs no more than the product of the lengths', () => {
  const few = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 12 });
  fc.assert(
    fc.property(few, few, (pattern, raw) => {
      const text = raw.replace(/[*?]/g, 'a');
      const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`);
      assert.equal(matchesGlob(pattern, text), expression.test(text));
    }),
  );
  const before = performance.now();
  assert.ok(!matchesGlob('*a'.repeat(200), `${'a'.repeat(500)}b`));
  assert.ok(performance.now() - before < 1_000);
});
