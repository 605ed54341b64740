/** Resends, cancellations and attempts that come too late: the corners of the queue. */
import assert from 'node:assert/strict';
import type { Health } from '../../core/delivery/health.ts';
import type { DestinationId } from '../../core/ids.ts';
import type { AttemptRecord } from '../../ports/queue.ts';
import type { Storage } from '../../ports/storage.ts';
import {
  type Accepted,
  ADA,
  ADA_APP,
  accept,
  acceptanceOf,
  CYD,
  changeSet,
  destinationOf,
  failureOf,
  idOf,
  MINUTE,
  NEWEST,
  NOON,
  newDestinationId,
  recordOf,
  takeFresh,
  takeInOrder,
} from './samples.ts';
import type { Cases } from './storage-test.ts';

const laneOf = (destinationId: DestinationId) => ({ organization: ADA, destinationId });
const HEALTHY: Health = {
  failuresInRow: 0,
  failingSince: 0,
  circuit: 'closed',
  probeAt: 0,
  probeDelayMs: 0,
  throttledUntil: 0,
};
const newAttemptIds = () => idOf<'attempt'>(NOON + MINUTE);

async function failedOnce(storage: Storage, lane: DestinationId): Promise<Accepted> {
  const accepted = await accept(storage, [lane]);
  await storage.queue.record(failureOf(accepted, lane, { dueAt: NOON + 5 * MINUTE, attempts: 1 }));
  return accepted;
}

async function resend(storage: Storage, accepted: Accepted, lane: DestinationId) {
  const entry = { eventId: accepted.event.id, destinationId: lane, trigger: 'manual', dueAt: NOON } as const;
  return (await storage.queue.enqueue(ADA, [entry]))[0]!;
}

async function stateOf(storage: Storage, accepted: Accepted): Promise<string | undefined> {
  const [state] = await storage.history.listDestinationStates(ADA_APP, accepted.event.id);
  return state?.status;
}

