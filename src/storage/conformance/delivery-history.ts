/** What every driver's history must do with deliveries and attempts. */
import assert from 'node:assert/strict';
import type { DeliveryStatus } from '../../core/delivery/delivery.ts';
import type { DestinationId } from '../../core/ids.ts';
import type { AttemptFilter, EventFilter, Page } from '../../ports/history.ts';
import type { Storage } from '../../ports/storage.ts';
import {
  type Accepted,
  ADA_APP,
  accept,
  CYD,
  DAY,
  failureOf,
  idOf,
  MINUTE,
  NEWEST,
  NOON,
  newDestinationId,
  OLDEST,
  recordOf,
} from './samples.ts';
import type { Cases } from './storage-test.ts';

const BARE = { withContent: false };

export interface Story {
  readonly lane: DestinationId;
  readonly other: DestinationId;
  /** One event per state of a delivery to `lane`; each also went to `other`, where all is pending. */
  readonly events: Readonly<Record<DeliveryStatus, Accepted>>;
  /** Went to `other` only. */
  readonly elsewhere: Accepted;
}

export async function tell(storage: Storage): Promise<Story> {
  const [lane, other] = [newDestinationId(), newDestinationId()];
  let minute = 0;
  const next = (to: readonly DestinationId[]) =>
    accept(storage, to, { acceptedAt: NOON + minute++ * MINUTE, type: `type-${minute}` });
  const both = [lane, other];
  const delivered = await next(both);
  const pending = await next(both);
  const failed = await next(both);
  const sending = await next(both);
  const canceled = await next(both);
  const elsewhere = await next([other]);
  await storage.queue.record(failureOf(delivered, lane, { dueAt: NOON + MINUTE, attempts: 1 }));
  await storage.queue.record(
    recordOf(delivered, { destinationId: lane, number: 2, startedAt: NOON + 20 * MINUTE }),
  );
  await storage.queue.record(
    recordOf(failed, { destinationId: lane, status: 'failed', outcome: 'timed-out', statusCode: 0 }),
  );
  await storage.queue.record(failureOf(sending, lane, { dueAt: NOON + 9 * MINUTE, attempts: 1 }));
  const newAttemptIds = () => idOf<'attempt'>(NOON + 30 * MINUTE);
  const key = { organization: ADA_APP.organization, destinationId: lane };
  await storage.queue.cancel(key, { eventId: canceled.event.id, limit: 9, now: NOON, newAttemptIds });
  return { lane, other, events: { delivered, pending, failed, sending, canceled }, elsewhere };
}

const ORDER = ['delivered', 'pending', 'failed', 'sending', 'canceled'] as const;

