import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import pg from 'pg';
import { type PostgresServer, testPostgres } from '../../../test/support/postgres.ts';
import { ask, closePostgresStore, openPostgresStore } from '../../../test/support/postgres-stores.ts';
import type { Storage } from '../../ports/storage.ts';
import {
  accept,
  changeSet,
  DAY,
  destinationOf,
  enterNewWorld,
  NOON,
  newDestinationId,
  pruneAll,
  recordOf,
} from '../conformance/samples.ts';
import { dayOf } from './day-of.ts';

describe('pruning PostgreSQL', () => {
  let server: PostgresServer;
  let url: string;
  let storage: Storage;

  before(async () => {
    server = await testPostgres();
    url = await server.createDatabase();
    storage = await openPostgresStore(url);
  });
  after(async () => {
    await closePostgresStore(storage);
    await server.dropDatabase(url);
  });
  beforeEach(() => enterNewWorld());

  const options = { now: NOON, historyBefore: NOON - 5 * DAY, limit: 100 };
  const days = async (table: string) => {
    const text = `SELECT substring(relname FROM '[0-9]+$')::integer AS day FROM pg_class
      JOIN pg_inherits ON inhrelid = oid WHERE inhparent = $1::regclass ORDER BY 1`;
    return (await ask<{ day: number }>(url, text, [table])).map(({ day }) => day);
  };
  const count = async (table: string) =>
    Number((await ask<{ count: string }>(url, `SELECT count(*) FROM ${table}`))[0]!.count);

  it('drops days that are over, and no other', async () => {
    const acceptedAt = NOON - 8 * DAY;
    await accept(storage, [], { acceptedAt, contentExpiresAt: NOON - 2 * DAY, eventId: 'old' });
    await accept(storage, [], { contentExpiresAt: NOON });
    await pruneAll(storage, options);
    const today = dayOf(NOON);
    assert.ok((await days('event')).every((day) => day >= dayOf(options.historyBefore)));
    assert.ok((await days('event')).includes(today));
    assert.equal((await days('content'))[0], today);
    assert.equal(await count('event_key'), 0);
  });

  it('leaves a day that somebody reads until he has ended', async () => {
    const contentExpiresAt = NOON - 3 * DAY;
    await accept(storage, [], { acceptedAt: contentExpiresAt - DAY, contentExpiresAt });
    const reader = new pg.Client({ connectionString: url });
    await reader.connect();
    await reader.query('BEGIN');
    await reader.query(`SELECT count(*) FROM content_${dayOf(contentExpiresAt)}`);
    await storage.upkeep.prune(options);
    assert.ok((await days('content')).includes(dayOf(contentExpiresAt)));
    await accept(storage, []);
    await reader.query('COMMIT');
    await reader.end();
    await pruneAll(storage, options);
    assert.ok(!(await days('content')).includes(dayOf(contentExpiresAt)));
  });

  it('keeps a day that a delivery came to need while it was about to be dropped', async () => {
    const lane = newDestinationId();
    const old = await accept(storage, [lane], { acceptedAt: NOON - 9 * DAY });
    await storage.queue.record(recordOf(old, { destinationId: lane }));
    const late = new pg.Client({ connectionString: url });
    await late.connect();
    await late.query('BEGIN');
    // As a resend does it: it reads the event and queues it, in one transaction.
    await late.query('SELECT 1 FROM event WHERE seq = $1', [old.seq]);
    await late.query(`INSERT INTO fresh SELECT no, $1, 1, $2 FROM lane WHERE destination_id = $3`, [
      old.seq,
      dayOf(NOON - 9 * DAY),
      lane,
    ]);
    const pruning = storage.upkeep.prune(options);
    await late.query('COMMIT');
    await late.end();
    await pruning;
    assert.ok((await days('event')).includes(dayOf(NOON - 9 * DAY)));
    await ask(url, 'TRUNCATE fresh');
    await pruneAll(storage, options);
    assert.ok(!(await days('event')).includes(dayOf(NOON - 9 * DAY)));
  });

  it('forgets a removed destination when no history can name it any more', async () => {
    const destination = destinationOf();
    const insert = { op: 'insert', kind: 'destination', resource: destination } as const;
    await storage.catalog.write(changeSet([insert]));
    await storage.catalog.write(changeSet([{ op: 'remove', kind: 'destination', id: destination.id }]));
    const lanes = () => count(`lane WHERE destination_id = '${destination.id}'`);
    await pruneAll(storage, options);
    assert.equal(await lanes(), 1);
    const later = Date.now() + DAY;
    await pruneAll(storage, { ...options, historyBefore: later });
    assert.equal(await lanes(), 0);
  });

  it('forgets buckets of tokens that nobody has taken from for a day', async () => {
    await accept(storage, []);
    await ask(
      url,
      `INSERT INTO allowance SELECT no, 1, ${NOON - 2 * DAY} FROM scope ORDER BY no DESC LIMIT 1`,
    );
    await pruneAll(storage, options);
    assert.equal(await count('allowance'), 0);
  });
});
