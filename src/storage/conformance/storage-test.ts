/** A suite is a table: what must hold, and how to see it. Each case has people of its own, and a store that may be its own. */
import { describe, it } from 'node:test';
import { enterNewWorld, type Opened, type OpenStorage } from './samples.ts';

export type Cases = Readonly<Record<string, (opened: Opened) => Promise<void>>>;

export function runCases(title: string, cases: Cases, open: OpenStorage): void {
  describe(title, () => {
    for (const [claim, see] of Object.entries(cases)) {
      it(claim, async () => {
        enterNewWorld();
        const opened = await open();
        try {
          await see(opened);
        } finally {
          await opened.close();
        }
      });
    }
  });
}
