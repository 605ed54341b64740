import assert from 'node:assert/strict';
import test from 'node:test';
import { fc } from '../../../test/support/properties.ts';
import { asCronerReads, type MissedRuns, owedRuns, type Plan, planOf } from './plan-runs.ts';

const BERLIN = 'Europe/Berlin';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function runs(cron: string, from: string, count: number, timeZone = BERLIN): string[] {
  const plan = planOf({ kind: 'cron', cron, timeZone });
  const found: string[] = [];
  for (let at = plan.next(Date.parse(from)); at !== null && found.length < count; at = plan.next(at))
    found.push(new Date(at).toISOString().slice(0, 16));
  return found;
}

test('a time that is skipped in spring runs right after the gap, once', () => {
  assert.deepEqual(runs('30 2 * * *', '2027-03-27T12:00Z', 2), ['2027-03-28T01:00', '2027-03-29T00:30']);
  assert.deepEqual(runs('0 30 2 * * *', '2027-03-27T12:00Z', 2), ['2027-03-28T01:00', '2027-03-29T00:30']);
  assert.deepEqual(runs('30 2,14 * * *', '2027-03-27T22:00Z', 2), ['2027-03-28T01:00', '2027-03-28T12:30']);
});

test('a time that comes twice in autumn runs the first time', () => {
  assert.deepEqual(runs('30 2 * * *', '2026-10-24T12:00Z', 2), ['2026-10-25T00:30', '2026-10-26T01:30']);
});

test('steps follow the clock: none in the gap, and both of the repeated hours', () => {
  assert.deepEqual(runs('*/30 * * * *', '2027-03-28T00:00Z', 3), [
    '2027-03-28T00:30',
    '2027-03-28T01:00',
    '2027-03-28T01:30',
  ]);
  assert.deepEqual(runs('*/30 2 * * *', '2027-03-27T12:00Z', 1), ['2027-03-29T00:00']);
  assert.deepEqual(runs('*/30 2 * * *', '2026-10-24T12:00Z', 5), [
    '2026-10-25T00:00',
    '2026-10-25T00:30',
    '2026-10-25T01:00',
    '2026-10-25T01:30',
    '2026-10-26T01:00',
  ]);
});

test('a step longer than its field means the first value, as in cron', () => {
  assert.deepEqual(runs('0 */30 * * *', '2026-10-24T12:00Z', 2, 'UTC'), [
    '2026-10-25T00:00',
    '2026-10-26T00:00',
  ]);
  assert.deepEqual(asCronerReads('5-50/99 */30 */40 1 */9').pattern, '5 0 1 1 0');
  assert.deepEqual(asCronerReads('*/90 0,*/70 1-5/2 * * MON').pattern, '0 0,0 1-5/2 * * MON');
});

test('day and weekday are joined by "and" when one begins with a star, else by "or", as in cron', () => {
  assert.deepEqual(runs('0 12 */2 * 1', '2026-10-24T12:00Z', 2, 'UTC'), [
    '2026-11-09T12:00',
    '2026-11-23T12:00',
  ]);
  assert.deepEqual(runs('0 12 13 * 5', '2026-11-06T13:00Z', 2, 'UTC'), [
    '2026-11-13T12:00',
    '2026-11-20T12:00',
  ]);
  assert.deepEqual(runs('0 12 1 * 1', '2026-10-27T13:00Z', 2, 'UTC'), [
    '2026-11-01T12:00',
    '2026-11-02T12:00',
  ]);
});

test('nicknames, last days and nth weekdays are known', () => {
  assert.deepEqual(runs('@daily', '2026-10-24T12:00Z', 1, 'UTC'), ['2026-10-25T00:00']);
  assert.deepEqual(runs('0 0 L * *', '2026-02-01T12:00Z', 1, 'UTC'), ['2026-02-28T00:00']);
  assert.deepEqual(runs('0 0 * * 1#2', '2026-11-01T12:00Z', 1, 'UTC'), ['2026-11-09T00:00']);
});

