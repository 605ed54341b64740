/**
 * What moves a cursor reads only what is decided (see the schema): else a commit that becomes visible late would be
 * passed over. What was committed a moment ago is decided when the transactions that began before it have ended.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReadContext } from './read-context.ts';

/** How long a read waits in all, so that who has just published reads his own event: in steps of 5, 10, 20 … ms. */
const WAITS_MS: readonly number[] = [5, 10, 20, 40, 80, 95];

/** Resolves when everything up to `seq` is decided, or after a quarter of a second. */
export async function waitUntilDecided({ db }: ReadContext, seq: number): Promise<void> {
  for (const ms of WAITS_MS) {
    const [row] = await db.query<{ below: number }>('SELECT posthorn_decided_below() AS below');
    if (row!.below > seq) return;
    await sleep(ms);
  }
}
