import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Storage } from '../../ports/storage.ts';
import { type Opened, storageConformance } from '../conformance/index.ts';
import { openSqlite } from './open.ts';

const clock = { now: () => Date.now(), after: () => () => {} };
const log = { info() {}, warn() {}, error() {} };

async function openFile(form: 'inline' | 'worker'): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-storage-'));
  const open = () => openSqlite({ path: join(folder, 'posthorn.db'), form, clock, log });
  let storage: Storage = await open();
  return {
    storage,
    async reopen() {
      await storage.upkeep.close();
      storage = await open();
      return storage;
    },
    async close() {
      await storage.upkeep.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

storageConformance('sqlite, inline in memory', async () => {
  const storage = await openSqlite({ path: ':memory:', form: 'inline', clock, log });
  return { storage, close: () => storage.upkeep.close() };
});
storageConformance('sqlite, inline on a file', () => openFile('inline'));
storageConformance('sqlite, on threads', () => openFile('worker'));