export const resendCases: Cases = {
  'a resend is a second delivery of the pair, and only one at a time': async ({ storage }) => {
    const lane = newDestinationId();
    const accepted = await failedOnce(storage, lane);
    assert.deepEqual(await resend(storage, accepted, lane), { kind: 'queued', seq: accepted.seq });
    assert.deepEqual(await resend(storage, accepted, lane), { kind: 'already-queued' });
    const taken = await takeInOrder(storage, laneOf(lane));
    assert.deepEqual(
      taken.map((each) => each.trigger),
      ['scheduled', 'manual'],
    );
  },

  'a page never ends between the two deliveries of one event': async ({ storage }) => {
    const lane = newDestinationId();
    const accepted = await failedOnce(storage, lane);
    await resend(storage, accepted, lane);
    const taken = await takeInOrder(storage, laneOf(lane), { limit: 1 });
    assert.equal(taken.length, 2);
  },

  'a failed resend leaves the automatic retries alone': async ({ storage }) => {
    const lane = newDestinationId();
    const accepted = await failedOnce(storage, lane);
    await resend(storage, accepted, lane);
    const failed = {
      destinationId: lane,
      trigger: 'manual',
      number: 2,
      statusCode: 500,
      status: 'sending',
    } as const;
    await storage.queue.record(recordOf(accepted, failed));
    const [waiting] = await takeInOrder(storage, laneOf(lane));
    assert.deepEqual(
      [waiting!.trigger, waiting!.dueAt, waiting!.attempts],
      ['scheduled', NOON + 5 * MINUTE, 1],
    );
    assert.equal(await stateOf(storage, accepted), 'sending');
  },

  'a delivered resend settles both': async ({ storage }) => {
    const lane = newDestinationId();
    const accepted = await failedOnce(storage, lane);
    await resend(storage, accepted, lane);
    await storage.queue.record(recordOf(accepted, { destinationId: lane, trigger: 'manual', number: 2 }));
    assert.deepEqual(await takeInOrder(storage, laneOf(lane)), []);
    assert.equal(await stateOf(storage, accepted), 'delivered');
  },

  'an attempt that ends after its delivery was settled is history and decides nothing': async ({
    storage,
  }) => {
    const lane = newDestinationId();
    const accepted = await failedOnce(storage, lane);
    await resend(storage, accepted, lane);
    await storage.queue.record(recordOf(accepted, { destinationId: lane, trigger: 'manual', number: 2 }));
    const late = failureOf(accepted, lane, { dueAt: NOON + 9 * MINUTE, attempts: 2 });
    await storage.queue.record({ ...late, health: { value: null } });
    assert.equal(await storage.queue.nextDue(laneOf(lane)), null);
    assert.equal(await stateOf(storage, accepted), 'delivered');
    const attempts = await storage.history.listAttempts(ADA_APP, { eventId: accepted.event.id }, NEWEST);
    assert.equal(attempts.length, 3);
    const counts = await storage.history.countStates(ADA_APP, lane, {});
    assert.equal(counts.delivered, 1);
  },

  'says what cannot be resent': async ({ storage }) => {
    const lane = newDestinationId();
    const gone = await accept(storage, [lane]);
    await storage.history.expungeContent(ADA_APP, gone.event.id);
    const entry = { destinationId: lane, trigger: 'manual', dueAt: NOON } as const;
    const results = await storage.queue.enqueue(ADA, [
      { ...entry, eventId: idOf<'event'>() },
      { ...entry, eventId: gone.event.id },
    ]);
    assert.deepEqual(results, [{ kind: 'unknown-event' }, { kind: 'no-content' }]);
    const foreign = await storage.queue.enqueue(CYD, [{ ...entry, eventId: gone.event.id }]);
    assert.deepEqual(foreign, [{ kind: 'unknown-event' }]);
  },

  'a destination that never had an event can be given old ones': async ({ storage }) => {
    const old = await accept(storage, [newDestinationId()]);
    const lane = newDestinationId();
    const entry = { eventId: old.event.id, destinationId: lane, trigger: 'scheduled', dueAt: 0 } as const;
    assert.deepEqual(await storage.queue.enqueue(ADA, [entry]), [{ kind: 'queued', seq: old.seq }]);
    const [taken] = await takeFresh(storage, laneOf(lane));
    assert.deepEqual(taken!.event, old.event);
  },

  'cancels what a lane has unsettled, step by step, and says so in history': async ({ storage }) => {
    const lane = newDestinationId();
    const accepted = await failedOnce(storage, lane);
    await accept(storage, [lane]);
    await accept(storage, [lane]);
    const cancel = () =>
      storage.queue.cancel(laneOf(lane), { eventId: null, limit: 2, now: NOON + MINUTE, newAttemptIds });
    assert.equal(await cancel(), 2);
    assert.equal(await cancel(), 1);
    assert.equal(await cancel(), 0);
    assert.equal(await stateOf(storage, accepted), 'canceled');
    const [last] = await storage.history.listAttempts(ADA_APP, { eventId: accepted.event.id }, NEWEST);
    assert.deepEqual(
      [last!.attempt.outcome, last!.attempt.status, last!.attempt.number, last!.attempt.startedAt],
      ['canceled', 'canceled', 0, NOON + MINUTE],
    );
  },

  'cancels no lane whose destination is served, whatever the caller believes': async ({ storage }) => {
    const cancelAll = (lane: DestinationId) =>
      storage.queue.cancel(laneOf(lane), { eventId: null, limit: 10, now: NOON + MINUTE, newAttemptIds });
    const [served, disabled, polled] = [
      destinationOf(),
      destinationOf({ disabled: true }),
      destinationOf({ kind: 'poller' }),
    ];
    for (const resource of [served, disabled, polled]) {
      await storage.catalog.write(changeSet([{ op: 'insert', kind: 'destination', resource }]));
      await accept(storage, [resource.id]);
    }
    assert.equal(await cancelAll(served.id), null);
    assert.equal((await takeFresh(storage, laneOf(served.id))).length, 1);
    assert.equal(await cancelAll(disabled.id), 1);
    assert.equal(await cancelAll(polled.id), 1);
  },

  'cancels one event in a lane and leaves the others': async ({ storage }) => {
    const lane = newDestinationId();
    const [first, second] = [await accept(storage, [lane]), await accept(storage, [lane])];
    const options = { eventId: first.event.id, limit: 10, now: NOON, newAttemptIds };
    assert.equal(await storage.queue.cancel(laneOf(lane), options), 1);
    const rest = await takeFresh(storage, laneOf(lane));
    assert.deepEqual(
      rest.map((each) => each.seq),
      [second.seq],
    );
  },

  'an attempt that was under way when it was canceled is kept and queues nothing': async ({ storage }) => {
    const lane = newDestinationId();
    const accepted = await accept(storage, [lane]);
    await storage.queue.cancel(laneOf(lane), { eventId: null, limit: 10, now: NOON, newAttemptIds });
    await storage.queue.record(failureOf(accepted, lane, { dueAt: NOON + MINUTE, attempts: 1 }));
    assert.equal(await storage.queue.nextDue(laneOf(lane)), null);
    assert.equal(await stateOf(storage, accepted), 'canceled');
  },

  'a record that is repeated changes nothing': async ({ storage }) => {
    const lane = newDestinationId();
    const accepted = await accept(storage, [lane]);
    const failed = failureOf(accepted, lane, { dueAt: NOON + 5 * MINUTE, attempts: 1 });
    const delivered = recordOf(accepted, { destinationId: lane, number: 2 });
    const told = async () => [
      await stateOf(storage, accepted),
      await storage.queue.nextDue(laneOf(lane)),
      (await takeFresh(storage, laneOf(lane))).length,
      (await storage.history.listAttempts(ADA_APP, { destinationId: lane }, NEWEST)).length,
      await storage.queue.readHealth(laneOf(lane)),
    ];
    const repeats = async (record: AttemptRecord) => {
      const before = await told();
      const health = { value: { ...HEALTHY, failuresInRow: 9 } };
      await storage.queue.record({ ...record, health, publish: [acceptanceOf([lane])] });
      assert.deepEqual(await told(), before);
    };
    await storage.queue.record(failed);
    await repeats(failed);
    await storage.queue.record(delivered);
    await repeats(failed);
    await repeats(delivered);
    // The pair is queued again by somebody: still what is repeated is not about that delivery.
    for (const dueAt of [0, NOON + MINUTE]) {
      const entry = { eventId: accepted.event.id, destinationId: lane, trigger: 'scheduled', dueAt } as const;
      assert.equal((await storage.queue.enqueue(ADA, [entry]))[0]!.kind, 'queued');
      await repeats(failed);
      await repeats(delivered);
      await storage.queue.cancel(laneOf(lane), { eventId: null, limit: 9, now: NOON, newAttemptIds });
    }
    await repeats(failed);
  },

  'hurries what waits, at most as many as asked': async ({ storage }) => {
    const lane = newDestinationId();
    for (let i = 0; i < 3; i++) await failedOnce(storage, lane);
    assert.equal(await storage.queue.hurry(laneOf(lane), { now: NOON + MINUTE, limit: 2 }), 2);
    assert.equal(await storage.queue.nextDue(laneOf(lane)), NOON + MINUTE);
    assert.equal(await storage.queue.hurry(laneOf(lane), { now: NOON + MINUTE, limit: 9 }), 1);
    assert.equal(await storage.queue.hurry(laneOf(lane), { now: NOON + MINUTE, limit: 9 }), 0);
  },

  'keeps the health that an attempt tells of, also when its delivery is gone': async ({ storage }) => {
    const lane = newDestinationId();
    const accepted = await failedOnce(storage, lane);
    await storage.queue.cancel(laneOf(lane), { eventId: null, limit: 9, now: NOON, newAttemptIds });
    const value = { ...HEALTHY, failuresInRow: 2, failingSince: NOON, throttledUntil: NOON + MINUTE };
    const late = failureOf(accepted, lane, { dueAt: NOON + 9 * MINUTE, attempts: 2 });
    await storage.queue.record({ ...late, health: { value } });
    assert.deepEqual(await storage.queue.readHealth(laneOf(lane)), value);
    assert.equal(await storage.queue.nextDue(laneOf(lane)), null);
  },

  'does not hurry an event that is delayed to an instant': async ({ storage }) => {
    const lane = newDestinationId();
    await accept(storage, [lane], { deliverAt: NOON + 9 * MINUTE });
    assert.equal(await storage.queue.hurry(laneOf(lane), { now: NOON + MINUTE, limit: 9 }), 0);
    assert.equal(await storage.queue.nextDue(laneOf(lane)), NOON + 9 * MINUTE);
  },
};
