import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '../outcome.ts';
import { DEFAULT_RETRY_SCHEDULE_MS } from './backoff.ts';
import { type SettleInput, scheduleFor, settle } from './settle.ts';

const NOW = 1_700_000_000_000;

function answered(statusCode: number, retryAfter?: string): Outcome {
  return { kind: 'answered', statusCode, body: new Uint8Array(), retryAfter, durationMs: 5 };
}
function unanswered(kind: 'timed-out' | 'unreachable' | 'tls-failed' | 'blocked' | 'unrenderable'): Outcome {
  return { kind, detail: 'No answer came.', durationMs: 5 };
}
function settled(outcome: Outcome, changes: Partial<SettleInput> = {}) {
  return settle({
    attempts: 0,
    trigger: 'scheduled',
    outcome,
    scheduleMs: DEFAULT_RETRY_SCHEDULE_MS,
    now: NOW,
    uniform: 0.5,
    ...changes,
  });
}

test('every 2xx delivers, also when its body was oversized', () => {
  for (const code of [200, 201, 202, 204, 299]) {
    assert.deepEqual(settled(answered(code)), {
      next: { kind: 'settled', status: 'delivered' },
      operational: null,
      disableDestination: null,
    });
  }
  const oversized: Outcome = {
    kind: 'oversized',
    statusCode: 200,
    body: new Uint8Array(),
    retryAfter: undefined,
    durationMs: 1,
  };
  assert.equal(settled(oversized).next.kind, 'settled');
});

test('anything else waits for its first delay, jittered', () => {
  const failures = [
    ...[100, 199, 300, 301, 304, 400, 404, 429, 500, 503].map((code) => answered(code)),
    ...(['timed-out', 'unreachable', 'tls-failed', 'blocked', 'unrenderable'] as const).map(unanswered),
  ];
  for (const outcome of failures) {
    assert.deepEqual(settled(outcome).next, { kind: 'waiting', dueAt: NOW + 5000, attempts: 1 });
    assert.deepEqual(settled(outcome, { uniform: 0 }).next, {
      kind: 'waiting',
      dueAt: NOW + 4000,
      attempts: 1,
    });
  }
});

test('it retries on the schedule until it runs out: eight attempts', () => {
  const delays: number[] = [];
  let attempts = 0;
  for (;;) {
    const { next, operational } = settled(answered(500), { attempts });
    if (next.kind === 'settled') {
      assert.equal(next.status, 'failed');
      assert.equal(operational, 'exhausted');
      break;
    }
    assert.equal(operational, next.attempts === 4 ? 'failing' : null);
    delays.push(next.dueAt - NOW);
    attempts = next.attempts;
  }
  assert.deepEqual(delays, [...DEFAULT_RETRY_SCHEDULE_MS]);
  assert.equal(attempts + 1, 8);
});

test('an empty schedule gives one attempt', () => {
  const { next, operational } = settled(answered(500), { scheduleMs: [] });
  assert.deepEqual(next, { kind: 'settled', status: 'failed' });
  assert.equal(operational, 'exhausted');
});

test('Retry-After moves the next attempt later, never earlier, up to a day', () => {
  const due = (header: string) => {
    const { next } = settled(answered(503, header));
    return next.kind === 'waiting' ? next.dueAt - NOW : assert.fail('settled');
  };
  assert.equal(due('60'), 60_000);
  assert.equal(due('1'), 5000);
  assert.equal(due('999999'), 86_400_000);
  assert.equal(due('whenever'), 5000);
});

test('410 settles at once and disables the destination', () => {
  assert.deepEqual(settled(answered(410)), {
    next: { kind: 'settled', status: 'failed' },
    operational: 'exhausted',
    disableDestination: '410 Gone',
  });
});

test('a manual attempt never reschedules and never tells of failing', () => {
  for (const attempts of [0, 3, 7]) {
    assert.deepEqual(settled(answered(500), { trigger: 'manual', attempts }), {
      next: { kind: 'settled', status: 'failed' },
      operational: null,
      disableDestination: null,
    });
  }
  assert.equal(settled(answered(410), { trigger: 'manual' }).disableDestination, '410 Gone');
  assert.deepEqual(settled(answered(200), { trigger: 'manual' }).next, {
    kind: 'settled',
    status: 'delivered',
  });
});

test('a success after four failures is a recovery, after three it is not', () => {
  assert.equal(settled(answered(200), { attempts: 3 }).operational, null);
  assert.equal(settled(answered(200), { attempts: 4 }).operational, 'recovered');
  assert.equal(settled(answered(200), { attempts: 7 }).operational, 'recovered');
});

test('the fourth failure tells of exhaustion alone when it was the last', () => {
  assert.equal(settled(answered(500), { attempts: 3, scheduleMs: [1, 1, 1] }).operational, 'exhausted');
});

test('the nearest schedule that is set wins, and an empty one is set', () => {
  const none = { message: null, destination: null, eventType: null, global: [9] };
  assert.deepEqual(scheduleFor(none), [9]);
  assert.deepEqual(scheduleFor({ ...none, eventType: [3] }), [3]);
  assert.deepEqual(scheduleFor({ ...none, eventType: [3], destination: [2] }), [2]);
  assert.deepEqual(scheduleFor({ ...none, destination: [2], message: [] }), []);
});
