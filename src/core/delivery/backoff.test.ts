import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/properties.ts';
import { Problem } from '../problem.ts';
import { DEFAULT_RETRY_SCHEDULE_MS, jittered, parseDuration, parseSchedule } from './backoff.ts';

test('the default schedule makes eight attempts over 27 hours and 35 minutes', () => {
  assert.equal(DEFAULT_RETRY_SCHEDULE_MS.length, 7);
  const total = DEFAULT_RETRY_SCHEDULE_MS.reduce((sum, delay) => sum + delay, 0);
  assert.equal(total, 5_000 + 35 * 60_000 + 27 * 3_600_000);
});

test('jitter moves a delay by at most 20 % either way', () => {
  assert.equal(jittered(1000, 0), 800);
  assert.equal(jittered(1000, 0.5), 1000);
  assert.equal(jittered(1000, 0.999999), 1200);
  assert.equal(jittered(0, 0.9), 0);
  const uniform = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.nat(604_800_000), uniform, (delay, u) => {
      const moved = jittered(delay, u);
      assert.ok(moved >= Math.floor(delay * 0.8) && moved <= Math.ceil(delay * 1.2));
    }),
  );
});

test('durations are seconds, or a number with its unit', () => {
  const cases: readonly [string | number, number][] = [
    [5, 5000],
    [0, 0],
    [0.25, 250],
    ['5', 5000],
    ['1ms', 1],
    ['30s', 30_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1.5h', 5_400_000],
    ['1d', 86_400_000],
    [' 5m ', 300_000],
  ];
  for (const [text, ms] of cases) assert.equal(parseDuration(text), ms, String(text));
});

test('what is no duration is refused with an example of one', () => {
  for (const bad of [
    '',
    'm',
    '5 m',
    '-5',
    '5y',
    '1e3',
    '5m30s',
    '0x10',
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ]) {
    assert.throws(() => parseDuration(bad), /for?.*"5m"|such as/s, String(bad));
  }
});

test('a schedule is a list, its JSON or a comma-separated text', () => {
  assert.deepEqual(parseSchedule([1, '5m']), [1000, 300_000]);
  assert.deepEqual(parseSchedule('[1, "5m"]'), [1000, 300_000]);
  assert.deepEqual(parseSchedule('1,5m, 1ms'), [1000, 300_000, 1]);
  assert.deepEqual(parseSchedule('[]'), []);
  assert.deepEqual(parseSchedule(''), []);
  assert.deepEqual(parseSchedule([]), []);
});

test('a schedule is bounded, and the fault is located', () => {
  assert.equal(parseSchedule(new Array(20).fill(1)).length, 20);
  assert.throws(() => parseSchedule(new Array(21).fill(1)), /at most 20/);
  assert.deepEqual(parseSchedule(['7d']), [604_800_000]);
  assert.throws(() => parseSchedule(['8d']), /at most 7 days/);
  for (const bad of [null, 5, {}, '[1', [null], [[1]], '1,,2'])
    assert.throws(() => parseSchedule(bad), Problem);
  assert.throws(
    () => parseSchedule([1, 'soon'], ['body', 'retrySchedule']),
    (error: Problem) => {
      assert.deepEqual(error.errors[0]?.loc, ['body', 'retrySchedule', 1]);
      return error.code === 'validation';
    },
  );
});
