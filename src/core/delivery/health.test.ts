import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '../outcome.ts';
import { admission, HEALTHY, type Health, isHealthy, judge, newWindow, probing } from './health.ts';

const NOW = 1_700_000_000_000;
const DISABLE_AFTER_MS = 120 * 3_600_000;
const OK = answered(200);
const BROKEN = answered(500);

function answered(statusCode: number, retryAfter?: string): Outcome {
  return { kind: 'answered', statusCode, body: new Uint8Array(), retryAfter, durationMs: 5 };
}

/** A destination that lives through outcomes. */
function destination(health: Health = HEALTHY) {
  const window = newWindow();
  return {
    health,
    window,
    meet(outcome: Outcome, now: number, times = 1) {
      let last = judge({
        health: this.health,
        window,
        outcome,
        now,
        disableAfterMs: DISABLE_AFTER_MS,
        uniform: 0.5,
      });
      this.health = last.health;
      for (let i = 1; i < times; i++) {
        last = judge({
          health: this.health,
          window,
          outcome,
          now,
          disableAfterMs: DISABLE_AFTER_MS,
          uniform: 0.5,
        });
        this.health = last.health;
      }
      return last;
    },
  };
}

test('steady success gives the very same objects back and nothing to persist', () => {
  const one = destination();
  const first = one.meet(OK, NOW);
  const second = one.meet(OK, NOW + 1);
  assert.equal(first, second);
  assert.equal(first.health, HEALTHY);
  assert.equal(first.window, one.window);
  assert.equal(first.changed, false);
  assert.equal(first.disable, null);
});

test('a failure is counted from its instant, and a success forgets all', () => {
  const one = destination();
  const failed = one.meet(BROKEN, NOW);
  assert.equal(failed.changed, true);
  assert.deepEqual(failed.health, { ...HEALTHY, failuresInRow: 1, failingSince: NOW });
  assert.equal(one.meet(BROKEN, NOW + 5).health.failingSince, NOW);
  assert.ok(!isHealthy(one.health));
  const mended = one.meet(OK, NOW + 9);
  assert.equal(mended.health, HEALTHY);
  assert.equal(mended.changed, true);
  assert.ok(isHealthy(mended.health));
  assert.equal(one.meet(OK, NOW + 10).changed, false);
});

test('every way of failing counts, also blocked and unrenderable', () => {
  for (const kind of ['timed-out', 'unreachable', 'tls-failed', 'blocked', 'unrenderable'] as const) {
    const { health } = destination().meet({ kind, detail: 'No answer came.', durationMs: 1 }, NOW);
    assert.equal(health.failuresInRow, 1, kind);
  }
  assert.equal(destination().meet(answered(302), NOW).health.failuresInRow, 1);
});

test('the circuit opens with the tenth failure in a row', () => {
  const one = destination();
  assert.equal(one.meet(BROKEN, NOW, 9).health.circuit, 'closed');
  assert.deepEqual(admission(one.health, NOW), { kind: 'go' });
  const { health } = one.meet(BROKEN, NOW);
  assert.equal(health.circuit, 'open');
  assert.deepEqual(admission(health, NOW), { kind: 'wait', until: NOW + 30_000 });
});

test('the circuit opens when half of twenty in a minute failed', () => {
  const one = destination();
  for (let i = 0; i < 9; i++) one.meet(OK, NOW + i);
  for (let i = 0; i < 9; i++) one.meet(BROKEN, NOW + i);
  one.meet(OK, NOW + 20);
  assert.equal(one.meet(BROKEN, NOW + 20).health.circuit, 'open');
});

test('half of twenty over more than a minute opens nothing', () => {
  const one = destination();
  for (let i = 0; i < 60; i++) {
    one.meet(OK, NOW + i * 10_000);
    assert.equal(one.meet(BROKEN, NOW + i * 10_000).health.circuit, 'closed');
  }
});

test('less than half of twenty opens nothing', () => {
  const one = destination();
  for (let i = 0; i < 30; i++) {
    one.meet(OK, NOW, 2);
    assert.equal(one.meet(BROKEN, NOW).health.circuit, 'closed');
  }
});

test('one probe goes when its time has come, and everybody else waits for it', () => {
  const one = destination();
  one.meet(BROKEN, NOW, 10);
  const later = NOW + 30_000;
  assert.deepEqual(admission(one.health, later - 1), { kind: 'wait', until: later });
  assert.deepEqual(admission(one.health, later), { kind: 'probe' });
  one.health = probing(one.health, later);
  assert.equal(one.health.circuit, 'half-open');
  assert.deepEqual(admission(one.health, later), { kind: 'wait', until: later + 90_000 });
  assert.deepEqual(
    admission(one.health, later + 90_000),
    { kind: 'probe' },
    'a lost probe blocks nobody for ever',
  );
});

