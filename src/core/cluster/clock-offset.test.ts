import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/properties.ts';
import { ClockOffset } from './clock-offset.ts';

test('nothing is known before the first answer', () => {
  assert.equal(new ClockOffset().value, null);
});

test('the fastest of the last answers counts', () => {
  const offset = new ClockOffset();
  offset.answered(0, 5_090, 100);
  assert.equal(offset.value, 5_040);
  offset.answered(200, 5_201, 202);
  assert.equal(offset.value, 5_000);
  offset.answered(300, 5_399, 400);
  assert.equal(offset.value, 5_000);
});

test('a clock that was set is followed at once, either way', () => {
  for (const step of [-3_600_000, 3_600_000]) {
    const offset = new ClockOffset();
    offset.answered(0, 1, 2);
    offset.answered(400, 440 + step, 480);
    assert.equal(offset.value, step);
  }
});

test('it is right to within half of the fastest round trip, whatever the ways there and back take', () => {
  const way = fc.integer({ min: 0, max: 200 });
  fc.assert(
    fc.property(
      fc.integer({ min: -1e7, max: 1e7 }),
      fc.array(fc.tuple(way, way), { minLength: 1, maxLength: 8 }),
      (ahead, ways) => {
        const offset = new ClockOffset();
        ways.forEach(([there, back], n) => {
          const sentAt = n * 400;
          offset.answered(sentAt, sentAt + there + ahead, sentAt + there + back);
        });
        const fastest = Math.min(...ways.map(([there, back]) => there + back));
        assert.ok(Math.abs(offset.value! - ahead) <= fastest / 2);
      },
    ),
  );
});
