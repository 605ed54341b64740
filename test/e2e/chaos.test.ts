import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOTHING_WRONG } from './callers.ts';
import { chaos, chaosLines } from './chaos.ts';

const FAULTS = 6;

test('three nodes lose nothing and keep order while nodes and their database are killed and paused', {
  timeout: 240_000,
}, async (t) => {
  const seed = Date.now() % 1_000_000;
  t.diagnostic(`seed ${seed}`);
  const report = await chaos({ faults: FAULTS, seconds: 15, publishers: 6, seed, onProgress: () => {} });
  for (const line of chaosLines(report)) t.diagnostic(line);
  assert.ok(report.accepted > FAULTS * 10, 'the publishers must have been at work between the faults');
  assert.deepEqual(report.lost, []);
  assert.deepEqual(report.outOfOrder, []);
  const { answered, repeated: _, ...wrong } = report.received;
  assert.ok(answered > FAULTS * 5, 'so must the callers of the source');
  assert.deepEqual(wrong, NOTHING_WRONG);
  const unexpected = Object.keys(report.answers).filter((status) => !['0', '202', '503'].includes(status));
  assert.deepEqual(
    unexpected,
    [],
    'publishers are told 503 when the database is away, never that we have a bug',
  );
});