const states: Cases = {
  'tells the state of an event at each destination': async ({ storage }) => {
    const { lane, other, events, elsewhere } = await tell(storage);
    const dues: Partial<Record<DeliveryStatus, number>> = { sending: NOON + 9 * MINUTE };
    for (const status of ORDER) {
      const expected = [
        { destinationId: lane, status, nextAttemptAt: dues[status] ?? null },
        { destinationId: other, status: 'pending', nextAttemptAt: null },
      ];
      const found = await storage.history.listDestinationStates(ADA_APP, events[status].event.id);
      assert.deepEqual(
        found,
        expected.toSorted((a, b) => (a.destinationId < b.destinationId ? -1 : 1)),
      );
    }
    const cyd = { ...ADA_APP, organization: CYD };
    assert.deepEqual(await storage.history.listDestinationStates(cyd, events.failed.event.id), []);
    const one = await storage.history.listDestinationStates(ADA_APP, elsewhere.event.id);
    assert.deepEqual(
      one.map((each) => each.destinationId),
      [other],
    );
  },

  'lists the events of a destination by id with their state there': async ({ storage }) => {
    const { lane, events } = await tell(storage);
    const list = async (filter: EventFilter & { status?: DeliveryStatus[] }, page: Page = OLDEST) =>
      (await storage.history.listDestinationEvents(ADA_APP, lane, filter, page, BARE)).map(
        (each) => each.status,
      );
    assert.deepEqual(await list({}), ORDER);
    assert.deepEqual(await list({}, NEWEST), ORDER.toReversed());
    assert.deepEqual(await list({}, { ...OLDEST, limit: 2 }), ORDER.slice(0, 2));
    assert.deepEqual(await list({}, { ...OLDEST, after: events.pending.event.id }), ORDER.slice(2));
    assert.deepEqual(await list({ status: ['failed', 'canceled'] }), ['failed', 'canceled']);
    assert.deepEqual(await list({ since: NOON + 3 * MINUTE }), ['sending', 'canceled']);
    assert.deepEqual(await list({ types: ['type-2'] }), ['pending']);
  },

  'counts deliveries by state, an event once per destination': async ({ storage }) => {
    const { lane, other } = await tell(storage);
    const one = { delivered: 1, pending: 1, failed: 1, sending: 1, canceled: 1 };
    const none = { delivered: 0, pending: 0, failed: 0, sending: 0, canceled: 0 };
    assert.deepEqual(await storage.history.countStates(ADA_APP, lane, {}), one);
    assert.deepEqual(await storage.history.countStates(ADA_APP, other, {}), { ...none, pending: 6 });
    const range = { since: NOON + MINUTE, before: NOON + 3 * MINUTE };
    assert.deepEqual(await storage.history.countStates(ADA_APP, lane, range), {
      ...none,
      pending: 1,
      failed: 1,
    });
    assert.deepEqual(await storage.history.countStates(ADA_APP, lane, { types: ['type-1'] }), {
      ...none,
      delivered: 1,
    });
    assert.deepEqual(await storage.history.countStates({ ...ADA_APP, organization: CYD }, lane, {}), none);
  },

  'lists the events that never went to a destination': async ({ storage }) => {
    const { lane, other, elsewhere } = await tell(storage);
    const list = async (id: DestinationId, filter: EventFilter = {}) =>
      (await storage.history.listMissing(ADA_APP, id, filter, OLDEST)).map((event) => event.id);
    assert.deepEqual(await list(lane), [elsewhere.event.id]);
    assert.deepEqual(await list(other), []);
    assert.equal((await list(newDestinationId())).length, 6);
    assert.equal((await list(newDestinationId(), { since: NOON + 4 * MINUTE })).length, 2);
  },
};

