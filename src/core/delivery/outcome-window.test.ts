import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/properties.ts';
import { OutcomeWindow } from './outcome-window.ts';

const NOW = 1_700_000_000_000;

test('outcomes are forgotten after a minute', () => {
  const window = new OutcomeWindow();
  window.count(NOW, true);
  window.count(NOW, false);
  assert.deepEqual(window.totals(NOW + 49_000), { attempts: 2, failures: 1 });
  assert.deepEqual(window.totals(NOW + 60_000), { attempts: 0, failures: 0 });
});

test('a clock that goes back loses nothing', () => {
  const window = new OutcomeWindow();
  window.count(NOW, false);
  window.count(NOW - 500_000, false);
  assert.deepEqual(window.totals(NOW), { attempts: 2, failures: 2 });
});

test('clearing starts from nothing', () => {
  const window = new OutcomeWindow();
  window.count(NOW, false);
  window.clear();
  assert.deepEqual(window.totals(NOW), { attempts: 0, failures: 0 });
});

test('it counts what buckets of 10 s aligned with the clock hold', () => {
  const steps = fc.array(fc.record({ after: fc.nat(40_000), delivered: fc.boolean() }), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (list) => {
      const window = new OutcomeWindow();
      const seen: { at: number; delivered: boolean }[] = [];
      let now = NOW;
      for (const { after, delivered } of list) {
        now += after;
        seen.push({ at: now, delivered });
        window.count(now, delivered);
        const oldest = (Math.floor(now / 10_000) - 5) * 10_000;
        const kept = seen.filter((one) => one.at >= oldest);
        assert.deepEqual(window.totals(now), {
          attempts: kept.length,
          failures: kept.filter((one) => !one.delivered).length,
        });
      }
    }),
  );
});
