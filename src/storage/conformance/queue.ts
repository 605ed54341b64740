/** What every driver's queue must do: lanes, takes, records. Resends and cancellations are in resend.ts. */
import assert from 'node:assert/strict';
import type { Health } from '../../core/delivery/health.ts';
import type { DestinationId } from '../../core/ids.ts';
import { shardOf } from '../../core/shard.ts';
import type { LaneKey } from '../../ports/queue.ts';
import type { Storage } from '../../ports/storage.ts';
import {
  ADA,
  ADA_APP,
  accept,
  acceptanceOf,
  CYD,
  changeSet,
  destinationOf,
  failureOf,
  MINUTE,
  NEWEST,
  NOON,
  newDestinationId,
  pruneAll,
  recordOf,
  takeFresh,
  takeInOrder,
} from './samples.ts';
import type { Cases } from './storage-test.ts';

const laneOf = (destinationId: DestinationId, organization = ADA) => ({ organization, destinationId });
const seqsOf = (rows: readonly { seq: number }[]) => rows.map(({ seq }) => seq);
const HEALTH: Health = {
  failuresInRow: 10,
  failingSince: NOON,
  circuit: 'open',
  probeAt: NOON + 30_000,
  probeDelayMs: 30_000,
  throttledUntil: 0,
};

async function acceptMany(storage: Storage, lane: DestinationId, count: number) {
  return Promise.all(Array.from({ length: count }, () => accept(storage, [lane])));
}

