import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { DatabaseClock } from './database-clock.ts';

const HOUR_MS = 3_600_000;
const DATABASE_AT = Date.UTC(2031, 5, 5);

function newClock(local = new FakeClock({ startAt: DATABASE_AT + HOUR_MS })) {
  const at = { uptime: 500 };
  return { at, local, clock: new DatabaseClock(local, () => at.uptime) };
}

test('is the local clock until the database has answered, then the database’s', () => {
  const { at, clock } = newClock();
  assert.equal(clock.now(), DATABASE_AT + HOUR_MS);
  clock.answered(500, DATABASE_AT, 500);
  assert.equal(clock.now(), DATABASE_AT);
  at.uptime += 250.7;
  assert.equal(clock.now(), DATABASE_AT + 250);
});

test('does not care when the local clock is set', async () => {
  const { local, clock } = newClock();
  clock.answered(500, DATABASE_AT, 500);
  await local.advance(HOUR_MS);
  assert.equal(clock.now(), DATABASE_AT);
});

test('stands still rather than going back a little', () => {
  const { at, clock } = newClock();
  clock.answered(500, DATABASE_AT, 500);
  assert.equal(clock.now(), DATABASE_AT);
  clock.answered(500, DATABASE_AT - 40, 500);
  assert.equal(clock.now(), DATABASE_AT);
  at.uptime += 41;
  assert.equal(clock.now(), DATABASE_AT + 1);
});

test('goes back when the database’s clock was set back', () => {
  const { clock } = newClock();
  clock.answered(500, DATABASE_AT, 500);
  assert.equal(clock.now(), DATABASE_AT);
  clock.answered(500, DATABASE_AT - HOUR_MS, 500);
  assert.equal(clock.now(), DATABASE_AT - HOUR_MS);
});

test('its timers are local', async () => {
  const { local, clock } = newClock();
  let fired = 0;
  clock.after(100, () => fired++);
  await local.advance(100);
  assert.equal(fired, 1);
});
