/** One test with a store of its own, closed whatever happens. */
import { it } from 'node:test';
import type { Opened, OpenStorage } from './samples.ts';

export type StorageTest = (title: string, run: (opened: Opened) => Promise<void>) => void;

export function storageTest(open: OpenStorage): StorageTest {
  return (title, run) => {
    it(title, async () => {
      const opened = await open();
      try {
        await run(opened);
      } finally {
        await opened.close();
      }
    });
  };
}