const attempts: Cases = {
  'lists attempts of a destination, newest first, in pages': async ({ storage }) => {
    const { lane, other } = await tell(storage);
    const list = async (filter: AttemptFilter, page: Page = NEWEST) =>
      (await storage.history.listAttempts(ADA_APP, { destinationId: lane, ...filter }, page)).map(
        ({ attempt }) => attempt.status,
      );
    assert.deepEqual(await list({}), ['canceled', 'delivered', 'sending', 'failed', 'sending']);
    const all = await storage.history.listAttempts(ADA_APP, { destinationId: lane }, NEWEST);
    const after = all[1]!.attempt.id;
    assert.deepEqual(await list({}, { ...NEWEST, after, limit: 2 }), ['sending', 'failed']);
    assert.deepEqual(await list({}, { after, direction: 'ascending', limit: 9 }), ['canceled']);
    assert.deepEqual(await list({ status: ['failed', 'delivered'] }), ['delivered', 'failed']);
    assert.deepEqual(await list({ statusCodeClass: 500 }), ['sending', 'sending']);
    assert.deepEqual(await list({ statusCodeClass: 0, status: ['failed'] }), ['failed']);
    assert.deepEqual(await list({ types: ['type-3'] }), ['failed']);
    assert.deepEqual(await storage.history.listAttempts(ADA_APP, { destinationId: other }, NEWEST), []);
  },

  'gives the event of each attempt': async ({ storage }) => {
    const { lane, events } = await tell(storage);
    const [canceled] = await storage.history.listAttempts(ADA_APP, { destinationId: lane }, NEWEST);
    assert.deepEqual(canceled!.event, events.canceled.event);
    assert.equal(canceled!.attempt.eventId, events.canceled.event.id);
  },

  'lists attempts of an event and of the whole scope': async ({ storage }) => {
    const { lane, other, events } = await tell(storage);
    const { event } = events.delivered;
    await storage.queue.record(
      recordOf(events.delivered, { destinationId: other, startedAt: NOON + 21 * MINUTE }),
    );
    const list = async (filter: AttemptFilter, page: Page = NEWEST) =>
      (await storage.history.listAttempts(ADA_APP, filter, page)).map(({ attempt }) => attempt);
    const ofEvent = await list({ eventId: event.id });
    assert.deepEqual(
      ofEvent.map((each) => each.destinationId),
      [other, lane, lane],
    );
    assert.deepEqual(
      (await list({ eventId: event.id, destinationId: lane })).map(({ number }) => number),
      [2, 1],
    );
    const ofScope = await list({});
    const ids = ofScope.map(({ id }) => id);
    assert.equal(ids.length, 6);
    assert.deepEqual(ids, ids.toSorted().toReversed());
    assert.deepEqual(
      (await list({}, { ...NEWEST, limit: 2 })).map(({ id }) => id),
      ids.slice(0, 2),
    );
    assert.deepEqual(
      (await list({}, { ...OLDEST, after: ids[2]! })).map(({ id }) => id),
      [ids[1], ids[0]],
    );
    const cyd = { ...ADA_APP, organization: CYD };
    assert.deepEqual(await storage.history.listAttempts(cyd, { eventId: event.id }, NEWEST), []);
    assert.deepEqual(await storage.history.listAttempts(cyd, { destinationId: lane }, NEWEST), []);
  },

  'finds attempts that were made days after their event': async ({ storage }) => {
    const lane = newDestinationId();
    const accepted = await accept(storage, [lane], { acceptedAt: NOON - 3 * DAY });
    const first = failureOf(accepted, lane, { dueAt: NOON - 2 * DAY, attempts: 1 });
    const second = recordOf(accepted, { destinationId: lane, number: 2, startedAt: NOON });
    for (const record of [first, second]) await storage.queue.record(record);
    const { id } = accepted.event;
    const list = async (filter: AttemptFilter, page: Page) =>
      (await storage.history.listAttempts(ADA_APP, filter, page)).map(({ attempt }) => attempt.number);
    const filters: AttemptFilter[] = [
      { eventId: id },
      { destinationId: lane },
      {},
      { since: NOON - 3 * DAY },
    ];
    const listAll = (page: Page) => Promise.all(filters.map((filter) => list(filter, page)));
    assert.deepEqual(await listAll(NEWEST), Array(4).fill([2, 1]));
    assert.deepEqual(await listAll({ ...OLDEST, after: first.attempt.id }), Array(4).fill([2]));
    assert.deepEqual(await list({ destinationId: lane, since: NOON - 2 * DAY }, NEWEST), []);
    assert.equal((await storage.history.findAttempt(ADA_APP, id, second.attempt.id))?.number, 2);
    const [state] = await storage.history.listDestinationStates(ADA_APP, id);
    assert.equal(state?.status, 'delivered');
    const listed = await storage.history.listDestinationEvents(ADA_APP, lane, {}, NEWEST, BARE);
    assert.deepEqual(
      listed.map(({ event, status }) => [event.id, status]),
      [[id, 'delivered']],
    );
    assert.deepEqual(await storage.history.listMissing(ADA_APP, lane, {}, NEWEST), []);
    const counted = await storage.history.countStates(ADA_APP, lane, { since: NOON - 3 * DAY, before: NOON });
    assert.deepEqual([counted.delivered, counted.sending], [1, 0]);
  },

  'expunges the response of one attempt': async ({ storage }) => {
    const { lane, events } = await tell(storage);
    const { id } = events.failed.event;
    const [listed] = await storage.history.listAttempts(ADA_APP, { eventId: id }, NEWEST);
    const attemptId = listed!.attempt.id;
    assert.ok(listed!.attempt.response);
    assert.equal(
      await storage.history.expungeResponse({ ...ADA_APP, organization: CYD }, id, attemptId),
      false,
    );
    assert.equal(await storage.history.expungeResponse(ADA_APP, id, attemptId), true);
    const found = await storage.history.findAttempt(ADA_APP, id, attemptId);
    assert.deepEqual([found!.response, found!.destinationId], [null, lane]);
    assert.equal(await storage.history.findAttempt(ADA_APP, events.pending.event.id, attemptId), null);
  },
};

export const deliveryHistoryCases: Cases = { ...states, ...attempts };
