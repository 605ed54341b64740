import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DestinationId } from '../ids.ts';
import { type Candidate, plan } from './plan.ts';

function candidate(id: string, changes: Partial<Candidate> = {}): Candidate {
  return {
    id: id as DestinationId,
    eventTypes: null,
    channels: null,
    disabled: false,
    kind: 'http',
    ...changes,
  };
}
const signup = { type: 'user.signup', channels: null };

test('a destination without filters gets every event', () => {
  assert.deepEqual(plan(signup, [candidate('a'), candidate('b')]), ['a', 'b']);
  assert.deepEqual(plan({ type: 'x', channels: ['c'] }, [candidate('a')]), ['a']);
  assert.deepEqual(plan(signup, []), []);
});

test('event types are matched whole', () => {
  const types = { eventTypes: new Set(['user.signup', 'b']) };
  assert.deepEqual(plan(signup, [candidate('a', types)]), ['a']);
  assert.deepEqual(plan({ type: 'user', channels: null }, [candidate('a', types)]), []);
});

test('one channel in common is enough, and an event without one reaches no filtered destination', () => {
  const channels = { channels: new Set(['c1', 'c2']) };
  assert.deepEqual(plan({ type: 'a', channels: ['c0', 'c2'] }, [candidate('a', channels)]), ['a']);
  assert.deepEqual(plan({ type: 'a', channels: ['c0'] }, [candidate('a', channels)]), []);
  assert.deepEqual(plan(signup, [candidate('a', channels)]), []);
});

test('types and channels must both agree', () => {
  const both = { eventTypes: new Set(['t']), channels: new Set(['c']) };
  assert.deepEqual(plan({ type: 't', channels: ['c'] }, [candidate('a', both)]), ['a']);
  assert.deepEqual(plan({ type: 'u', channels: ['c'] }, [candidate('a', both)]), []);
  assert.deepEqual(plan({ type: 't', channels: ['d'] }, [candidate('a', both)]), []);
});

test('disabled destinations and pollers get nothing queued', () => {
  assert.deepEqual(
    plan(signup, [candidate('a', { disabled: true }), candidate('b', { kind: 'poller' })]),
    [],
  );
});