test('a failed probe doubles the pause up to 15 minutes', () => {
  const one = destination();
  one.meet(BROKEN, NOW, 10);
  const pauses: number[] = [];
  for (let i = 0; i < 7; i++) {
    const at = one.health.probeAt;
    one.health = probing(one.health, at);
    one.meet(BROKEN, at);
    assert.equal(one.health.circuit, 'open');
    pauses.push((one.health.probeAt - at) / 1000);
  }
  assert.deepEqual(pauses, [60, 120, 240, 480, 900, 900, 900]);
});

test('a probe that succeeds closes, and old failures do not open it again', () => {
  const one = destination();
  one.meet(BROKEN, NOW, 30);
  one.health = probing(one.health, NOW + 30_000);
  assert.equal(one.meet(OK, NOW + 30_000).health, HEALTHY);
  assert.deepEqual(admission(one.health, NOW + 30_000), { kind: 'go' });
  assert.equal(one.meet(BROKEN, NOW + 30_001).health.circuit, 'closed');
});

test('attempts that were under way when it opened do not put the probe off', () => {
  const one = destination();
  one.meet(BROKEN, NOW, 10);
  const { probeAt, probeDelayMs } = one.health;
  one.meet(BROKEN, NOW + 5000, 20);
  assert.equal(one.health.probeAt, probeAt);
  assert.equal(one.health.probeDelayMs, probeDelayMs);
  assert.equal(one.health.failuresInRow, 30);
});

test('429 and the gateway errors throttle, other failures do not', () => {
  for (const code of [429, 502, 503, 504]) {
    const { health } = destination().meet(answered(code), NOW);
    assert.deepEqual(admission(health, NOW), { kind: 'wait', until: NOW + 1000 }, String(code));
    assert.deepEqual(admission(health, NOW + 1000), { kind: 'go' });
  }
  for (const code of [400, 500, 501, 505]) {
    assert.equal(destination().meet(answered(code), NOW).health.throttledUntil, 0, String(code));
  }
});

test('the pause doubles from 1 s to 60 s, once per pause', () => {
  const one = destination();
  const pauses: number[] = [];
  let now = NOW;
  for (let i = 0; i < 8; i++) {
    one.meet(answered(429), now, 3);
    pauses.push((one.health.throttledUntil - now) / 1000);
    now = one.health.throttledUntil;
  }
  assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
  one.meet(OK, now);
  assert.equal(one.health.throttledUntil, 0);
  assert.equal(one.meet(answered(429), now).health.throttledUntil, now + 1000);
});

test('Retry-After makes the pause longer, never shorter', () => {
  const one = destination();
  assert.equal(one.meet(answered(503, '120'), NOW).health.throttledUntil, NOW + 120_000);
  assert.equal(one.meet(answered(503, '5'), NOW + 1).health.throttledUntil, NOW + 120_000);
  assert.equal(destination().meet(answered(429, '0'), NOW).health.throttledUntil, NOW + 1000);
});

test('an open circuit and a throttle are waited for together', () => {
  const one = destination();
  one.meet(answered(503, '45'), NOW, 10);
  assert.deepEqual(admission(one.health, NOW), { kind: 'wait', until: NOW + 45_000 });
  assert.deepEqual(admission(one.health, NOW + 45_000), { kind: 'probe' });
});

test('it is disabled when every attempt failed for the configured time', () => {
  const one = destination();
  assert.equal(one.meet(BROKEN, NOW).disable, null);
  assert.equal(one.meet(BROKEN, NOW + DISABLE_AFTER_MS - 1).disable, null);
  assert.equal(one.meet(BROKEN, NOW + DISABLE_AFTER_MS).disable, 'failing since 2023-11-14T22:13:20.000Z');
  one.meet(OK, NOW + DISABLE_AFTER_MS + 1);
  assert.equal(one.meet(BROKEN, NOW + DISABLE_AFTER_MS + 2).disable, null);
});

test('it is never disabled when the time is infinite', () => {
  const health = { ...HEALTHY, failuresInRow: 1, failingSince: 1 };
  const judged = judge({
    health,
    window: newWindow(),
    outcome: BROKEN,
    now: NOW,
    disableAfterMs: Number.POSITIVE_INFINITY,
    uniform: 0,
  });
  assert.equal(judged.disable, null);
});
