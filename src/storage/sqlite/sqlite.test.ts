import { storageConformance } from '../conformance/index.ts';
import { clock, openOnScratch, silent } from '../conformance/scratch.ts';
import { openSqlite } from './open.ts';

storageConformance('sqlite, inline in memory', async () => {
  const storage = await openSqlite({ path: ':memory:', form: 'inline', clock, log: silent });
  return { storage, close: () => storage.upkeep.close() };
});
storageConformance('sqlite, inline on a file', () =>
  openOnScratch((path) => openSqlite({ path, form: 'inline', clock, log: silent })),
);
