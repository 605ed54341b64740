import assert from 'node:assert/strict';
import test from 'node:test';
import { type AskingRig, askingRig } from '../../../test/support/asking-rig.ts';
import { storeIsAway, wrongMember } from '../../../test/support/queue-rig.ts';
import { makeScheduleKind } from './schedule-kind.ts';
import { scheduleSettings } from './settings.ts';

const startAt = Date.UTC(2026, 9, 25, 0, 10);
const MINUTE = 60_000;
const planned = (rig: AskingRig): unknown[] => rig.news().map(({ scheduledAt }) => scheduledAt);
const iso = (text: string): string => `2026-10-25T${text}:00.000Z`;

test('a run is an event that says when it was planned, when it fired, and what it carries', async () => {
  await using rig = askingRig(makeScheduleKind, { startAt });
  rig.start({ cron: '30 2 * * *', timeZone: 'Europe/Berlin', payload: { report: 'daily' } });
  await rig.clock.advance(25 * MINUTE);
  const [item] = rig.stored;
  assert.deepEqual([item?.type, item?.dedupeKey], ['schedule.fired', iso('00:30')]);
  assert.deepEqual(rig.news(), [
    {
      name: 'tick',
      scheduledAt: iso('00:30'),
      firedAt: iso('00:30'),
      missed: 0,
      payload: { report: 'daily' },
    },
  ]);
  await rig.clock.advance(60 * MINUTE);
  assert.deepEqual(planned(rig), []);
  assert.deepEqual(rig.health, [['running', null]]);
});

test('jitter moves the firing, not what was planned', async () => {
  await using rig = askingRig(makeScheduleKind, { startAt, uniform: () => 0.5 });
  rig.start({ everySeconds: 600, jitterSeconds: 60 });
  await rig.clock.advance(20 * MINUTE + 30_000);
  assert.deepEqual(
    rig.news().map(({ scheduledAt, firedAt }) => [scheduledAt, firedAt]),
    [
      [iso('00:20'), '2026-10-25T00:20:30.000Z'],
      [iso('00:30'), '2026-10-25T00:30:30.000Z'],
    ],
  );
});

test('jitter longer than the interval drops no run', async () => {
  await using rig = askingRig(makeScheduleKind, { startAt, uniform: () => 0.5 });
  rig.start({ everySeconds: 60, jitterSeconds: 180 });
  await rig.clock.advance(5 * MINUTE + 30_000);
  assert.deepEqual(
    rig.news().map((event) => [event.scheduledAt, event.missed]),
    [11, 12, 13, 14].map((minute) => [iso(`00:${minute}`), 0]),
  );
});

test('one time alone fires once, and never again after a restart; one in the past never does', async () => {
  await using rig = askingRig(makeScheduleKind, { startAt });
  const input = { at: '2026-10-25T00:20:00Z' };
  const first = rig.start(input);
  await rig.clock.advance(15 * MINUTE);
  await first.stop();
  assert.deepEqual(planned(rig), [iso('00:20')]);
  rig.start(input, { createdAt: startAt, updatedAt: startAt });
  await rig.clock.advance(60 * MINUTE);
  assert.deepEqual(planned(rig), []);
  assert.match(String(rig.health.at(-1)), /running,.*last time/);
  rig.cursor = null;
  rig.start({ at: '2020-01-01T00:00:00Z' });
  await rig.clock.advance(60 * MINUTE);
  assert.deepEqual(planned(rig), []);
});

const source = { createdAt: startAt, updatedAt: startAt };

test('what was missed while no node ran is made up for as was asked', async () => {
  for (const [missed, fired] of [
    ['none', []],
    ['once', [['00:40', 2]]],
    [
      'all',
      [
        ['00:20', 0],
        ['00:30', 0],
        ['00:40', 0],
      ],
    ],
  ] as const) {
    await using rig = askingRig(makeScheduleKind, { startAt });
    const input = { everySeconds: 600, missed };
    await rig.start(input, source).stop();
    await rig.clock.advance(35 * MINUTE);
    rig.start(input, source);
    await rig.clock.advance(0);
    assert.deepEqual(
      rig.news().map((event) => [event.scheduledAt, event.missed]),
      fired.map(([at, count]) => [iso(at), count]),
    );
  }
});

