import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Event } from '../core/event/event.ts';
import type { QueuedDelivery } from '../ports/queue.ts';
import { Budget } from './budget.ts';
import type { EngineMetrics } from './engine.ts';
import { SharedCatchUp } from './shared-catch-up.ts';
import type { ReadAnswer } from './supply.ts';

const deliveryOf = (seq: number): QueuedDelivery => ({
  seq,
  trigger: 'scheduled',
  dueAt: 0,
  attempts: 0,
  event: {} as Event,
  content: null,
});

function follower(keepsOrder: boolean, laneItemsMax = 100): { follower: SharedCatchUp; budget: Budget } {
  const metrics = { heldInMemory: 0, heldBytes: 0 } as EngineMetrics;
  const budget = new Budget({ laneItemsMax, laneBytesMax: 1e6, memoryBytesMax: 1e6 }, metrics);
  return { follower: new SharedCatchUp(budget, { keepsOrder }), budget };
}

const answer = (seqs: readonly number[], more: Partial<ReadAnswer> = {}): ReadAnswer => ({
  rows: seqs.map(deliveryOf),
  decidedBelow: 1_000,
  hasUndecided: false,
  isEnd: true,
  readAt: 0,
  ...more,
});

test('what is committed here is taken without a read, in whatever order', () => {
  const { follower: caught } = follower(false);
  assert.deepEqual(
    [7, 5, 9].map((seq) => caught.hand(deliveryOf(seq))),
    [true, true, true],
  );
  assert.equal(caught.isBehind, false);
});

test('one read is enough to have caught up, and the next pass starts where the store was decided', () => {
  const { follower: behind } = follower(false);
  behind.mark();
  assert.equal(behind.begin(), 0);
  behind.absorb(answer([3, 8], { decidedBelow: 6 }));
  assert.equal(behind.isBehind, false);
  behind.mark();
  assert.equal(behind.begin(), 5);
});

test('a commit that is answered after its row was read is not taken again', () => {
  const { follower: late } = follower(false);
  late.mark();
  late.begin();
  late.absorb(answer([3, 8], { decidedBelow: 6 }));
  for (const seq of [3, 4, 8]) assert.equal(late.hand(deliveryOf(seq)), false);
  assert.equal(late.isBehind, false);
});

test('while the table holds more than was read, what is committed here waits for its turn there', () => {
  const { follower: backlogged } = follower(false);
  backlogged.mark();
  backlogged.begin();
  assert.equal(backlogged.hand(deliveryOf(50)), true);
  backlogged.absorb(answer([1, 2], { isEnd: false, decidedBelow: 40 }));
  assert.equal(backlogged.hand(deliveryOf(51)), false);
  backlogged.begin();
  backlogged.absorb(answer([3], { decidedBelow: 40 }));
  // It came during the pass, so there is another one.
  assert.ok(backlogged.isBehind);
  backlogged.begin();
  backlogged.absorb(answer([50, 51], { decidedBelow: 60 }));
  assert.equal(backlogged.isBehind, false);
  assert.equal(backlogged.hand(deliveryOf(70)), true);
});

test('a commit for which there is no room is left in the table and read later', () => {
  const { follower: full, budget } = follower(false, 1);
  for (let seq = 1; seq <= 8; seq++) budget.add(deliveryOf(seq));
  assert.equal(full.hand(deliveryOf(9)), false);
  assert.ok(full.isBehind);
});

test('a long pass gives way to a new one as soon as the store has decided more', () => {
  const { follower: long } = follower(false);
  long.mark();
  long.begin();
  long.absorb(answer([1, 2], { isEnd: false, decidedBelow: 4 }));
  assert.equal(long.begin(), 2);
  long.absorb(answer([3, 9], { isEnd: false, decidedBelow: 8 }));
  // What became decided since the pass began may stand before its position.
  assert.equal(long.begin(), 3);
});

test('a lane that keeps order takes nothing by hand, and looks again ever later for what is undecided', () => {
  const { follower: ordered } = follower(true);
  assert.equal(ordered.hand(deliveryOf(5)), false);
  const pauses: number[] = [];
  for (let now = 0, looks = 0; looks < 7; looks++) {
    assert.ok(ordered.wants(now));
    ordered.begin();
    ordered.absorb(answer([], { hasUndecided: true, decidedBelow: 5, readAt: now }));
    assert.ok(!ordered.wants(now));
    pauses.push(ordered.lookAt - now);
    now = ordered.lookAt;
  }
  assert.deepEqual(pauses, [5, 10, 20, 40, 80, 100, 100]);
  ordered.begin();
  ordered.absorb(answer([5], { hasUndecided: true, decidedBelow: 6, readAt: 1_000 }));
  assert.equal(ordered.lookAt, 1_005);
  ordered.begin();
  ordered.absorb(answer([], { readAt: 1_005 }));
  assert.equal(ordered.isBehind, false);
  assert.equal(ordered.lookAt, Number.POSITIVE_INFINITY);
});
