import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { histogram, sampled } from './bucket-counts.ts';

test('a histogram renders cumulative buckets, a sum and a count per label set', async () => {
  const registry = new Registry();
  const family = histogram(registry, 'wait_seconds', 'How long.');
  const observer = family.labels({ route: '/a' });
  family.labels({ route: '/unused' });
  for (const seconds of [0.001, 0.004, 100]) observer.observe(seconds);
  const text = await registry.metrics();
  assert.match(text, /^# TYPE wait_seconds histogram$/m);
  assert.match(text, /^wait_seconds_bucket\{route="\/a",le="0.001"\} 1$/m);
  assert.match(text, /^wait_seconds_bucket\{route="\/a",le="0.005"\} 2$/m);
  assert.match(text, /^wait_seconds_bucket\{route="\/a",le="30"\} 2$/m);
  assert.match(text, /^wait_seconds_bucket\{route="\/a",le="\+Inf"\} 3$/m);
  assert.match(text, /^wait_seconds_count\{route="\/a"\} 3$/m);
  assert.doesNotMatch(text, /unused/);
});

test('a sampled metric is read when it is scraped', async () => {
  const registry = new Registry();
  let value = 1;
  sampled(registry, { name: 'things', help: 'Things.', type: 'gauge' }, () => [{ labels: {}, value }]);
  value = 2;
  assert.match(await registry.metrics(), /^things 2$/m);
});
