/** What every driver's lists of deliveries must do. */
import assert from 'node:assert/strict';
import type { DeliveryStatus } from '../../core/delivery/delivery.ts';
import type { DeliveryFilter, ListedDelivery, Page } from '../../ports/history.ts';
import type { Storage } from '../../ports/storage.ts';
import { tell } from './delivery-history.ts';
import {
  ADA_APP,
  accept,
  CYD,
  failureOf,
  MINUTE,
  NEWEST,
  NOON,
  newDestinationId,
  OLDEST,
  OTHER_APP,
  recordOf,
} from './samples.ts';
import type { Cases } from './storage-test.ts';

const keyOf = ({ event, destinationId }: ListedDelivery): string => `${event.id}/${destinationId}`;

async function keys(storage: Storage, filter: DeliveryFilter, page: Page = NEWEST): Promise<string[]> {
  return (await storage.history.listDeliveries(ADA_APP, filter, page)).map(keyOf);
}

/** Page after page, as a caller does it. */
async function allKeys(storage: Storage, filter: DeliveryFilter, page: Page): Promise<string[]> {
  const found: string[] = [];
  for (let pages = 0; pages < 200; pages++) {
    const some = await keys(storage, filter, { ...page, after: found.at(-1) ?? page.after });
    found.push(...some);
    if (some.length < page.limit) return found;
  }
  throw new Error('The pages do not come to an end.');
}

/** By asking for every event what became of it. */
async function expected(storage: Storage, wanted: (status: DeliveryStatus) => boolean): Promise<string[]> {
  const events = await storage.history.listEvents(
    ADA_APP,
    {},
    { ...NEWEST, limit: 1000 },
    { withContent: false },
  );
  const found: string[] = [];
  for (const { event } of events) {
    const states = await storage.history.listDestinationStates(ADA_APP, event.id);
    const own = states.filter(({ status }) => wanted(status)).map(({ destinationId }) => destinationId);
    found.push(...own.toReversed().map((destinationId) => `${event.id}/${destinationId}`));
  }
  return found;
}

const STATUSES: readonly DeliveryStatus[] = ['delivered', 'pending', 'failed', 'sending', 'canceled'];

