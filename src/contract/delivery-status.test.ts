import assert from 'node:assert/strict';
import test from 'node:test';
import { parseAttemptStatus, parseStatus, renderAttemptStatus, renderStatus } from './delivery-status.ts';

const EXPANDED = { expanded: true };
const OLDER = { expanded: false };

test('each state has its number and word', () => {
  const told = (['delivered', 'pending', 'failed', 'sending', 'canceled'] as const).map((status) =>
    renderStatus(status, EXPANDED),
  );
  assert.deepEqual(told, [
    { status: 0, statusText: 'success' },
    { status: 1, statusText: 'pending' },
    { status: 2, statusText: 'fail' },
    { status: 3, statusText: 'sending' },
    { status: 4, statusText: 'canceled' },
  ]);
});

test('older clients are told success of what was canceled, and find it there', () => {
  assert.deepEqual(renderStatus('canceled', OLDER), { status: 0, statusText: 'success' });
  assert.deepEqual(parseStatus(0, OLDER), ['delivered', 'canceled']);
  assert.deepEqual(parseStatus(0, EXPANDED), ['delivered']);
  assert.deepEqual(parseStatus(4, OLDER), ['canceled']);
});

test('an attempt that failed is a failure whether or not a retry is planned', () => {
  assert.equal(renderAttemptStatus('sending', EXPANDED).statusText, 'fail');
  assert.equal(renderAttemptStatus('failed', EXPANDED).statusText, 'fail');
  assert.deepEqual(parseAttemptStatus(2, EXPANDED), ['failed', 'sending']);
  assert.deepEqual(parseAttemptStatus(3, EXPANDED), []);
  assert.deepEqual(parseAttemptStatus(1, EXPANDED), []);
  assert.deepEqual(parseAttemptStatus(4, EXPANDED), ['canceled']);
});
