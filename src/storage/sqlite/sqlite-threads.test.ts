import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';
import { type Opened, storageConformance } from '../conformance/index.ts';
import { ADA_APP, accept, enterNewWorld } from '../conformance/samples.ts';
import { clock, openOnScratch, scratch, silent } from '../conformance/scratch.ts';
import { openSqlite } from './open.ts';

// The worker as one file, as it is published: a thread then starts in a third of the time, which counts here.
const folder = mkdtempSync(join(tmpdir(), 'posthorn-worker-'));
after(async () => {
  await shared?.close();
  rmSync(folder, { recursive: true, force: true });
});
const outfile = join(folder, 'worker.mjs');
buildSync({
  entryPoints: [join(import.meta.dirname, 'worker.ts')],
  bundle: true,
  platform: 'node',
  format: 'esm',
  outfile,
  logLevel: 'error',
});
const workerUrl = pathToFileURL(outfile);

let shared: Opened | null = null;

/** Starting threads is what takes time, so the cases share a store until one of them closes it. */
async function openShared(): Promise<Opened> {
  shared ??= await openOnScratch((path) =>
    openSqlite({ path, form: 'worker', clock, log: silent, workerUrl }),
  );
  const opened = shared;
  let { storage } = opened;
  return {
    storage,
    async reopen() {
      storage = await opened.reopen!();
      shared = { ...opened, storage };
      return storage;
    },
    async close() {
      const isOpen = await storage.upkeep.ping().then(
        () => true,
        () => false,
      );
      if (isOpen) return;
      await opened.close();
      shared = null;
    },
  };
}

storageConformance('sqlite, on threads', openShared);

test('a worker that cannot start is told at once, and the file is free again', async () => {
  using place = scratch();
  const missing = pathToFileURL(join(place.folder, 'missing.mjs'));
  const options = { path: place.path, form: 'worker', clock, log: silent } as const;
  await assert.rejects(openSqlite({ ...options, workerUrl: missing }), (error: Error) => {
    assert.match(String(error.cause), /missing\.mjs/);
    return true;
  });
  await (await openSqlite({ ...options, form: 'inline' })).upkeep.close();
});

test('the sources start their own worker', async () => {
  using place = scratch();
  const storage = await openSqlite({ path: place.path, form: 'worker', readers: 2, clock, log: silent });
  enterNewWorld();
  const { event } = await accept(storage, []);
  assert.ok(await storage.history.findEvent(ADA_APP, { id: event.id }, { withContent: true }));
  await storage.upkeep.close();
});
