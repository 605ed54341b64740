import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Catalog } from '../ports/catalog.ts';
import type { FoundSource } from './engine.ts';
import { KnownSources } from './known-sources.ts';

test('whoever guesses tokens pushes out no source, and asks the store once in five seconds for each', async () => {
  const there = { organization: 'org_1', source: { id: 's' } } as unknown as FoundSource;
  let reads = 0;
  const findSource = async (hash: string): Promise<FoundSource | null> => {
    reads++;
    return hash === 'there' ? there : null;
  };
  const sources = new KnownSources({ findSource } as unknown as Catalog, async () => {});
  assert.equal(await sources.find('there', 0), there);
  for (let n = 0; n < 25_000; n++) await sources.find(`guess ${n}`, 0);
  assert.equal(sources.find('there', 0), there, 'at once, without a read');
  reads = 0;
  assert.equal(sources.find('guess 24999', 4_999), null);
  assert.equal(reads, 0);
  assert.equal(await sources.find('guess 24999', 5_000), null);
  assert.equal(reads, 1);
});
