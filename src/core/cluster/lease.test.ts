import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FRESH_MS, LEASE_MS, Lease, RENEWAL_MS } from './lease.ts';

const DATABASE_AHEAD_MS = 3_600_000;

/** Answers every RENEWAL_MS from `since` until `until` (both are sent). */
function renewed(lease: Lease, since: number, until: number, aheadMs = DATABASE_AHEAD_MS): void {
  for (let at = since; at <= until; at += RENEWAL_MS) lease.answered(at, at + aheadMs);
}

test('a node that was never answered begins nothing and judges nobody', () => {
  const lease = new Lease();
  assert.equal(lease.isFresh(0), false);
  assert.equal(lease.mayJudge, false);
});

test('work may begin for as long as the last answer is fresh, counted from its request', () => {
  const lease = new Lease();
  lease.answered(5_000, 0);
  assert.equal(lease.isFresh(5_000 + FRESH_MS - 1), true);
  assert.equal(lease.isFresh(5_000 + FRESH_MS), false);
});

test('a node may judge when it has been answered for a whole lease', () => {
  const lease = new Lease();
  renewed(lease, 0, LEASE_MS - 1);
  assert.equal(lease.mayJudge, false);
  renewed(lease, LEASE_MS, LEASE_MS);
  assert.equal(lease.mayJudge, true);
});

test('an outage leaves the others a lease to come back', () => {
  const lease = new Lease();
  renewed(lease, 0, 10_000);
  renewed(lease, 11_000, 11_000 + LEASE_MS - RENEWAL_MS);
  assert.equal(lease.mayJudge, false);
  renewed(lease, 11_000 + LEASE_MS, 11_000 + LEASE_MS);
  assert.equal(lease.mayJudge, true);
});

test('so does a step of the database’s clock, either way', () => {
  for (const step of [-60_000, 60_000]) {
    const lease = new Lease();
    renewed(lease, 0, 10_000);
    renewed(lease, 10_400, 10_400, DATABASE_AHEAD_MS + step);
    assert.equal(lease.mayJudge, false, `${step} ms`);
  }
});

test('a membership that is over is not fresh', () => {
  const lease = new Lease();
  lease.answered(100, 0);
  lease.end();
  assert.equal(lease.isFresh(101), false);
});
