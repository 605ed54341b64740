import assert from 'node:assert/strict';
import { renameSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { Problem } from '../../core/problem.ts';
import { clock, scratch, silent } from '../conformance/scratch.ts';
import { openSqlite } from './open.ts';

const isGone = (error: unknown): boolean =>
  error instanceof Problem && error.code === 'unavailable' && /removed or replaced/.test(error.message);

test('nothing is answered as written to a file that was removed, until it is back', async () => {
  using place = scratch();
  const storage = await openSqlite({ path: place.path, form: 'worker', clock, log: silent });
  await storage.upkeep.ping();
  const away = `${place.path}.away`;
  for (const part of ['', '-wal']) {
    renameSync(place.path + part, away);
    await assert.rejects(storage.upkeep.ping(), isGone, part);
    renameSync(away, place.path + part);
    await storage.upkeep.ping();
  }
  rmSync(place.path);
  const other = await openSqlite({ path: `${place.path}.other`, form: 'worker', clock, log: silent });
  await other.upkeep.close();
  renameSync(`${place.path}.other`, place.path);
  await assert.rejects(storage.upkeep.ping(), isGone);
  await storage.upkeep.close();
});
