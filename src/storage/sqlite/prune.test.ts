import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEntry } from '../../ports/catalog.ts';
import {
  ADA,
  ADA_APP,
  accept,
  acceptanceOf,
  CYD,
  changeSet,
  DAY,
  enterNewWorld,
  idOf,
  MINUTE,
  NOON,
  newDestinationId,
  pruneAll,
  recordOf,
} from '../conformance/samples.ts';
import { clock, silent } from '../conformance/scratch.ts';
import { openSqlite } from './open.ts';

enterNewWorld();

const openStore = () => openSqlite({ path: ':memory:', form: 'inline', clock, log: silent });

test('a step deletes as many rows as it was allowed, and says how many', async () => {
  const storage = await openStore();
  const old = { acceptedAt: NOON - 2 * DAY, contentExpiresAt: NOON - DAY };
  for (let i = 0; i < 5; i++) await accept(storage, [], old);
  await accept(storage, []);
  assert.deepEqual(await pruneAll(storage, { now: NOON, historyBefore: 0, limit: 2 }), [2, 2, 1]);
  await storage.upkeep.close();
});

test('an expired answer goes in the step that follows, and one that is not stays', async () => {
  const storage = await openStore();
  const keyHash = Buffer.alloc(32, 7);
  const answer = { keyHash, bodyHash: keyHash, status: 202, response: '{}', expiresAt: NOON + MINUTE };
  await storage.intake.accept(acceptanceOf([], {}, { idempotency: answer }));
  const pruneAt = (now: number) => pruneAll(storage, { now, historyBefore: 0, limit: 10 });
  assert.deepEqual(await pruneAt(NOON), []);
  assert.deepEqual(await pruneAt(NOON + 2 * MINUTE), [1]);
  assert.equal(await storage.catalog.findIdempotent(ADA, keyHash, NOON), null);
  await storage.upkeep.close();
});

test('the audit log of every organization shrinks by bounded steps, to the instant', async () => {
  const storage = await openStore();
  const entryAt = (at: number): AuditEntry => {
    const who = { actorKind: 'system', actorId: 'system', subject: 'ep_1' } as const;
    return { id: idOf(at), at, ...who, action: 'endpoint.update', before: null, after: null };
  };
  for (const organization of [ADA, CYD]) {
    const audit = [1, 2, 3].map((minutes) => entryAt(NOON - 2 * DAY - minutes * MINUTE));
    await storage.catalog.write(changeSet([], { organization, audit }));
  }
  const options = { now: NOON, historyBefore: NOON - 2 * DAY, limit: 2 };
  assert.deepEqual(await pruneAll(storage, options), [2, 2, 2]);
  await storage.upkeep.close();
});

test('an old event that must stay costs no step, and goes as soon as it is settled', async () => {
  const storage = await openStore();
  const lane = newDestinationId();
  const old = await accept(storage, [lane], { acceptedAt: NOON - 3 * DAY });
  const options = { now: NOON, historyBefore: NOON - DAY, limit: 100 };
  assert.deepEqual(await pruneAll(storage, options), []);
  await storage.queue.record(recordOf(old, { destinationId: lane }));
  assert.deepEqual(await pruneAll(storage, options), [1]);
  assert.equal(await storage.history.findEvent(ADA_APP, { id: old.event.id }, { withContent: false }), null);
  await storage.upkeep.close();
});
