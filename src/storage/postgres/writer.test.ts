import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type PostgresServer, startPostgres } from '../../../test/support/postgres.ts';
import { ask, closePostgresStore, openPostgresStore } from '../../../test/support/postgres-stores.ts';
import type { Acceptance } from '../../ports/intake.ts';
import type { Storage } from '../../ports/storage.ts';
import {
  ADA,
  ADA_APP,
  accept,
  acceptanceOf,
  changeSet,
  destinationOf,
  enterNewWorld,
  failureOf,
  MINUTE,
  NEWEST,
  NOON,
  newDestinationId,
  recordOf,
  takeFresh,
  takeInOrder,
} from '../conformance/samples.ts';
import { IDLE } from '../conformance/storage-test.ts';
import { dayOf, dayOfId } from './day-of.ts';

describe('hot writes to PostgreSQL', () => {
  let server: PostgresServer;
  let url: string;
  let storage: Storage;

  before(async () => {
    server = await startPostgres({
      settings: { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track': 'top' },
    });
    url = await server.createDatabase();
    await ask(url, 'CREATE EXTENSION pg_stat_statements');
    storage = await openPostgresStore(url);
    await storage.cluster.join(IDLE);
  });
  after(async () => {
    await closePostgresStore(storage);
    await server.stop();
  });
  beforeEach(() => enterNewWorld(storage.cluster.epoch));

  const acceptAll = (acceptances: readonly Acceptance[]) =>
    Promise.all(acceptances.map((each) => storage.intake.accept(each)));
  const kindsOf = (results: readonly { kind: string }[]) => results.map(({ kind }) => kind);
  const isThere = async ({ event }: Acceptance) =>
    (await storage.history.findEvent(ADA_APP, { id: event.id }, { withContent: true }))?.content !==
    undefined;

  it('a batch of accepts and records is one statement', async () => {
    const lane = newDestinationId();
    const first = await Promise.all(Array.from({ length: 100 }, () => accept(storage, [lane])));
    await storage.queue.record(recordOf(await accept(storage, [lane]), { destinationId: lane }));
    await ask(url, 'SELECT pg_stat_statements_reset()');
    await Promise.all([
      ...first.map((each) => storage.queue.record(recordOf(each, { destinationId: lane }))),
      ...Array.from({ length: 100 }, () => accept(storage, [lane])),
    ]);
    const calls = await ask<{ query: string; calls: string }>(
      url,
      // Beside what a member does all the time, and the days ahead.
      `SELECT query, calls FROM pg_stat_statements WHERE query !~ 'posthorn_(renew|settle|ensure)|pg_stat'`,
    );
    assert.deepEqual(
      calls.map((row) => [/posthorn_\w+/.exec(row.query)?.[0], row.calls]),
      [['posthorn_write_1', '1']],
    );
  });

  it('a transaction that would hold more events than it has numbers for becomes several', async () => {
    const many = await Promise.all(Array.from({ length: 9000 }, () => accept(storage, [])));
    assert.equal(new Set(many.map(({ seq }) => seq)).size, 9000);
  });

  it('a batch with more deliveries than a statement can write in time becomes several', async () => {
    const lanes = Array.from({ length: 1000 }, newDestinationId);
    await accept(storage, lanes);
    await ask(url, 'SELECT pg_stat_statements_reset()');
    await Promise.all(Array.from({ length: 25 }, () => accept(storage, lanes)));
    const [hot] = await ask<{ calls: string }>(
      url,
      `SELECT calls FROM pg_stat_statements WHERE query ~ 'posthorn_write_'`,
    );
    assert.equal(hot!.calls, '3');
  });

  it('of a batch only the write with a fault is refused', async () => {
    const taken = await accept(storage, []);
    const good = [acceptanceOf([]), acceptanceOf([]), acceptanceOf([])];
    const bad = acceptanceOf([], { id: taken.event.id });
    const results = await Promise.allSettled(
      [good[0]!, bad, good[1]!, good[2]!].map((each) => storage.intake.accept(each)),
    );
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    );
    const seqs = results.flatMap((each) =>
      each.status === 'fulfilled' && each.value.kind === 'accepted' ? [each.value.seq] : [],
    );
    assert.deepEqual(
      seqs,
      seqs.toSorted((a, b) => a - b),
    );
    for (const each of good) assert.ok(await isThere(each));
  });

  it('tells the second of two with one Idempotency-Key in a batch what the first was told', async () => {
    const idempotency = {
      keyHash: Buffer.alloc(32, 1),
      bodyHash: Buffer.alloc(32, 2),
      ...{ status: 202, response: '{}', expiresAt: NOON + 60 * MINUTE },
    };
    const both = [acceptanceOf([], {}, { idempotency }), acceptanceOf([], {}, { idempotency })];
    assert.deepEqual(kindsOf(await acceptAll(both)), ['accepted', 'replayed']);
    assert.equal(await isThere(both[1]!), false);
  });

  it('two attempts of one delivery that are recorded at once are recorded one after the other', async () => {
    const lane = newDestinationId();
    const accepted = await accept(storage, [lane]);
    await Promise.all([
      storage.queue.record(failureOf(accepted, lane, { dueAt: NOON + MINUTE, attempts: 1 })),
      storage.queue.record(recordOf(accepted, { destinationId: lane, number: 2 })),
    ]);
    assert.deepEqual(await takeInOrder(storage, { organization: ADA, destinationId: lane }), []);
    const [state] = await storage.history.listDestinationStates(ADA_APP, accepted.event.id);
    assert.equal(state!.status, 'delivered');
  });

  it('a record beside one whose answer was lost is written, and that one is not written twice', async () => {
    const lane = newDestinationId();
    const [first, second] = [await accept(storage, [lane]), await accept(storage, [lane])];
    const lost = recordOf(first, { destinationId: lane });
    await storage.queue.record(lost);
    const told = await Promise.all([
      storage.queue.record(lost),
      storage.queue.record(recordOf(second, { destinationId: lane })),
    ]);
    assert.deepEqual(told, ['recorded', 'recorded']);
    const attempts = await storage.history.listAttempts(ADA_APP, { destinationId: lane }, NEWEST);
    assert.equal(attempts.length, 2);
    assert.deepEqual(await takeFresh(storage, { organization: ADA, destinationId: lane }), []);
  });

  it('makes the partition of a day again when it was dropped', async () => {
    const acceptance = acceptanceOf([]);
    await storage.intake.accept(acceptance);
    await ask(url, `DROP TABLE content_${dayOf(acceptance.event.contentExpiresAt)}`);
    const next = acceptanceOf([]);
    assert.deepEqual(kindsOf(await acceptAll([next])), ['accepted']);
    assert.ok(await isThere(next));
  });

  it('makes the partitions of the next days too', async () => {
    const { event } = await accept(storage, []);
    const expected = [0, 1, 2, 3].map((days) => `event_${dayOfId(event.id) + days}`);
    const made = `SELECT count(*)::integer AS count FROM pg_class WHERE relname = ANY ($1)`;
    for (let look = 0; look < 1000; look++) {
      const [row] = await ask<{ count: number }>(url, made, [expected]);
      if (row!.count === expected.length) return;
    }
    assert.fail('They were not made.');
  });

  it('finds the lane of a destination that was removed, forgotten, and put back', async () => {
    const destination = destinationOf();
    const insert = { op: 'insert', kind: 'destination', resource: destination } as const;
    await storage.catalog.write(changeSet([insert]));
    await accept(storage, [destination.id]);
    await storage.catalog.write(changeSet([{ op: 'remove', kind: 'destination', id: destination.id }]));
    await storage.upkeep.prune({ now: NOON, historyBefore: 0, limit: 100 });
    await ask(url, 'DELETE FROM lane WHERE destination_id = $1', [destination.id]);
    await storage.catalog.write(changeSet([insert]));
    const { seq } = await accept(storage, [destination.id]);
    const fresh = await takeFresh(storage, { organization: ADA, destinationId: destination.id });
    assert.deepEqual(
      fresh.map((each) => each.seq),
      [seq],
    );
  });

  it('serves a destination again that was put back, while its lane is still remembered', async () => {
    const destination = destinationOf();
    const insert = { op: 'insert', kind: 'destination', resource: destination } as const;
    const remove = { op: 'remove', kind: 'destination', id: destination.id } as const;
    await storage.catalog.write(changeSet([insert]));
    await storage.catalog.write(changeSet([remove]));
    await storage.catalog.write(changeSet([insert]));
    await accept(storage, [destination.id]);
    const lane = { organization: ADA, destinationId: destination.id };
    assert.equal((await takeFresh(storage, lane)).length, 1);
  });

  it('refuses what is recorded under an epoch that is not this node’s, and takes what is accepted beside it', async () => {
    const lane = newDestinationId();
    const accepted = await accept(storage, [lane]);
    const old = recordOf(accepted, { destinationId: lane }, { epoch: storage.cluster.epoch + 1 });
    const beside = acceptanceOf([lane]);
    const [told, result] = await Promise.all([storage.queue.record(old), storage.intake.accept(beside)]);
    assert.deepEqual([told, result.kind], ['fenced', 'accepted']);
    assert.equal(await storage.queue.record(old), 'fenced');
    assert.equal((await takeFresh(storage, { organization: ADA, destinationId: lane })).length, 2);
  });

  it('refuses what a node records that was declared dead, and takes what it accepts', async () => {
    const node = await openPostgresStore(url);
    await node.cluster.join(IDLE);
    const { epoch } = node.cluster;
    const lane = newDestinationId();
    const accepted = await accept(node, [lane]);
    const [record, beside] = [recordOf(accepted, { destinationId: lane }, { epoch }), acceptanceOf([lane])];
    const caused = acceptanceOf([], { applicationId: null });
    await ask(url, 'DELETE FROM node WHERE epoch = $1', [epoch]);
    const [told, result] = await Promise.all([
      node.queue.record({ ...record, publish: [caused] }),
      node.intake.accept(beside),
    ]);
    assert.deepEqual([told, result.kind], ['fenced', 'accepted']);
    assert.equal((await takeFresh(storage, { organization: ADA, destinationId: lane })).length, 2);
    const operational = { organization: ADA, applicationId: null };
    const event = await storage.history.findEvent(
      operational,
      { id: caused.event.id },
      { withContent: false },
    );
    assert.equal(event, null);
    await closePostgresStore(node);
  });

  it('refuses more than may wait, and takes the rest', async () => {
    const small = await openPostgresStore(url, { limits: { waitingOpsMax: 5 } });
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, () => small.intake.accept(acceptanceOf([]))),
    );
    const refused = results.filter(({ status }) => status === 'rejected');
    assert.equal(refused.length, 15);
    for (const each of refused) {
      const { reason } = each as PromiseRejectedResult;
      assert.deepEqual([reason.code, reason.retryAfterSeconds], ['unavailable', 1]);
    }
    await small.upkeep.close();
  });
});
