/** What reads do while a transaction that began earlier may still publish something earlier. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import pg from 'pg';
import { until } from '../../../test/support/cluster-nodes.ts';
import { type PostgresServer, testPostgres } from '../../../test/support/postgres.ts';
import { closePostgresStore, openPostgresStore } from '../../../test/support/postgres-stores.ts';
import { RECEIVED } from '../../core/ids.ts';
import type { Storage } from '../../ports/storage.ts';
import {
  ADA,
  ADA_APP,
  accept,
  enterNewWorld,
  NOON,
  newDestinationId,
  receivedOf,
} from '../conformance/samples.ts';
import { IDLE } from '../conformance/storage-test.ts';
import { STORAGE_LIMITS } from '../sql/limits.ts';
import { type Connections, openConnections, type Session } from './connection.ts';
import { lastSeq, readEvents, seqAt } from './event-reads.ts';

const SIZE = { limit: 10, bytesMax: 1e6 };
const FROM_START = { afterSeq: 0, ...SIZE };
const READING = { filter: {}, afterSeq: 0, limit: 10, withContent: false };

describe('reads beside a transaction that is under way', () => {
  let server: PostgresServer;
  let url: string;
  let storage: Storage;
  let connections: Connections;
  let other: pg.Client;

  before(async () => {
    server = await testPostgres();
    url = await server.createDatabase();
    storage = await openPostgresStore(url);
    await storage.cluster.join(IDLE);
    const limits = { poolMax: 1, waitingMax: 10, statementTimeoutMs: STORAGE_LIMITS.readDeadlineMs };
    const log = { info() {}, warn() {}, error() {} };
    connections = openConnections({ url, name: 'test', ...limits, settings: {}, log });
    other = new pg.Client({ connectionString: url });
    await other.connect();
  });
  after(async () => {
    await other.end();
    await connections.close();
    await closePostgresStore(storage);
    await server.dropDatabase(url);
  });
  beforeEach(() => enterNewWorld(storage.cluster.epoch));

  const hold = async () => {
    await other.query('BEGIN');
    await other.query('SELECT pg_current_xact_id()');
  };
  const release = () => other.query('COMMIT');
  const read = (afterSeq = 0) =>
    storage.history.readEvents(ADA_APP, {}, { afterSeq, limit: 10, withContent: false });
  const seqsOf = (rows: readonly { seq: number }[]) => rows.map(({ seq }) => seq);

  it('a cursor stops before what is not decided, and misses nothing afterwards', async () => {
    const first = await accept(storage, []);
    await until('the first is decided', async () => (await read()).length === 1);
    await hold();
    const second = await accept(storage, []);
    assert.deepEqual(seqsOf(await read()), [first.seq]);
    assert.equal(await storage.history.lastSeq(ADA_APP), first.seq);
    const sought = await storage.history.seqAt(ADA_APP, NOON + 1);
    assert.ok(sought >= first.seq && sought < second.seq);
    await release();
    await until('the second is decided', async () => (await read()).length === 2);
    assert.deepEqual(seqsOf(await read(sought)), [second.seq]);
    assert.equal(await storage.history.lastSeq(ADA_APP), second.seq);
  });

  it('a search that goes on where it ended stops before what is not decided, with an index and without', async () => {
    const received = { applicationId: RECEIVED, received: receivedOf() };
    const search = async (terms: readonly number[], direction: 'oldest-first' | 'newest-first') => {
      const query = {
        terms,
        before: null,
        after: 0,
        direction,
        since: null,
        until: null,
        withContent: false,
      };
      return seqsOf((await storage.search.candidates(ADA, { ...query, ...SIZE })).rows);
    };
    await hold();
    const { seq } = await accept(storage, [], received);
    for (const terms of [[], [7]]) {
      assert.deepEqual(await search(terms, 'oldest-first'), []);
      assert.deepEqual(await search(terms, 'newest-first'), [seq]);
    }
    await release();
    for (const terms of [[], [7]])
      await until('it is decided', async () => (await search(terms, 'oldest-first'))[0] === seq);
  });

  it('what is looked up or listed by id is there at once', async () => {
    await hold();
    const { event } = await accept(storage, []);
    const bare = { withContent: false };
    assert.ok(await storage.history.findEvent(ADA_APP, { id: event.id }, bare));
    const page = { after: null, direction: 'descending', limit: 10 } as const;
    assert.equal((await storage.history.listEvents(ADA_APP, {}, page, bare)).length, 1);
    await release();
  });

  it('a reader waits a moment for what is about to be decided', async () => {
    const moves: Record<string, (db: Session) => Promise<unknown>> = {
      read: async (db) => (await readEvents({ db, now: NOON }, { scope: ADA_APP, ...READING })).length,
      last: (db) => lastSeq({ db, now: NOON }, { scope: ADA_APP }),
      seek: (db) => seqAt({ db, now: NOON }, { scope: ADA_APP, at: NOON + 1 }),
    };
    for (const [name, move] of Object.entries(moves)) {
      enterNewWorld(storage.cluster.epoch);
      await hold();
      const { seq } = await accept(storage, []);
      let statements = 0;
      const db: Session = {
        async query(text, values) {
          // After the first look and before the reader looks whether it is decided.
          if (++statements === 2) await release();
          return connections.query(text, values);
        },
      };
      assert.equal(await move(db), name === 'read' ? 1 : seq, name);
    }
  });

  it('a lane is told what it took too early, or what was left out', async () => {
    const destinationId = newDestinationId();
    const lane = { organization: ADA, destinationId };
    await hold();
    const { seq } = await accept(storage, [destinationId]);
    const eager = await storage.queue.takeFresh(lane, { ...FROM_START, decidedOnly: false });
    assert.deepEqual(seqsOf(eager.rows), [seq]);
    assert.ok(eager.decidedBelow <= seq);
    for (const careful of [
      await storage.queue.takeFresh(lane, { ...FROM_START, decidedOnly: true }),
      await storage.queue.takeInOrder(lane, FROM_START),
    ]) {
      assert.deepEqual(careful.rows, []);
      assert.ok(careful.hasUndecided && careful.decidedBelow <= seq);
    }
    await release();
    const takeDecided = () => storage.queue.takeFresh(lane, { ...FROM_START, decidedOnly: true });
    await until('it is decided', async () => (await takeDecided()).rows.length === 1);
    const { decidedBelow, hasUndecided } = await storage.queue.takeInOrder(lane, FROM_START);
    assert.ok(decidedBelow > seq && !hasUndecided);
  });

  it('a delivery that is due is taken whether it is decided or not', async () => {
    const destinationId = newDestinationId();
    await hold();
    const deliverAt = Date.now() + 60_000;
    const { seq } = await accept(storage, [destinationId], { deliverAt });
    const due = { dueBefore: deliverAt, after: null, ...SIZE };
    const lane = { organization: ADA, destinationId };
    assert.deepEqual(seqsOf(await storage.queue.takeDue(lane, due)), [seq]);
    assert.equal((await storage.queue.takeInOrder(lane, FROM_START)).hasUndecided, true);
    await release();
  });
});
