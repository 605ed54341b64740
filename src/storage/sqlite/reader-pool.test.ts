import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { OrganizationId } from '../../core/ids.ts';
import { clock, scratch } from '../conformance/scratch.ts';
import { STORAGE_LIMITS } from '../sql/limits.ts';
import { ReaderPool } from './reader-pool.ts';

/** Answers 1, or never: as a thread does that is deep in one step of SQLite. */
const THREAD = `
import { parentPort } from 'node:worker_threads';
parentPort.on('message', (message) => {
  if (message === 'close') parentPort.close();
  else if (message.query.organization === 'hang') for (;;);
  else if (message.query.organization === 'die') throw new Error('died');
  else parentPort.postMessage({ value: 1 });
});`;

const ask = (pool: ReaderPool, organization: string) =>
  pool.read('catalogVersion', { organization: organization as OrganizationId });

test('a thread that hangs or dies is replaced; its read is refused and the next ones are answered', async () => {
  using place = scratch();
  const script = join(place.folder, 'thread.mjs');
  writeFileSync(script, THREAD);
  const limits = { ...STORAGE_LIMITS, readDeadlineMs: 50, waitingReadsMax: 2 };
  const pool = new ReaderPool({ path: '', readers: 1, clock, limits, workerUrl: pathToFileURL(script) });
  assert.equal(await ask(pool, 'ada'), 1);
  const hanging = ask(pool, 'hang');
  const waiting = [ask(pool, 'ada'), ask(pool, 'ada')];
  await assert.rejects(ask(pool, 'ada'), { code: 'unavailable', message: /Too many reads/ });
  await assert.rejects(hanging, { name: 'Problem', code: 'unavailable', message: /took too long/ });
  assert.deepEqual(await Promise.all(waiting), [1, 1]);
  await assert.rejects(ask(pool, 'die'), { name: 'Problem', code: 'unavailable' });
  assert.equal(await ask(pool, 'ada'), 1);
  await pool.close();
  await assert.rejects(ask(pool, 'ada'), { code: 'unavailable' });
});
