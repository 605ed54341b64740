import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/properties.ts';
import { eligible, type InOrder } from './next-in-order.ts';

const NOW = 1000;

function item(seq: number, changes: Partial<InOrder> = {}): InOrder {
  return { seq, orderingKey: null, dueAt: 0, inFlight: false, ...changes };
}
function seqs(
  items: readonly InOrder[],
  scope: 'none' | 'endpoint' | 'key',
  onFailure: 'block' | 'skip' = 'block',
) {
  return eligible(items, { scope, onFailure }, NOW).map((one) => one.seq);
}

test('without an order everything that is due and not in flight may start', () => {
  assert.deepEqual(
    seqs([item(1), item(2, { inFlight: true }), item(3, { dueAt: 1001 }), item(4, { dueAt: 1000 })], 'none'),
    [1, 4],
  );
});

test('per endpoint only the first may start, and nothing while one is in flight', () => {
  assert.deepEqual(seqs([item(1), item(2)], 'endpoint'), [1]);
  assert.deepEqual(seqs([item(1, { inFlight: true }), item(2)], 'endpoint'), []);
  assert.deepEqual(seqs([item(1), item(2, { inFlight: true })], 'endpoint', 'skip'), []);
  assert.deepEqual(seqs([], 'endpoint'), []);
});

test('a first one that waits for its retry holds the others or lets them pass, as chosen', () => {
  const items = [item(1, { dueAt: 5000 }), item(2), item(3)];
  assert.deepEqual(seqs(items, 'endpoint', 'block'), []);
  assert.deepEqual(seqs(items, 'endpoint', 'skip'), [2]);
  assert.deepEqual(seqs([item(1, { dueAt: NOW }), item(2)], 'endpoint', 'block'), [1]);
});

test('keys are lines of their own, and items without a key share one', () => {
  const items = [
    item(1, { orderingKey: 'a', inFlight: true }),
    item(2, { orderingKey: 'b', dueAt: 5000 }),
    item(3, { orderingKey: 'a' }),
    item(4),
    item(5, { orderingKey: 'b' }),
    item(6),
    item(7, { orderingKey: 'c' }),
  ];
  assert.deepEqual(seqs(items, 'key', 'block'), [4, 7]);
  assert.deepEqual(seqs(items, 'key', 'skip'), [4, 5, 7]);
});

test('no line ever has two in flight, and blocked lines never overtake', () => {
  const one = fc.record({
    orderingKey: fc.constantFrom(null, 'a', 'b'),
    dueAt: fc.constantFrom(0, 500, 5000),
    inFlight: fc.boolean(),
  });
  const ordering = fc.record({
    scope: fc.constantFrom('endpoint', 'key'),
    onFailure: fc.constantFrom('block', 'skip'),
  });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 12 }), ordering, (list, { scope, onFailure }) => {
      const items = list.map((each, seq) => ({ ...each, seq }));
      const started = eligible(items, { scope, onFailure } as never, NOW);
      const line = (each: InOrder) => (scope === 'key' ? each.orderingKey : null);
      for (const each of started) {
        const others = items.filter((other) => other !== each && line(other) === line(each));
        assert.ok(!each.inFlight && each.dueAt <= NOW);
        assert.ok(others.every((other) => !other.inFlight && !started.includes(other)));
        const before = others.filter((other) => other.seq < each.seq);
        assert.ok(before.every((other) => onFailure === 'skip' && other.dueAt > NOW));
      }
      for (const each of items.filter(
        (other) => !started.includes(other) && !other.inFlight && other.dueAt <= NOW,
      )) {
        const held = items.some(
          (other) =>
            other !== each &&
            line(other) === line(each) &&
            (other.inFlight ||
              started.includes(other) ||
              (onFailure === 'block' && other.seq < each.seq && other.dueAt > NOW)),
        );
        assert.ok(held, 'whoever may start does start');
      }
    }),
  );
});
