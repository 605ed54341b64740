import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/properties.ts';
import { atRate, newBucket, type TokenBucket, take } from './rate.ts';

const NOW = 1_700_000_000_000;

/** Takes until refused; how many there were, and the bucket after. */
function drain(bucket: TokenBucket, now: number): { count: number; bucket: TokenBucket; waitMs: number } {
  for (let count = 0; ; count++) {
    const taken = take(bucket, now);
    if (!taken.ok) return { count, bucket, waitMs: taken.waitMs };
    bucket = taken.bucket;
  }
}

test('a burst is one second of tokens, at least one', () => {
  for (const [rate, burst] of [
    [1, 1],
    [3, 3],
    [7, 7],
    [100, 100],
    [0.5, 1],
  ] as const) {
    assert.equal(drain(newBucket(rate), NOW).count, burst, String(rate));
  }
});

test('an empty bucket tells when the next token comes, and keeps its word', () => {
  for (const rate of [0.5, 1, 3, 7, 100, 999]) {
    const { bucket, waitMs } = drain(newBucket(rate), NOW);
    assert.equal(waitMs, Math.ceil(1000 / rate));
    assert.ok(take(bucket, NOW + waitMs).ok);
    assert.ok(!take(bucket, NOW + waitMs - 1).ok || waitMs === 1);
  }
});

test('an idle bucket fills up to the burst and no further', () => {
  const { bucket } = drain(newBucket(10), NOW);
  assert.equal(drain(bucket, NOW + 500).count, 5);
  assert.equal(drain(bucket, NOW + 3_600_000).count, 10);
});

test('no second ever sees more than rate and burst together', () => {
  const waits = fc.array(fc.nat(400), { minLength: 1, maxLength: 80 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), waits, (rate, list) => {
      let bucket = newBucket(rate);
      let now = NOW;
      const takenAt: number[] = [];
      for (const wait of list) {
        now += wait;
        const drained = drain(bucket, now);
        bucket = drained.bucket;
        for (let i = 0; i < drained.count; i++) takenAt.push(now);
      }
      for (const at of takenAt) {
        const within = takenAt.filter((other) => other >= at && other < at + 1000).length;
        assert.ok(within <= 2 * rate, `${within} tokens in a second at rate ${rate}`);
      }
      assert.ok(takenAt.length <= rate + ((now - NOW) / 1000) * rate + 1);
    }),
  );
});

test('a change of the rate does not hand out a new burst', () => {
  const { bucket } = drain(newBucket(10), NOW);
  assert.equal(atRate(bucket, 10), bucket);
  assert.equal(drain(atRate(bucket, 5), NOW).count, 0);
  assert.equal(drain(atRate(bucket, 20), NOW).count, 10, 'the room that is new is full');
});

test('a clock that goes back neither fills nor empties', () => {
  const taken = take(newBucket(2), NOW);
  assert.ok(taken.ok);
  assert.equal(drain(taken.bucket, NOW - 60_000).count, 1);
});
