import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from './problem.ts';
import { recoverRange } from './recover-range.ts';

const NOW = 1_700_000_000_000;
const DAY = 86_400_000;

function refused(since: number, until: number | null): string {
  try {
    recoverRange({ since, until, now: NOW });
  } catch (error) {
    assert.ok(error instanceof Problem && error.status === 422);
    return error.errors[0]!.loc.join('.');
  }
  return assert.fail('was accepted');
}

test('a range that is open ends now', () => {
  assert.deepEqual(recoverRange({ since: NOW - DAY, until: null, now: NOW }), {
    since: NOW - DAY,
    until: NOW,
  });
  assert.deepEqual(recoverRange({ since: 5, until: 5, now: NOW }), { since: 5, until: 5 });
});

test('fourteen days and five minutes are accepted, a millisecond more is not', () => {
  const most = 14 * DAY + 300_000;
  assert.equal(recoverRange({ since: NOW - most, until: NOW, now: NOW }).since, NOW - most);
  assert.equal(refused(NOW - most - 1, NOW), 'body.since');
  assert.equal(refused(NOW - most - 1, null), 'body.since');
});

test('a range that is turned round is refused', () => {
  assert.equal(refused(NOW, NOW - 1), 'body.until');
  assert.equal(refused(NOW + 1, null), 'body.since');
});