export const deliveryListCases: Cases = {
  'lists event x destination with its state, its tries and what came of the last one': async ({
    storage,
  }) => {
    const { lane, other, events } = await tell(storage);
    const of = async (status: DeliveryStatus) => {
      const filter = { eventId: events[status].event.id, destinationId: lane };
      const [found, ...more] = await storage.history.listDeliveries(ADA_APP, filter, NEWEST);
      assert.deepEqual(more, []);
      assert.deepEqual(found!.event, events[status].event);
      return { status: found!.status, due: found!.nextAttemptAt, tries: found!.attempts, last: found!.last };
    };
    const delivered = await of('delivered');
    assert.deepEqual([delivered.status, delivered.due, delivered.tries], ['delivered', null, 2]);
    const [attempt] = await storage.history.listAttempts(
      ADA_APP,
      { eventId: events.delivered.event.id, destinationId: lane },
      NEWEST,
    );
    const { response: _, ...last } = attempt!.attempt;
    assert.deepEqual(delivered.last, last);
    assert.deepEqual(await of('pending'), { status: 'pending', due: null, tries: 0, last: null });
    const failed = await of('failed');
    assert.deepEqual([failed.status, failed.tries, failed.last?.outcome], ['failed', 1, 'timed-out']);
    const sending = await of('sending');
    assert.deepEqual([sending.status, sending.due, sending.tries], ['sending', NOON + 9 * MINUTE, 1]);
    const canceled = await of('canceled');
    assert.deepEqual([canceled.status, canceled.tries, canceled.last?.outcome], ['canceled', 0, 'canceled']);
    const both = await keys(storage, { eventId: events.failed.event.id });
    assert.deepEqual(both.sort(), [lane, other].map((id) => `${events.failed.event.id}/${id}`).sort());
  },

  'filters by status, destination and time before the limit': async ({ storage }) => {
    const { lane, events } = await tell(storage);
    for (const status of [
      ...STATUSES.map((each) => [each]),
      ['failed', 'sending'],
      ['pending', 'delivered'],
    ]) {
      const wanted = await expected(storage, (each) => status.includes(each));
      assert.deepEqual(await keys(storage, { status: status as DeliveryStatus[] }), wanted, status.join());
      const one = { status: status as DeliveryStatus[], destinationId: lane };
      assert.deepEqual(
        await keys(storage, one),
        wanted.filter((key) => key.endsWith(lane)),
        status.join(),
      );
      assert.deepEqual(
        await keys(storage, one, { ...NEWEST, limit: 1 }),
        (await keys(storage, one)).slice(0, 1),
      );
    }
    const range = { since: NOON + 2 * MINUTE, before: NOON + 4 * MINUTE };
    const key = (status: DeliveryStatus) => `${events[status].event.id}/${lane}`;
    assert.deepEqual(await keys(storage, { destinationId: lane, ...range }), [key('sending'), key('failed')]);
    assert.deepEqual(await keys(storage, { status: ['failed'], ...range }), [key('failed')]);
    assert.deepEqual(await keys(storage, { destinationId: newDestinationId() }), []);
    assert.deepEqual(await keys(storage, { status: [] }), []);
  },

  'pages both ways, without a gap or a repeat': async ({ storage }) => {
    await tell(storage);
    await tell(storage);
    const filters: DeliveryFilter[] = [
      {},
      { status: ['pending', 'failed', 'sending'] },
      { status: ['pending'] },
    ];
    for (const filter of filters) {
      const whole = await expected(storage, (each) => filter.status?.includes(each) ?? true);
      // Stories share their instants, so equal ones are told by their ids.
      const inOrder = await keys(storage, filter);
      assert.deepEqual(inOrder.toSorted(), whole.toSorted());
      for (const limit of [1, 3, 7, 100]) {
        assert.deepEqual(await allKeys(storage, filter, { ...NEWEST, limit }), inOrder);
        assert.deepEqual(await allKeys(storage, filter, { ...OLDEST, limit }), inOrder.toReversed());
      }
    }
  },

  'finds a few among many': async ({ storage }) => {
    const lane = newDestinationId();
    const accepted = await Promise.all(
      Array.from({ length: 450 }, (_, i) => accept(storage, [lane], { acceptedAt: NOON + i })),
    );
    const inOrder = accepted.toSorted((a, b) => a.seq - b.seq);
    const [early, late] = [inOrder[3]!, inOrder[440]!];
    await storage.queue.record(recordOf(early, { destinationId: lane }));
    await storage.queue.record(recordOf(late, { destinationId: lane, status: 'failed' }));
    const waits = inOrder[100]!;
    await storage.queue.record(failureOf(waits, lane, { dueAt: NOON + MINUTE, attempts: 1 }));
    const key = ({ event }: typeof early) => `${event.id}/${lane}`;
    assert.deepEqual(await keys(storage, { status: ['delivered'] }), [key(early)]);
    assert.deepEqual(await keys(storage, { status: ['failed', 'sending'] }), [key(late), key(waits)]);
    const few = { ...NEWEST, limit: 2 };
    assert.deepEqual(
      await keys(storage, { status: ['pending'] }, few),
      [449, 448].map((i) => key(inOrder[i]!)),
    );
    const all = await allKeys(
      storage,
      { status: ['pending', 'delivered', 'failed', 'sending'] },
      { ...OLDEST, limit: 99 },
    );
    assert.deepEqual(all, inOrder.map(key));
  },

  'tells nobody else’s': async ({ storage }) => {
    await tell(storage);
    for (const scope of [
      { ...ADA_APP, organization: CYD },
      { ...ADA_APP, applicationId: OTHER_APP },
      { ...ADA_APP, applicationId: null },
    ]) {
      assert.deepEqual(await storage.history.listDeliveries(scope, {}, NEWEST), []);
    }
  },
};
