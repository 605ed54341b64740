/** The suites that every driver must pass. A driver's own test is one call of this and what only it can do. */
import { describe } from 'node:test';
import { catalogSuite } from './catalog.ts';
import { deliveryHistorySuite } from './delivery-history.ts';
import { historySuite } from './history.ts';
import { intakeSuite } from './intake.ts';
import { queueSuite } from './queue.ts';
import { resendSuite } from './resend.ts';
import type { OpenStorage } from './samples.ts';
import { upkeepSuite } from './upkeep.ts';

export type { Opened, OpenStorage } from './samples.ts';

export function storageConformance(name: string, open: OpenStorage): void {
  describe(name, () => {
    intakeSuite(open);
    queueSuite(open);
    resendSuite(open);
    catalogSuite(open);
    historySuite(open);
    deliveryHistorySuite(open);
    upkeepSuite(open);
  });
}
