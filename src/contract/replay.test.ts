import assert from 'node:assert/strict';
import test from 'node:test';
import { parseRange, parseReplayFilter, parseReplayRange } from './replay.ts';
import { renderInstant } from './shape.ts';

const NOW = Date.UTC(2026, 5, 1);

test('a range ends now unless it says where', () => {
  const since = renderInstant(NOW - 1000);
  assert.deepEqual(parseRange({ since }), { since: NOW - 1000, until: null });
  assert.deepEqual(parseRange({ since, until: null }), { since: NOW - 1000, until: null });
  const until = renderInstant(NOW - 500);
  assert.deepEqual(parseRange({ since, until }), { since: NOW - 1000, until: NOW - 500 });
});

test('a range that is turned round, empty or unreadable is refused', () => {
  const now = renderInstant(NOW);
  assert.throws(() => parseReplayRange({ since: now }, { now: NOW }), /earlier/);
  assert.throws(
    () => parseReplayRange({ since: now, until: renderInstant(NOW - 1) }, { now: NOW }),
    /earlier/,
  );
  assert.throws(() => parseRange({ since: 'monday' }), /RFC 3339/);
  assert.throws(() => parseRange({ since: renderInstant(NOW - 1), until: 'friday' }), /RFC 3339/);
});

test('the filters of a bulk replay are null where nothing was said', () => {
  const since = renderInstant(NOW - 1);
  const none = { eventTypes: null, channel: null, tag: null, status: null, statusCodeClass: null };
  assert.deepEqual(parseReplayFilter({ since }), none);
  assert.deepEqual(parseReplayFilter({ since, eventTypes: [], status: 0, statusCodeClass: 0 }), {
    ...none,
    status: 'delivered',
    statusCodeClass: 0,
  });
});
