import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type PostgresServer, testPostgres } from '../../../test/support/postgres.ts';
import { ask, closePostgresStore, openPostgresStore } from '../../../test/support/postgres-stores.ts';
import type { Storage } from '../../ports/storage.ts';
import { DAY, enterNewWorld, NOON, pruneAll } from '../conformance/samples.ts';
import { searchMany } from '../conformance/search.ts';

describe('searching in PostgreSQL', () => {
  let server: PostgresServer;
  let url: string;
  let storage: Storage;

  before(async () => {
    server = await testPostgres();
    url = await server.createDatabase();
    storage = await openPostgresStore(url, { limits: { searchLooksMax: 3 } });
  });
  after(async () => {
    await closePostgresStore(storage);
    await server.dropDatabase(url);
  });
  beforeEach(() => enterNewWorld());

  it('finds the same by the index of terms as by looking at each event', () => searchMany(storage));

  it('asks the index of terms for them', async () => {
    await searchMany(storage);
    // What a session counted is seen by others when it has ended.
    await closePostgresStore(storage);
    storage = await openPostgresStore(url);
    const [used] = await ask<{ scans: string }>(
      url,
      `SELECT sum(idx_scan) AS scans FROM pg_stat_user_indexes
       WHERE indexrelname LIKE 'search_%_terms_idx'`,
    );
    assert.ok(Number(used!.scans) > 0);
  });

  it('drops the days of the index with those of the events', async () => {
    await pruneAll(storage, { now: NOON, historyBefore: NOON + 2 * DAY, limit: 100 });
    const left = await ask(url, `SELECT relname FROM pg_class WHERE relname ~ '^search_[0-9]+$'`);
    assert.deepEqual(left, []);
  });
});
