import assert from 'node:assert/strict';
import test from 'node:test';
import { type Id, idAt, renderId } from '../core/ids.ts';
import { parseHistoryQuery } from './history-query.ts';
import { renderInstant } from './shape.ts';

const NOW = Date.UTC(2026, 5, 1);
const DAY_MS = 86_400_000;
const OPTIONS = { now: NOW, prefix: 'message' } as const;
const filterOf = (query: Parameters<typeof parseHistoryQuery>[0]) => parseHistoryQuery(query, OPTIONS).filter;

test('a list covers the last 90 days unless told otherwise', () => {
  assert.deepEqual(filterOf({}), { since: NOW - 90 * DAY_MS });
});

test('before moves the 90 days back, after ends them, both together are the whole range', () => {
  const at = NOW - 200 * DAY_MS;
  assert.deepEqual(filterOf({ before: renderInstant(at) }), { since: at - 90 * DAY_MS, before: at });
  assert.deepEqual(filterOf({ after: renderInstant(at) }), { since: at });
  assert.deepEqual(filterOf({ after: renderInstant(at), before: renderInstant(NOW) }), {
    since: at,
    before: NOW,
  });
});

test('an iterator moves the 90 days with it, in either direction', () => {
  const at = NOW - 300 * DAY_MS;
  const id: Id<never> = idAt(at, 'first');
  assert.deepEqual(filterOf({ iterator: renderId(id, 'message') }), { since: at - 90 * DAY_MS });
  assert.deepEqual(filterOf({ iterator: `-${renderId(id, 'message')}` }), { before: at + 90 * DAY_MS });
});

test('an instant up to an hour ahead is taken, a later one and one that is none are refused', () => {
  assert.equal(filterOf({ before: renderInstant(NOW + 3_600_000) }).before, NOW + 3_600_000);
  assert.throws(() => filterOf({ before: renderInstant(NOW + 3_600_001) }), /earlier instant/);
  assert.throws(() => filterOf({ after: 'yesterday' }), /RFC 3339/);
});

test('an iterator of another kind is refused', () => {
  assert.throws(() => filterOf({ iterator: renderId(idAt(NOW, 'first'), 'attempt') }), {
    code: 'validation',
  });
});

test('filters that are not given are not in the filter', () => {
  const after = renderInstant(NOW);
  assert.deepEqual(filterOf({ after, event_types: [], tag: 't' }), { since: NOW, tag: 't' });
  assert.deepEqual(filterOf({ after, event_types: ['a', 'b'], channel: 'c' }), {
    since: NOW,
    types: ['a', 'b'],
    channel: 'c',
  });
});