export const queueCases: Cases = {
  'hands out fresh deliveries in order of acceptance, with event and content': async ({ storage }) => {
    const lane = newDestinationId();
    const accepted = await acceptMany(storage, lane, 5);
    const taken = await takeFresh(storage, laneOf(lane), { limit: 3 });
    assert.deepEqual(seqsOf(taken), seqsOf(accepted).slice(0, 3));
    assert.deepEqual(taken[0]!.event, accepted[0]!.event);
    assert.equal(Buffer.from(taken[0]!.content!).toString(), JSON.stringify({ id: accepted[0]!.event.id }));
    assert.deepEqual(
      { trigger: taken[0]!.trigger, dueAt: taken[0]!.dueAt, attempts: taken[0]!.attempts },
      { trigger: 'scheduled', dueAt: 0, attempts: 0 },
    );
    const rest = await takeFresh(storage, laneOf(lane), { afterSeq: taken[2]!.seq });
    assert.deepEqual(seqsOf(rest), seqsOf(accepted).slice(3));
  },

  'stops at about bytesMax, but hands out at least one': async ({ storage }) => {
    const lane = newDestinationId();
    await acceptMany(storage, lane, 4);
    const take = (bytesMax: number) => takeFresh(storage, laneOf(lane), { bytesMax });
    assert.equal((await take(1)).length, 1);
    assert.equal((await take(50)).length, 2);
    assert.equal((await take(1e6)).length, 4);
  },

  'never hands out a lane of another organization': async ({ storage }) => {
    const lane = newDestinationId();
    await acceptMany(storage, lane, 1);
    assert.deepEqual(await takeFresh(storage, laneOf(lane, CYD)), []);
    assert.deepEqual(await takeInOrder(storage, laneOf(lane, CYD)), []);
  },

  'a delivered attempt settles the delivery and is kept': async ({ storage }) => {
    const lane = newDestinationId();
    const [accepted] = await acceptMany(storage, lane, 1);
    const record = recordOf(accepted!, { destinationId: lane });
    await storage.queue.record(record);
    assert.deepEqual(await takeInOrder(storage, laneOf(lane)), []);
    const found = await storage.history.findAttempt(ADA_APP, accepted!.event.id, record.attempt.id);
    assert.deepEqual({ ...found, response: null }, { ...record.attempt, response: null });
    assert.deepEqual(Buffer.from(found!.response!), record.attempt.response);
  },

  'a failed attempt waits for its retry, earliest first': async ({ storage }) => {
    const lane = newDestinationId();
    const accepted = await acceptMany(storage, lane, 3);
    const dues = [NOON + 3 * MINUTE, NOON + MINUTE, NOON + MINUTE];
    for (const [i, each] of accepted.entries()) {
      await storage.queue.record(failureOf(each, lane, { dueAt: dues[i]!, attempts: 1 }));
    }
    assert.deepEqual(await takeFresh(storage, laneOf(lane)), []);
    assert.equal(await storage.queue.nextDue(laneOf(lane)), NOON + MINUTE);
    const due = { dueBefore: NOON + MINUTE, after: null, limit: 100, bytesMax: 1e9 };
    const taken = await storage.queue.takeDue(laneOf(lane), due);
    assert.deepEqual(seqsOf(taken), [accepted[1]!.seq, accepted[2]!.seq]);
    assert.deepEqual(
      { dueAt: taken[0]!.dueAt, attempts: taken[0]!.attempts },
      { dueAt: NOON + MINUTE, attempts: 1 },
    );
    const after = { dueAt: taken[0]!.dueAt, seq: taken[0]!.seq };
    const later = await storage.queue.takeDue(laneOf(lane), {
      ...due,
      dueBefore: NOON + 5 * MINUTE,
      after,
    });
    assert.deepEqual(seqsOf(later), [accepted[2]!.seq, accepted[0]!.seq]);
  },

  'a lane that keeps order is read in order of acceptance whatever is due when': async ({ storage }) => {
    const lane = newDestinationId();
    const accepted = await acceptMany(storage, lane, 4);
    await storage.queue.record(failureOf(accepted[1]!, lane, { dueAt: NOON + MINUTE, attempts: 1 }));
    const taken = await takeInOrder(storage, laneOf(lane), { limit: 3 });
    assert.deepEqual(seqsOf(taken), seqsOf(accepted).slice(0, 3));
    assert.deepEqual(
      taken.map((each) => each.dueAt),
      [0, NOON + MINUTE, 0],
    );
  },

  'a retry moves the due time and the count': async ({ storage }) => {
    const lane = newDestinationId();
    const [accepted] = await acceptMany(storage, lane, 1);
    await storage.queue.record(failureOf(accepted!, lane, { dueAt: NOON + MINUTE, attempts: 1 }));
    await storage.queue.record(failureOf(accepted!, lane, { dueAt: NOON + 2 * MINUTE, attempts: 2 }));
    const [waiting] = await takeInOrder(storage, laneOf(lane));
    assert.deepEqual([waiting!.dueAt, waiting!.attempts], [NOON + 2 * MINUTE, 2]);
    await storage.queue.record(recordOf(accepted!, { destinationId: lane, number: 3 }));
    assert.equal(await storage.queue.nextDue(laneOf(lane)), null);
    const attempts = await storage.history.listAttempts(ADA_APP, { eventId: accepted!.event.id }, NEWEST);
    assert.deepEqual(
      attempts.map(({ attempt }) => attempt.status),
      ['delivered', 'sending', 'sending'],
    );
  },

  'a delivery whose content has expired is handed out without it': async ({ storage }) => {
    const lane = newDestinationId();
    await accept(storage, [lane], { acceptedAt: NOON - MINUTE, contentExpiresAt: NOON - 1 });
    const [taken] = await takeFresh(storage, laneOf(lane));
    assert.equal(taken!.content, null);
  },

  'lists lanes that have something unsettled, with what a start needs to know': async ({ storage }) => {
    const lanes = [newDestinationId(), newDestinationId(), newDestinationId()].sort();
    const [, newest] = await acceptMany(storage, lanes[0]!, 2);
    const [waits] = await acceptMany(storage, lanes[1]!, 1);
    const [settled] = await acceptMany(storage, lanes[2]!, 1);
    const health = { value: HEALTH };
    await storage.queue.record({
      ...failureOf(waits!, lanes[1]!, { dueAt: NOON + MINUTE, attempts: 1 }),
      health,
    });
    await storage.queue.record(recordOf(settled!, { destinationId: lanes[2]! }));
    const all = await storage.queue.lanes(laneOf('' as DestinationId), 10, null);
    assert.deepEqual(all, [
      { ...laneOf(lanes[0]!), newestFreshSeq: newest!.seq, nextDueAt: null, health: null },
      { ...laneOf(lanes[1]!), newestFreshSeq: 0, nextDueAt: NOON + MINUTE, health: HEALTH },
    ]);
    assert.deepEqual(await storage.queue.lanes(laneOf('' as DestinationId), 1, null), all.slice(0, 1));
    assert.deepEqual(await storage.queue.lanes(all[0]!, 10, null), all.slice(1));
  },

  'lists the lanes of some shards only, page by page': async ({ storage }) => {
    const lanes = Array.from({ length: 12 }, newDestinationId).sort();
    for (const lane of lanes) await accept(storage, [lane]);
    const shards = new Set(lanes.slice(0, 5).map(shardOf));
    const expected = lanes.filter((lane) => shards.has(shardOf(lane)));
    assert.ok(expected.length < lanes.length, 'the ids of this case fall on more shards than it asks for');
    const listed: DestinationId[] = [];
    for (let after: LaneKey = laneOf('' as DestinationId); ; ) {
      const page = await storage.queue.lanes(after, 2, shards);
      listed.push(...page.map(({ destinationId }) => destinationId));
      if (page.length < 2) break;
      after = page[1]!;
    }
    assert.deepEqual(listed, expected);
    assert.deepEqual(await storage.queue.lanes(laneOf('' as DestinationId), 10, new Set()), []);
  },

  'says what was recorded': async ({ storage }) => {
    const lane = newDestinationId();
    const [accepted] = await acceptMany(storage, lane, 1);
    assert.equal(await storage.queue.record(recordOf(accepted!, { destinationId: lane })), 'recorded');
  },

  'keeps health until the destination is healthy again, also over a restart': async ({ storage, reopen }) => {
    const lane = laneOf(newDestinationId());
    assert.equal(await storage.queue.readHealth(lane), null);
    await storage.queue.writeHealth(lane, HEALTH);
    const store = reopen === undefined ? storage : await reopen();
    assert.deepEqual(await store.queue.readHealth(lane), HEALTH);
    await store.queue.writeHealth(lane, null);
    assert.equal(await store.queue.readHealth(lane), null);
  },

  'an attempt and the operational events that it causes are one': async ({ storage }) => {
    const [lane, operational] = [newDestinationId(), newDestinationId()];
    const [accepted] = await acceptMany(storage, lane, 1);
    const caused = acceptanceOf([operational], { applicationId: null, type: 'message.attempt.exhausted' });
    await storage.queue.record(
      recordOf(accepted!, { destinationId: lane, status: 'failed', statusCode: 500 }, { publish: [caused] }),
    );
    const [queued] = await takeFresh(storage, laneOf(operational));
    assert.deepEqual(queued!.event, caused.event);
    assert.deepEqual(Buffer.from(queued!.content!), caused.content);
    const scope = { organization: ADA, applicationId: null };
    assert.ok(await storage.history.findEvent(scope, { id: caused.event.id }, { withContent: false }));
  },

  'keeps the queue over a restart': async ({ storage, reopen }) => {
    if (reopen === undefined) return;
    const lane = newDestinationId();
    const accepted = await acceptMany(storage, lane, 2);
    await storage.queue.record(failureOf(accepted[0]!, lane, { dueAt: NOON + MINUTE, attempts: 1 }));
    const store = await reopen();
    assert.deepEqual(seqsOf(await takeInOrder(store, laneOf(lane))), seqsOf(accepted));
  },

  'hands out nothing of a removed destination, and queues nothing more for it': async ({ storage }) => {
    const destination = destinationOf();
    const insert = { op: 'insert', kind: 'destination', resource: destination } as const;
    await storage.catalog.write(changeSet([insert]));
    await acceptMany(storage, destination.id, 1);
    await storage.catalog.write(changeSet([{ op: 'remove', kind: 'destination', id: destination.id }]));
    const late = await accept(storage, [destination.id]);
    assert.deepEqual(await takeInOrder(storage, laneOf(destination.id)), []);
    assert.deepEqual(await storage.queue.lanes(laneOf('' as DestinationId), 10, null), []);
    assert.equal(await storage.queue.nextDue(laneOf(destination.id)), null);
    assert.deepEqual(await storage.history.listDestinationStates(ADA_APP, late.event.id), []);
    const before = await storage.upkeep.stats();
    await pruneAll(storage, { now: NOON, historyBefore: 0, limit: 100 });
    const swept = before.unsettledDeliveries - (await storage.upkeep.stats()).unsettledDeliveries;
    assert.equal(swept, 1);
  },
};
