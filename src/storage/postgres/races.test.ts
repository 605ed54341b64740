import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type PostgresServer, testPostgres } from '../../../test/support/postgres.ts';
import { ask, closePostgresStore, openPostgresStore } from '../../../test/support/postgres-stores.ts';
import type { Storage } from '../../ports/storage.ts';
import {
  ADA,
  accept,
  acceptanceOf,
  applicationOf,
  changeSet,
  enterNewWorld,
  failureOf,
  idOf,
  MINUTE,
  NEWEST,
  NOON,
  newDestinationId,
  takeFresh,
} from '../conformance/samples.ts';

const ROUNDS = 20;

describe('two nodes on one database, at the same moment', () => {
  let server: PostgresServer;
  let url: string;
  let nodes: readonly [Storage, Storage];

  before(async () => {
    server = await testPostgres();
    url = await server.createDatabase();
    nodes = [await openPostgresStore(url), await openPostgresStore(url)];
  });
  after(async () => {
    for (const node of nodes) await closePostgresStore(node);
    await server.dropDatabase(url);
  });
  beforeEach(() => enterNewWorld());

  const both = <T>(act: (node: Storage) => Promise<T>): Promise<T[]> => Promise.all(nodes.map(act));
  const kindsOf = (results: readonly { kind: string }[]) => results.map(({ kind }) => kind).sort();

  it('accept an eventId once, and tell the other its id', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const eventId = `order-${round}`;
      const made = new Map<Storage, string>();
      const results = await both((node) => {
        const acceptance = acceptanceOf([], { eventId });
        made.set(node, acceptance.event.id);
        return node.intake.accept(acceptance);
      });
      assert.deepEqual(kindsOf(results), ['accepted', 'duplicate']);
      const winner = nodes[results.findIndex(({ kind }) => kind === 'accepted')]!;
      const duplicate = results.find((result) => result.kind === 'duplicate');
      assert.equal(duplicate?.kind === 'duplicate' && duplicate.id, made.get(winner));
    }
  });

  it('accept an Idempotency-Key once, and tell the other the answer', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const idempotency = {
        keyHash: Buffer.alloc(32, round),
        bodyHash: Buffer.alloc(32, 1),
        ...{ status: 202, response: '{}', expiresAt: NOON + 60 * MINUTE },
      };
      const results = await both((node) =>
        node.intake.accept(acceptanceOf([newDestinationId()], {}, { idempotency })),
      );
      assert.deepEqual(kindsOf(results), ['accepted', 'replayed']);
    }
  });

  it('give a uid once, and make an application once', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const results = await both((node) => {
        const resource = applicationOf({ uid: `customer-${round}` });
        return node.catalog.write(changeSet([{ op: 'insert', kind: 'application', resource }]));
      });
      assert.deepEqual(kindsOf(results), ['done', 'uid-taken']);
    }
    const resource = applicationOf();
    const insert = changeSet([{ op: 'insert', kind: 'application', resource }]);
    assert.deepEqual(kindsOf(await both((node) => node.catalog.write(insert))), ['done', 'stale']);
  });

  it('update a document once from each version, and count every change', async () => {
    const resource = applicationOf();
    await nodes[0].catalog.write(changeSet([{ op: 'insert', kind: 'application', resource }]));
    for (let version = 2; version < 2 + ROUNDS; version++) {
      const update = { op: 'update', kind: 'application', resource: { ...resource, version } } as const;
      assert.deepEqual(kindsOf(await both((node) => node.catalog.write(changeSet([update])))), [
        'done',
        'stale',
      ]);
    }
    assert.equal(await nodes[1].catalog.openOrganization(ADA), 1 + ROUNDS);
  });

  it('make organization, application, type and lane of a first event once', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      enterNewWorld();
      const lane = newDestinationId();
      const results = await both((node) => accept(node, [lane]));
      const fresh = await takeFresh(nodes[0], { organization: ADA, destinationId: lane });
      assert.deepEqual(
        fresh.map(({ seq }) => seq),
        results.map(({ seq }) => seq).sort((a, b) => a - b),
      );
    }
  });

  it('queue a resend once', async () => {
    const lane = newDestinationId();
    const accepted = await accept(nodes[0], [lane]);
    for (let round = 0; round < ROUNDS; round++) {
      const results = await both((node) =>
        node.queue.enqueue(ADA, [
          {
            eventId: accepted.event.id,
            destinationId: lane,
            trigger: 'manual',
            dueAt: node === nodes[0] ? 0 : NOON,
          },
        ]),
      );
      assert.deepEqual(kindsOf(results.flat()), ['already-queued', 'queued']);
      const newAttemptIds = () => idOf<'attempt'>();
      const canceled = await both((node) =>
        node.queue.cancel(
          { organization: ADA, destinationId: lane },
          { eventId: accepted.event.id, limit: 10, now: NOON, newAttemptIds },
        ),
      );
      assert.equal(canceled[0]! + canceled[1]!, round === 0 ? 2 : 1);
    }
  });

  it('record a lost attempt again without a second row, whoever does it', async () => {
    const lane = newDestinationId();
    const accepted = await accept(nodes[0], [lane]);
    const record = failureOf(accepted, lane, { dueAt: NOON + MINUTE, attempts: 1 });
    assert.deepEqual(await both((node) => node.queue.record(record)), ['recorded', 'recorded']);
    const scope = { organization: ADA, applicationId: accepted.event.applicationId };
    assert.equal((await nodes[0].history.listAttempts(scope, { destinationId: lane }, NEWEST)).length, 1);
  });

  it('prune without getting into each other’s way', async () => {
    const old = NOON - 10 * 24 * 60 * MINUTE;
    for (let i = 0; i < 5; i++)
      await accept(nodes[0], [], { acceptedAt: old + i, contentExpiresAt: old + i });
    for (let round = 0; round < 5; round++)
      await both((node) => node.upkeep.prune({ now: NOON, historyBefore: NOON - MINUTE, limit: 100 }));
    const [row] = await ask<{ count: string }>(
      url,
      `SELECT count(*) FROM event WHERE accepted_at < ${old + 10}`,
    );
    assert.equal(row!.count, '0');
  });
});
