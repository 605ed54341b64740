/** What every driver's upkeep must do. */
import assert from 'node:assert/strict';
import type { AuditEntry } from '../../ports/catalog.ts';
import {
  ADA,
  ADA_APP,
  accept,
  acceptanceOf,
  applicationOf,
  CYD,
  changeSet,
  DAY,
  failureOf,
  idOf,
  MINUTE,
  NEWEST,
  NOON,
  newDestinationId,
  OLDEST,
  pruneAll,
  recordOf,
} from './samples.ts';
import type { Cases } from './storage-test.ts';

const BARE = { withContent: false };

/** Drivers may drop history by whole days: what must be gone is a day older than need be. */
const LONG_AGO = NOON - 4 * DAY;

export const upkeepCases: Cases = {
  'deletes expired contents, and keeps the events': async ({ storage }) => {
    const old = { acceptedAt: NOON - 3 * DAY, contentExpiresAt: NOON - 2 * DAY };
    for (let i = 0; i < 5; i++) await accept(storage, [], old);
    const kept = await accept(storage, []);
    await pruneAll(storage, { now: NOON, historyBefore: 0, limit: 2 });
    const events = await storage.history.listEvents(ADA_APP, {}, OLDEST, { withContent: true });
    assert.deepEqual(
      events.map((each) => each.contentState),
      [...Array(5).fill('expired'), 'kept'],
    );
    assert.deepEqual(
      events.map((each) => each.content === null),
      [...Array(5).fill(true), false],
    );
    assert.equal(events[5]!.event.id, kept.event.id);
  },

  'drops events and attempts that are older than the history': async ({ storage }) => {
    const lane = newDestinationId();
    const old = await accept(storage, [lane], { acceptedAt: LONG_AGO, eventId: 'again' });
    const kept = await accept(storage, [lane], { acceptedAt: NOON - DAY });
    for (const each of [old, kept]) await storage.queue.record(recordOf(each, { destinationId: lane }));
    await pruneAll(storage, { now: NOON, historyBefore: NOON - 2 * DAY, limit: 100 });
    const events = await storage.history.listEvents(ADA_APP, {}, NEWEST, BARE);
    assert.deepEqual(
      events.map(({ event }) => event.id),
      [kept.event.id],
    );
    const attempts = await storage.history.listAttempts(ADA_APP, { destinationId: lane }, NEWEST);
    assert.deepEqual(
      attempts.map(({ event }) => event.id),
      [kept.event.id],
    );
    const again = await storage.intake.accept(acceptanceOf([], { eventId: 'again' }));
    assert.equal(again.kind, 'accepted', 'the eventId is free with its event');
  },

  'keeps an old event for as long as a delivery of it is unsettled': async ({ storage }) => {
    const [fresh, waits] = [newDestinationId(), newDestinationId()];
    const old = { acceptedAt: LONG_AGO };
    const first = await accept(storage, [fresh], old);
    const second = await accept(storage, [waits], old);
    await storage.queue.record(failureOf(second, waits, { dueAt: NOON, attempts: 1 }));
    const options = { now: NOON, historyBefore: NOON - DAY, limit: 100 };
    await pruneAll(storage, options);
    const kept = await storage.history.listEvents(ADA_APP, {}, OLDEST, BARE);
    assert.deepEqual(
      kept.map(({ seq }) => seq),
      [first.seq, second.seq],
    );
    await storage.queue.record(recordOf(first, { destinationId: fresh }));
    await storage.queue.record(recordOf(second, { destinationId: waits, number: 2 }));
    await pruneAll(storage, options);
    assert.deepEqual(await storage.history.listEvents(ADA_APP, {}, NEWEST, BARE), []);
  },

  'never gives a seq twice, also when all events are gone': async ({ storage, reopen }) => {
    const { seq } = await accept(storage, [], { acceptedAt: LONG_AGO });
    await pruneAll(storage, { now: NOON, historyBefore: NOON, limit: 100 });
    const store = reopen === undefined ? storage : await reopen();
    assert.ok((await accept(store, [])).seq > seq);
  },

  'deletes expired idempotency records and revoked tokens': async ({ storage }) => {
    const keyHash = Buffer.alloc(32, 7);
    const idempotency = {
      keyHash,
      bodyHash: keyHash,
      status: 202,
      response: '{}',
      expiresAt: NOON + MINUTE,
    };
    await storage.intake.accept(acceptanceOf([], {}, { idempotency }));
    const token = { ...applicationOf({ uid: 'token' }), expiresAt: NOON + MINUTE };
    await storage.catalog.write(changeSet([{ op: 'insert', kind: 'revoked-token', resource: token }]));
    const find = () => storage.catalog.find(ADA, 'revoked-token', { uid: 'token' }, null);
    await pruneAll(storage, { now: NOON, historyBefore: 0, limit: 10 });
    assert.ok(await find());
    assert.ok(await storage.catalog.findIdempotent(ADA, keyHash, NOON));
    await pruneAll(storage, { now: NOON + 2 * MINUTE, historyBefore: 0, limit: 10 });
    assert.equal(await find(), null);
    assert.equal(await storage.catalog.findIdempotent(ADA, keyHash, NOON + 2 * MINUTE), null);
  },

  'drops audit entries that are older than the history, of every organization': async ({ storage }) => {
    const entryAt = (at: number): AuditEntry => {
      const who = { actorKind: 'system', actorId: 'system', subject: 'ep_1' } as const;
      return { id: idOf(at), at, ...who, action: 'endpoint.update', before: null, after: null };
    };
    const options = { now: NOON, historyBefore: NOON - 2 * DAY, limit: 2 };
    const kept = entryAt(NOON - DAY);
    for (const organization of [ADA, CYD]) {
      const old = [1, 2, 3].map((days) => entryAt(LONG_AGO - days * MINUTE));
      await storage.catalog.write(changeSet([], { organization, audit: [...old, kept] }));
    }
    await pruneAll(storage, options);
    for (const organization of [ADA, CYD]) {
      assert.deepEqual(await storage.catalog.audit(organization, { before: null, limit: 10 }), [kept]);
    }
  },

  'tells how much there is, and that a write would be durable': async ({ storage }) => {
    const before = await storage.upkeep.stats();
    await accept(storage, [newDestinationId(), newDestinationId()]);
    await storage.upkeep.ping();
    await storage.upkeep.checkpoint();
    const stats = await storage.upkeep.stats();
    assert.equal(stats.unsettledDeliveries - before.unsettledDeliveries, 2);
    assert.ok(stats.bytes > 0 && stats.schemaVersion > 0);
    assert.match(stats.engine, /^\w+ \d/);
  },

  'finishes what was asked for before it closes, and refuses the rest': async ({ storage }) => {
    const before = accept(storage, []);
    const closing = storage.upkeep.close();
    const after = storage.intake.accept(acceptanceOf([]));
    await assert.rejects(after, { name: 'Problem', code: 'unavailable' });
    assert.ok((await before).seq > 0);
    await closing;
    await storage.upkeep.close();
  },
};