test('one time alone: with an offset, or of a zone, moved on by a gap', () => {
  const at = (text: string): string => {
    const plan = planOf({ kind: 'at', at: text, timeZone: BERLIN });
    const instant = plan.next(0)!;
    assert.equal(plan.next(instant), null);
    return new Date(instant).toISOString().slice(0, 16);
  };
  assert.equal(at('2027-03-01T09:00:00+05:00'), '2027-03-01T04:00');
  assert.equal(at('2027-03-01T09:00:00'), '2027-03-01T08:00');
  assert.equal(at('2027-03-28T02:30:00'), '2027-03-28T01:30');
  assert.equal(at('2026-10-25T02:30:00'), '2026-10-25T00:30');
});

test('an interval is counted from its anchor, whoever counts', () => {
  const plan = planOf({ kind: 'every', everyMs: 10, anchor: 5 });
  assert.deepEqual([plan.next(0), plan.next(5), plan.next(14), plan.next(15)], [15, 15, 15, 25]);
});

test('a plan always goes forward', () => {
  const field = (max: number) =>
    fc.oneof(
      fc.constant('*'),
      fc.nat(max).map(String),
      fc.integer({ min: 1, max: 40 }).map((n) => `*/${n}`),
    );
  const cron = fc.tuple(field(59), field(23)).map(([minute, hour]) => `${minute} ${hour} * * *`);
  const start = fc.integer({ min: Date.UTC(2026, 9, 24), max: Date.UTC(2026, 9, 26) });
  fc.assert(
    fc.property(cron, start, fc.constantFrom(0, 154 * DAY), (text, from, later) => {
      const plan = planOf({ kind: 'cron', cron: text, timeZone: BERLIN });
      let last = from + later;
      for (let i = 0; i < 10; i++) {
        const next = plan.next(last)!;
        assert.ok(next > last, `${text} from ${new Date(last).toISOString()}`);
        last = next;
      }
    }),
    { numRuns: 100 },
  );
});

const hourly: Plan = planOf({ kind: 'every', everyMs: HOUR, anchor: 0 });
const owed = (policy: MissedRuns, now: number, last = 0, plan = hourly) => {
  const { runs: due, last: newest } = owedRuns({ plan, last, now, policy, graceMs: MINUTE });
  return { due: due.map(({ scheduledAt, missed }) => [scheduledAt / HOUR, missed]), newest };
};

test('after three hours: the latest run, all of them, or none but what is just due', () => {
  const now = 3 * HOUR + 5 * MINUTE;
  assert.deepEqual(owed('once', now), { due: [[3, 2]], newest: 3 * HOUR });
  assert.deepEqual(owed('all', now).due, [
    [1, 0],
    [2, 0],
    [3, 0],
  ]);
  assert.deepEqual(owed('none', now), { due: [], newest: 3 * HOUR });
  assert.deepEqual(owed('none', 3 * HOUR + 1).due, [[3, 2]]);
  assert.deepEqual(owed('once', 30 * MINUTE), { due: [], newest: null });
});

test('at most a hundred runs are made up for, and the first says how many are not', () => {
  const { due } = owed('all', 250 * HOUR + 1);
  assert.deepEqual([due.length, due[0], due[99]], [100, [151, 150], [250, 0]]);
});

test('a year of missed seconds is looked through in bounded time, to its newest run', () => {
  const plan = planOf({ kind: 'cron', cron: '* * * * * *', timeZone: BERLIN });
  const now = Date.UTC(2027, 5, 1) + 500;
  const startedAt = performance.now();
  const { due, newest } = owed('once', now, Date.UTC(2026, 5, 1), plan);
  assert.ok(performance.now() - startedAt < 30_000);
  assert.equal(newest, Date.UTC(2027, 5, 1));
  assert.ok((due[0]?.[1] ?? 0) >= 1_000);
});
