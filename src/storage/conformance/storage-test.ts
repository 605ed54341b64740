/** A suite is a table: what must hold, and how to see it. Each case has people of its own, and a store that may be its own. */
import { describe, it } from 'node:test';
import type { Member } from '../../ports/cluster.ts';
import { enterNewWorld, type Opened, type OpenStorage } from './samples.ts';

export type Cases = Readonly<Record<string, (opened: Opened) => Promise<void>>>;

/** Cases call the ports themselves: there is no work to do for the shards that they hold. */
export const IDLE: Member = {
  gained() {},
  async giveUp() {},
  lost() {},
  woken() {},
  missed() {},
  outboxFilled() {},
  catalogChanged() {},
};

export function runCases(title: string, cases: Cases, open: OpenStorage): void {
  describe(title, () => {
    for (const [claim, see] of Object.entries(cases)) {
      it(claim, async () => {
        const opened = await open();
        try {
          await opened.storage.cluster.join(IDLE);
          enterNewWorld(opened.storage.cluster.epoch);
          await see(opened);
        } finally {
          await opened.close();
        }
      });
    }
  });
}
