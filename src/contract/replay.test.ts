import assert from 'node:assert/strict';
import test from 'node:test';
import { parseRange, parseReplayFilter, RECOVER_SPAN_MAX_MS } from './replay.ts';
import { renderInstant } from './shape.ts';

const NOW = Date.UTC(2026, 5, 1);
const OPTIONS = { now: NOW, spanMaxMs: RECOVER_SPAN_MAX_MS };

test('a range ends now unless it says where', () => {
  const since = renderInstant(NOW - 1000);
  assert.deepEqual(parseRange({ since }, OPTIONS), { since: NOW - 1000, until: NOW });
  assert.deepEqual(parseRange({ since, until: null }, OPTIONS), { since: NOW - 1000, until: NOW });
  const until = renderInstant(NOW - 500);
  assert.deepEqual(parseRange({ since, until }, OPTIONS), { since: NOW - 1000, until: NOW - 500 });
});

test('fourteen days and a little are the longest range', () => {
  const since = renderInstant(NOW - RECOVER_SPAN_MAX_MS);
  assert.equal(parseRange({ since }, OPTIONS).since, NOW - RECOVER_SPAN_MAX_MS);
  const longer = renderInstant(NOW - RECOVER_SPAN_MAX_MS - 1);
  assert.throws(() => parseRange({ since: longer }, OPTIONS), /longer than 14 days/);
});

test('a range that is turned around, empty or unreadable is refused', () => {
  const now = renderInstant(NOW);
  assert.throws(() => parseRange({ since: now }, OPTIONS), /earlier/);
  assert.throws(() => parseRange({ since: now, until: renderInstant(NOW - 1) }, OPTIONS), /earlier/);
  assert.throws(() => parseRange({ since: 'monday' }, OPTIONS), /RFC 3339/);
  assert.throws(() => parseRange({ since: renderInstant(NOW - 1), until: 'friday' }, OPTIONS), /RFC 3339/);
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