test('an edit that changes when it runs, or a time of being disabled, owes nothing of before', async () => {
  await using rig = askingRig(makeScheduleKind, { startAt });
  const first = rig.start({ everySeconds: 600, missed: 'all' }, source);
  await rig.clock.advance(10 * MINUTE);
  await first.stop();
  assert.deepEqual(planned(rig), [iso('00:20')]);
  await rig.clock.advance(35 * MINUTE);
  const edited = { createdAt: startAt, updatedAt: rig.clock.now(), version: 3 };
  const again = rig.start({ everySeconds: 600, missed: 'all' }, edited);
  await rig.clock.advance(5 * MINUTE);
  await again.stop();
  assert.deepEqual(planned(rig), [iso('01:00')]);
  rig.start({ cron: '* * * * *', missed: 'all' }, { ...edited, updatedAt: rig.clock.now(), version: 4 });
  await rig.clock.advance(MINUTE);
  assert.deepEqual(planned(rig), [iso('01:01')]);
});

test('a store that is away delays a run and does not lose it', async () => {
  await using rig = askingRig(makeScheduleKind, { startAt });
  const stores = rig.answer;
  rig.answer = storeIsAway;
  rig.start({ cron: '20 * * * *' });
  await rig.clock.advance(12 * MINUTE);
  assert.deepEqual([planned(rig), rig.health.at(-1)?.[0]], [[], 'failing']);
  rig.answer = stores;
  await rig.clock.advance(5 * MINUTE);
  assert.deepEqual([planned(rig), rig.health.at(-1)], [[iso('00:20')], ['running', null]]);
});

test('a clock that had run ahead by years does not silence a schedule for years', async () => {
  await using rig = askingRig(makeScheduleKind, { startAt });
  await rig.start({ everySeconds: 600 }, source).stop();
  rig.cursor = {
    last: Date.UTC(2036, 0, 1),
    about: scheduleSettings({ everySeconds: 600 }).about,
    version: 1,
  };
  rig.start({ everySeconds: 600 }, source);
  await rig.clock.advance(10 * MINUTE);
  assert.deepEqual(planned(rig), [iso('00:20')]);
});

test('two nodes that run the same source fire each run once', async () => {
  await using rig = askingRig(makeScheduleKind, { startAt });
  const input = { everySeconds: 600 };
  rig.start(input, source);
  rig.start(input, source);
  await rig.clock.advance(20 * MINUTE);
  assert.deepEqual(planned(rig), [iso('00:20'), iso('00:30')]);
});

test('seconds may come first in a cron expression', async () => {
  await using rig = askingRig(makeScheduleKind, { startAt });
  rig.start({ cron: '*/20 * * * * *' });
  await rig.clock.advance(MINUTE);
  assert.equal(planned(rig).length, 3);
});

test('settings that cannot work are refused, at the member that is wrong', () => {
  const refused = wrongMember(scheduleSettings);
  const cases: readonly [unknown, string][] = [
    [{}, ''],
    [{ cron: '* * * * *', everySeconds: 5 }, ''],
    [{ cron: '60 * * * *' }, 'cron'],
    [{ cron: '0 0 30 2 *' }, 'cron'],
    [{ cron: '@reboot' }, 'cron'],
    [{ cron: '0 0 0 1 1 * 2030' }, 'cron'],
    [{ at: 'tomorrow' }, 'at'],
    [{ at: '2027-02-31T00:00:00' }, 'at'],
    [{ at: '2027-13-01T00:00:00Z' }, 'at'],
    [{ everySeconds: 0 }, 'everySeconds'],
    [{ everySeconds: 60, timeZone: 'Europe/Atlantis' }, 'timeZone'],
    [{ everySeconds: 60, payload: 'x'.repeat(70_000) }, 'payload'],
  ];
  for (const [input, member] of cases)
    assert.equal(refused(input), member, JSON.stringify(input).slice(0, 80));
});
