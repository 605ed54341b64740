import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RETRY_AFTER_MS_MAX, retryAfterMs } from './retry-after.ts';

const NOW = Date.UTC(1994, 10, 6, 8, 49, 7);

test('seconds are read, whole or not', () => {
  assert.equal(retryAfterMs('120', NOW), 120_000);
  assert.equal(retryAfterMs('0', NOW), 0);
  assert.equal(retryAfterMs('1.5', NOW), 1500);
  assert.equal(retryAfterMs(' 2. ', NOW), 2000);
});

test('the three forms of an HTTP date are read', () => {
  assert.equal(retryAfterMs('Sun, 06 Nov 1994 08:49:37 GMT', NOW), 30_000);
  assert.equal(retryAfterMs('Sunday, 06-Nov-94 08:49:37 GMT', NOW), 30_000);
  assert.equal(retryAfterMs('Sun Nov  6 08:49:37 1994', NOW), 30_000);
});

test('a moment that has passed means at once', () => {
  assert.equal(retryAfterMs('Sun, 06 Nov 1994 08:00:00 GMT', NOW), 0);
});

test('nobody puts us off for more than a day', () => {
  assert.equal(retryAfterMs('999999999', NOW), RETRY_AFTER_MS_MAX);
  assert.equal(retryAfterMs('Sun, 06 Nov 2094 08:49:37 GMT', NOW), RETRY_AFTER_MS_MAX);
});

test('garbage asks nothing', () => {
  const garbage = [
    undefined,
    '',
    '-1',
    '+5',
    '1e9',
    'soon',
    '7 apples',
    'Infinity',
    'NaN',
    '0x10',
    '5, 6',
    'Sun, nonsense here!',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 99 Foo 1994 08:49:37 GMT',
  ];
  for (const header of garbage) assert.equal(retryAfterMs(header, NOW), undefined, String(header));
  assert.equal(retryAfterMs('9'.repeat(400), NOW), undefined);
});
