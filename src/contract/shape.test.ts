import assert from 'node:assert/strict';
import test from 'node:test';
import Type from 'typebox';
import { parseRef } from './ids.ts';
import { checkMetadata } from './metadata.ts';
import { onlyMembers, parseInstant, renderInstant } from './shape.ts';
import { checkUid } from './uid.ts';

test('instants go to the wire and come back', () => {
  const at = Date.UTC(2026, 10, 23, 14, 0, 0, 123);
  assert.equal(renderInstant(at), '2026-11-23T14:00:00.123Z');
  assert.equal(parseInstant('2026-11-23T14:00:00.123Z'), at);
  assert.equal(parseInstant('2026-11-23T15:00:00.123+01:00'), at);
});

test('an instant without an offset is UTC, and other text is none', () => {
  assert.equal(parseInstant('2026-11-23T14:00:00'), Date.UTC(2026, 10, 23, 14));
  assert.equal(parseInstant('2026-11-23'), Date.UTC(2026, 10, 23));
  for (const text of ['', 'yesterday', '1700000000', '2026-13-45T99:00:00Z']) {
    assert.equal(parseInstant(text), undefined, text);
  }
});

test('a uid that begins like an id of its kind is refused', () => {
  assert.throws(() => checkUid('app_mine', 'application'), /must not begin with "app_"/);
  assert.equal(checkUid('customer-7', 'application'), 'customer-7');
  assert.equal(checkUid(undefined, 'application'), null);
});

test('metadata over 4096 bytes as JSON is refused', () => {
  assert.throws(() => checkMetadata({ note: 'x'.repeat(4100) }), /4096 bytes/);
  assert.deepEqual(checkMetadata({ plan: 'gold' }), { plan: 'gold' });
});

test('a path names a resource by id or by uid', () => {
  assert.deepEqual(parseRef('app_1srOrx2ZWZBpBUvZwXKQmoEYga2', 'application'), {
    id: '1srOrx2ZWZBpBUvZwXKQmoEYga2',
  });
  assert.deepEqual(parseRef('app_short', 'application'), { uid: 'app_short' });
  assert.deepEqual(parseRef('customer-7', 'application'), { uid: 'customer-7' });
});

test('members that a shape does not name are left behind', () => {
  const shape = Type.Object({ url: Type.String() });
  const given = { url: 'https://a.example', channels: ['unchecked'], constructor: 1 };
  assert.deepEqual(onlyMembers(shape, given), { url: 'https://a.example' });
});
