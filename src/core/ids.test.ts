import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/properties.ts';
import {
  ID_BYTES,
  idAt,
  idFromBytes,
  idTime,
  idToBytes,
  isId,
  newId,
  parseId,
  renderId,
  writeIdBytes,
} from './ids.ts';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The definition, said slowly with big integers. */
function slowText(bytes: Uint8Array): string {
  let value = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  let text = '';
  for (let i = 0; i < 27; i++) {
    text = ALPHABET[Number(value % 62n)] + text;
    value /= 62n;
  }
  return text;
}

const twentyBytes = fc.uint8Array({ minLength: ID_BYTES, maxLength: ID_BYTES });

test('base62 of twenty bytes is what big integers say', () => {
  fc.assert(fc.property(twentyBytes, (bytes) => assert.equal(idFromBytes(bytes), slowText(bytes))));
  for (const edge of [0, 1, 127, 128, 254, 255]) {
    const bytes = new Uint8Array(ID_BYTES).fill(edge);
    assert.equal(idFromBytes(bytes), slowText(bytes));
  }
});

test('text and bytes turn into each other without loss', () => {
  fc.assert(fc.property(twentyBytes, (bytes) => assert.deepEqual(idToBytes(idFromBytes(bytes)), bytes)));
});

test('ids sort as their bytes do', () => {
  fc.assert(
    fc.property(twentyBytes, twentyBytes, (a, b) => {
      const text = idFromBytes(a) < idFromBytes(b);
      assert.equal(text, Buffer.compare(a, b) < 0);
    }),
  );
});

test('bytes are read from and written to the middle of a buffer', () => {
  const bytes = Uint8Array.from({ length: 40 }, (_, i) => i * 5);
  const id = idFromBytes(bytes, 7);
  assert.equal(id, idFromBytes(bytes.subarray(7, 27)));
  const target = new Uint8Array(40);
  writeIdBytes(id, target, 7);
  assert.deepEqual(target.subarray(7, 27), bytes.subarray(7, 27));
  assert.equal(target[6], 0);
  assert.equal(target[27], 0);
});

test('a new id holds its instant to 4 ms and the random bytes given', () => {
  const random = Uint8Array.from({ length: 15 }, (_, i) => 255 - i);
  for (const at of [1_400_000_000_000, 1_700_000_000_123, 2_000_000_000_999, 5_000_000_000_997]) {
    const id = newId<'event'>(at, random);
    assert.ok(isId(id));
    assert.equal(idTime(id), at - ((at % 1000) % 4));
    assert.deepEqual(idToBytes(id).subarray(6), random.subarray(1));
    assert.equal(idToBytes(id)[5], ((at % 4) << 6) | (random[0]! & 63));
  }
});

test('the edges of an instant enclose every id of that instant', () => {
  const at = 1_767_225_600_000;
  const id = newId(
    at,
    Uint8Array.from({ length: 15 }, (_, i) => i),
  );
  assert.ok(idAt(at, 'first') <= id && id <= idAt(at, 'last'));
  assert.ok(idAt(at, 'last') < idAt(at + 4, 'first'));
  assert.equal(idTime(idAt(-5, 'first')), 1_400_000_000_000);
});

test('only 27 base62 digits that fit twenty bytes are an id', () => {
  assert.ok(isId('0'.repeat(27)));
  assert.ok(isId('aWgEPTl1tmebfsQzFP4bxwgy80V'));
  assert.ok(!isId('aWgEPTl1tmebfsQzFP4bxwgy80W'), 'one more than twenty bytes hold');
  assert.ok(!isId('z'.repeat(27)));
  assert.ok(!isId('0'.repeat(26)));
  assert.ok(!isId(`${'0'.repeat(26)}-`));
  assert.ok(!isId(`${'0'.repeat(26)}é`));
  assert.ok(!isId(`${'0'.repeat(26)}\u{1}`));
  assert.equal(idFromBytes(new Uint8Array(ID_BYTES).fill(255)), 'aWgEPTl1tmebfsQzFP4bxwgy80V');
});

test('a wire id is known by its prefix', () => {
  const id = newId<'destination'>(1_700_000_000_000, new Uint8Array(15));
  assert.equal(parseId(renderId(id, 'endpoint'), 'endpoint'), id);
  assert.equal(parseId(renderId(id, 'endpoint'), 'application'), undefined);
  assert.equal(parseId('ep_short', 'endpoint'), undefined);
  assert.equal(parseId(id, 'endpoint'), undefined);
});

test('ids made in different milliseconds sort by time although their tick is the same', () => {
  const random = new Uint8Array(15).fill(255);
  const zero = new Uint8Array(15);
  const at = 1_700_000_000_000;
  for (let ms = 0; ms < 8; ms++) assert.ok(newId(at + ms, random) < newId(at + ms + 1, zero));
  assert.equal(idTime(newId(at + 3, random)), at);
});
