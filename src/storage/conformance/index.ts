/** The suites that every driver must pass. A driver's own test is one call of this and what only it can do. */
import { describe } from 'node:test';
import { catalogCases } from './catalog.ts';
import { deliveryHistoryCases } from './delivery-history.ts';
import { deliveryListCases } from './delivery-list.ts';
import { historyCases } from './history.ts';
import { intakeCases } from './intake.ts';
import { queueCases } from './queue.ts';
import { receivedCases } from './received.ts';
import { rejectionCases } from './rejections.ts';
import { resendCases } from './resend.ts';
import type { OpenStorage } from './samples.ts';
import { searchCases } from './search.ts';
import { runCases } from './storage-test.ts';
import { upkeepCases } from './upkeep.ts';

export type { Opened, OpenStorage } from './samples.ts';

const SUITES = {
  intake: intakeCases,
  queue: queueCases,
  'resends and cancellations': resendCases,
  catalog: catalogCases,
  'history of events': historyCases,
  'history of deliveries': deliveryHistoryCases,
  'lists of deliveries': deliveryListCases,
  'sources and received events': receivedCases,
  search: searchCases,
  rejections: rejectionCases,
  upkeep: upkeepCases,
};

export function storageConformance(name: string, open: OpenStorage): void {
  describe(name, () => {
    for (const [title, cases] of Object.entries(SUITES)) runCases(title, cases, open);
  });
}
