/** What a driver's tests need around a store: a folder that goes away, a real clock, a log that says nothing. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Storage } from '../../ports/storage.ts';
import type { Opened } from './samples.ts';

export const clock: Clock = { now: () => Date.now(), after: () => () => {} };
export const silent: Log = { info() {}, warn() {}, error() {} };

export interface Scratch {
  readonly folder: string;
  /** A file in it. */
  readonly path: string;
  [Symbol.dispose](): void;
}

export function scratch(): Scratch {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-storage-'));
  return {
    folder,
    path: join(folder, 'posthorn.db'),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A store on a file of its own that can be closed and opened again. */
export async function openOnScratch(open: (path: string) => Promise<Storage>): Promise<Opened> {
  const place = scratch();
  let storage = await open(place.path);
  return {
    storage,
    async reopen() {
      await storage.upkeep.close();
      storage = await open(place.path);
      return storage;
    },
    async close() {
      await storage.upkeep.close();
      place[Symbol.dispose]();
    },
  };
}
