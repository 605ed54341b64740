import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Event } from '../core/event/event.ts';
import type { QueuedDelivery } from '../ports/queue.ts';
import { Budget } from './budget.ts';
import { CatchUp } from './catch-up.ts';
import type { EngineMetrics } from './engine.ts';

function deliveryOf(seq: number, bytes: number): QueuedDelivery {
  return {
    seq,
    trigger: 'scheduled',
    dueAt: 0,
    attempts: 0,
    event: {} as Event,
    content: new Uint8Array(bytes),
  };
}

for (const [title, limits, bytes] of [
  ['large payloads', { laneItemsMax: 1_000, laneBytesMax: 8_000_000 }, 1_000_000],
  ['few places', { laneItemsMax: 1, laneBytesMax: 8_000_000 }, 10],
] as const) {
  test(`what is collected during a read never keeps the lane from reading on: ${title}`, () => {
    const metrics = { heldInMemory: 0, heldBytes: 0 } as EngineMetrics;
    const budget = new Budget({ ...limits, memoryBytesMax: 1e9 }, metrics);
    const catchUp = new CatchUp(budget);
    catchUp.mark();
    catchUp.begin();
    for (let seq = 10; seq < 20; seq++) {
      assert.equal(catchUp.hand(deliveryOf(seq, bytes)), false);
      assert.equal(budget.isLow, true);
    }
    // The rows of the table, then none: nothing of what was handed over may be missing.
    const taken: number[] = [];
    for (let reads = 0; catchUp.isBehind && reads < 20; reads++) {
      const after = catchUp.begin();
      const next = Array.from({ length: 19 }, (_, index) => index + 1)
        .filter((seq) => seq > after)
        .slice(0, 4);
      taken.push(
        ...catchUp.absorb({ rows: next.map((seq) => deliveryOf(seq, bytes)) }).map(({ seq }) => seq),
      );
    }
    assert.deepEqual(
      taken,
      Array.from({ length: 19 }, (_, index) => index + 1),
    );
    assert.equal(metrics.heldInMemory, 0);
  });
}

test('what was settled by a resend while it was collected does not come out of the tail', () => {
  const metrics = { heldInMemory: 0, heldBytes: 0 } as EngineMetrics;
  const limits = { laneItemsMax: 1_000, laneBytesMax: 1e6, memoryBytesMax: 1e6 };
  const catchUp = new CatchUp(new Budget(limits, metrics));
  catchUp.mark();
  catchUp.begin();
  for (const seq of [5, 6, 7]) catchUp.hand(deliveryOf(seq, 10));
  catchUp.drop(6);
  const taken = catchUp.absorb({ rows: [4, 5].map((seq) => deliveryOf(seq, 10)) });
  assert.deepEqual(
    taken.map(({ seq }) => seq),
    [4, 5, 7],
  );
  assert.equal(metrics.heldBytes, 0);
});
