import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/properties.ts';
import type { Sealed } from './catalog/resources.ts';
import { deriveSealingKeys, needsResealing, open, SealBroken, seal } from './sealing.ts';

const keys = deriveSealingKeys(['the main secret']);
const context = { organization: 'org_1', id: 'row1' };
const nonce = Uint8Array.from({ length: 12 }, (_, i) => i + 200);

function broken(sealed: string, options: Partial<Parameters<typeof open>[1]> = {}): SealBroken {
  try {
    open(sealed as Sealed, { keys, context, ...options });
  } catch (error) {
    assert.ok(error instanceof SealBroken, String(error));
    return error;
  }
  return assert.fail('it opened');
}

test('what was sealed opens again, whatever text it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      assert.equal(open(seal(text, { keys, nonce, context }), { keys, context }), text);
    }),
  );
});

test('a sealed text names its version and key and hides its content', () => {
  const sealed = seal('whsec_plain', { keys, nonce, context });
  assert.match(sealed, /^v1\.[0-9a-f]{8}\.[\w-]{16}\.[\w-]+$/);
  assert.ok(!Buffer.from(sealed.split('.')[3]!, 'base64url').includes('plain'));
  const other = seal('whsec_plain', { keys, nonce: nonce.map((byte) => byte ^ 1), context });
  assert.notEqual(sealed, other);
});

test('a text moved to another row or organization does not open', () => {
  const sealed = seal('x', { keys, nonce, context });
  for (const moved of [
    { ...context, id: 'row2' },
    { ...context, organization: 'org_2' },
  ]) {
    assert.equal(broken(sealed, { context: moved }).reason, 'not-authentic');
  }
  const joined = seal('x', { keys, nonce, context: { organization: 'a', id: 'bc' } });
  assert.equal(broken(joined, { context: { organization: 'ab', id: 'c' } }).reason, 'not-authentic');
});

test('no changed character goes unnoticed', () => {
  const sealed = seal('a secret', { keys, nonce, context });
  for (let i = 0; i < sealed.length - 1; i++) {
    const changed = sealed.slice(0, i) + (sealed[i] === 'A' ? 'B' : 'A') + sealed.slice(i + 1);
    broken(changed);
  }
});

test('another main secret is told apart from damage', () => {
  const sealed = seal('x', { keys, nonce, context });
  const error = broken(sealed, { keys: deriveSealingKeys(['another secret']) });
  assert.equal(error.reason, 'unknown-key');
  assert.equal(error.code, 'unavailable');
  assert.match(error.message, /main secret does not fit.*POSTHORN_MAIN_SECRET/);
});

test('what is no sealed text is refused', () => {
  for (const text of [
    '',
    'x',
    'v1',
    'v1.00000000..',
    'v2.a.b.c',
    `${seal('x', { keys, nonce, context })}.more`,
    'v1.00000000.AAAAAAAAAAAAAAAA.AAAA',
  ]) {
    assert.equal(broken(text).reason, 'malformed', text);
  }
});

test('the first of several secrets seals, all of them open', () => {
  const old = seal('x', { keys, nonce, context });
  const rotated = deriveSealingKeys(['a newer secret', 'the main secret']);
  assert.equal(open(old, { keys: rotated, context }), 'x');
  assert.ok(needsResealing(old, rotated));
  const anew = seal('x', { keys: rotated, nonce, context });
  assert.ok(!needsResealing(anew, rotated));
  assert.equal(open(anew, { keys: deriveSealingKeys(['a newer secret']), context }), 'x');
});

test('no secret at all, or a nonce of the wrong size, is a mistake of the program', () => {
  assert.throws(() => deriveSealingKeys([]), RangeError);
  assert.throws(() => deriveSealingKeys(['']), RangeError);
  assert.throws(() => seal('x', { keys, nonce: new Uint8Array(11), context }), RangeError);
});
