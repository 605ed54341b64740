/** Everything that one store holds, carried to another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { testPostgres } from '../../test/support/postgres.ts';
import { SeededDice } from '../../test/support/seeded-dice.ts';
import type { Storage } from '../ports/storage.ts';
import { type FilledStore, fillStore } from './conformance/filled-store.ts';
import {
  accept,
  acceptanceOf,
  enterNewWorld,
  NEWEST,
  recordOf,
  takeFresh,
  takeInOrder,
} from './conformance/samples.ts';
import { clock, scratch, silent } from './conformance/scratch.ts';
import { tellAll } from './conformance/told-store.ts';
import { migrate } from './postgres/migrate.ts';
import { openMoveTarget } from './postgres/move-target.ts';
import { openPostgres } from './postgres/open.ts';
import { type MoveTarget, moveRows } from './sql/move-rows.ts';
import { MOVED_TABLES, type MovedTable } from './sql/moved-rows.ts';
import { openMoveSource } from './sqlite/export-rows.ts';
import { openSqlite } from './sqlite/open.ts';

const SEED = Date.now() % 1_000_000;
const dice = new SeededDice(SEED);
const PAGE = { rows: 50, bytes: 20_000 };
const RUNS_MAX = 200;

async function filledFile(path: string): Promise<FilledStore> {
  const storage = await openSqlite({ path, form: 'inline', clock, log: silent });
  const filled = await fillStore(storage, 300, (below) => dice.below(below));
  await storage.upkeep.close();
  return filled;
}

interface RunOptions {
  readonly wrap?: (target: MoveTarget) => MoveTarget;
  readonly signal?: AbortSignal;
  readonly progress?: (table: MovedTable, done: number, total: number) => void;
}

/** One run of the command. */
async function move(path: string, url: string, options: RunOptions = {}) {
  const { wrap = (target: MoveTarget) => target, ...others } = options;
  const source = openMoveSource(path, PAGE);
  try {
    const target = await openMoveTarget({ url, fingerprint: source.fingerprint, log: silent });
    try {
      const going = { progress: () => {}, signal: new AbortController().signal };
      return await moveRows(source, wrap(target), { ...going, ...others });
    } finally {
      await target.close();
    }
  } finally {
    source.close();
  }
}

async function ask<Row extends object>(url: string, sql: string): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A target that fails at its next page, before or after the page is written. */
function failing(target: MoveTarget, after: number): MoveTarget {
  let left = after;
  const isWritten = dice.chance(0.5);
  return {
    ...target,
    async write(...page) {
      if (left-- > 0) return target.write(...page);
      if (isWritten) await target.write(...page);
      throw new Error('the machine is gone');
    },
  };
}

test(`a move that ends at random pages goes on from there, and all counts match (seed ${SEED})`, async () => {
  using place = scratch();
  await filledFile(place.path);
  const url = await (await testPostgres()).createDatabase();
  for (let runs = 1; ; runs++) {
    assert.ok(runs < RUNS_MAX, 'it comes to an end');
    const after = dice.below(12);
    const told: string[] = [];
    const progress = (table: MovedTable, done: number, total: number) => {
      assert.ok(done <= total);
      told.push(table);
    };
    try {
      const counts = await move(place.path, url, { wrap: (target) => failing(target, after), progress });
      assert.deepEqual(
        counts.map(({ table }) => table),
        MOVED_TABLES,
      );
      for (const { table, source, target, isSame } of counts) {
        assert.ok(isSame && source === target && source > 0, `${table}: ${source} and ${target}`);
      }
      assert.ok(runs > 3, 'it was interrupted');
      break;
    } catch (cause) {
      assert.match(String(cause), /the machine is gone/);
      await assert.rejects(migrate({ url, log: silent }), { code: 'half-moved' });
    }
  }
  await migrate({ url, log: silent });
});

test(`the database tells what the file told, and goes on from there (seed ${SEED})`, async () => {
  using place = scratch();
  const filled = await filledFile(place.path);
  const before = await openSqlite({ path: place.path, form: 'inline', clock, log: silent });
  const told = await tellAll(before, filled);
  await before.upkeep.close();
  const url = await (await testPostgres()).createDatabase();
  await move(place.path, url);
  const { storage } = await openPostgres({ url, nodeName: 'one', version: '1', clock, log: silent });
  try {
    assert.deepEqual(await tellAll(storage, filled), told);
    await goOn(storage, filled);
  } finally {
    await storage.upkeep.close();
  }
});

/** What is unique stays so, and what comes now comes after what was moved. */
async function goOn(storage: Storage, { destinations }: FilledStore): Promise<void> {
  const { scope, id: destinationId } = destinations[0]!;
  const { organization, applicationId } = scope;
  const events = await storage.history.listEvents(
    scope,
    {},
    { ...NEWEST, limit: 1000 },
    { withContent: false },
  );
  const { eventId, id } = events.find(({ event }) => event.eventId !== null)!.event;
  const again = await storage.intake.accept(acceptanceOf([], { applicationId, eventId }, { organization }));
  assert.deepEqual(again, { kind: 'duplicate', id });

  const lastSeq = await storage.history.lastSeq(scope);
  const lane = { organization, destinationId };
  const waiting = await takeFresh(storage, lane, { limit: 1000 });
  const acceptance = acceptanceOf([destinationId], { applicationId, type: 'new.type' }, { organization });
  const accepted = await storage.intake.accept(acceptance);
  assert.ok(accepted.kind === 'accepted' && accepted.seq > lastSeq);
  const now = await takeInOrder(storage, lane, { limit: 1000 });
  assert.equal(now.at(-1)!.seq, accepted.seq);

  const first = waiting.find(({ trigger }) => trigger === 'scheduled')!;
  const record = recordOf(first, { destinationId, status: 'failed', statusCode: 410 }, { organization });
  assert.equal(await storage.queue.record(record), 'recorded');
  const states = await storage.history.listDestinationStates(scope, first.event.id);
  assert.equal(states.find((state) => state.destinationId === destinationId)?.status, 'failed');
}

test('what only PostgreSQL has fits what was moved', async () => {
  using place = scratch();
  await filledFile(place.path);
  const url = await (await testPostgres()).createDatabase();
  await move(place.path, url);
  const source = openMoveSource(place.path);
  source.close();
  const [found] = await ask<Record<string, unknown>>(
    url,
    `SELECT (SELECT count(*) FROM lane WHERE shard <> posthorn_shard(destination_id))::int AS shards,
       (SELECT count(*) FROM fresh f JOIN event e ON e.seq = f.seq AND e.day = f.day)
         = (SELECT count(*) FROM fresh) AS fresh_days,
       (SELECT count(*) FROM waiting w JOIN event e ON e.seq = w.seq AND e.day = w.day)
         = (SELECT count(*) FROM waiting) AS waiting_days,
       (SELECT count(*) FROM attempt a JOIN event e ON e.seq = a.seq AND e.day = a.event_day)
         = (SELECT count(*) FROM attempt) AS attempt_days,
       (SELECT count(*) FROM content c JOIN event e ON e.seq = c.seq AND e.content_expires_at / 86400000 = c.day)
         = (SELECT count(*) FROM content) AS content_days,
       (SELECT count(*) FROM event_key k JOIN event e USING (scope_no, event_id, id, day))
         = (SELECT count(event_id) FROM event) AS event_keys,
       (SELECT count(DISTINCT day) FROM event)::int > 5 AS many_days,
       posthorn_take_seqs(1)::float8 AS next_seq,
       (SELECT max(rec) FROM attempt)::int AS rec,
       to_regclass('move') AS move`,
  );
  const { next_seq, rec, ...others } = found!;
  assert.ok((next_seq as number) > Math.max(source.lastSeq, rec as number));
  const all = { fresh_days: true, waiting_days: true, attempt_days: true, content_days: true };
  assert.deepEqual(others, { shards: 0, ...all, event_keys: true, many_days: true, move: null });
  const [made] = await ask<{ is_new: boolean }>(
    url,
    `INSERT INTO scope (organization_no, application_id) SELECT min(no), 'new' FROM organization
     RETURNING no > (SELECT max(no) FROM scope) AS is_new`,
  );
  assert.equal(made!.is_new, true);
});

test('a database that holds anything, or half of another store, is refused and keeps what it has', async () => {
  using place = scratch();
  using other = scratch();
  await filledFile(place.path);
  await filledFile(other.path);
  const postgres = await testPostgres();
  const url = await postgres.createDatabase();
  await assert.rejects(move(place.path, url, { wrap: (target) => failing(target, 3) }), /machine is gone/);
  const before = await ask(url, 'SELECT * FROM move ORDER BY name');
  await assert.rejects(move(other.path, url), { code: 'not-empty', message: /from another store/ });
  enterNewWorld();
  const storage = await openSqlite({ path: place.path, form: 'inline', clock, log: silent });
  await accept(storage, []);
  await storage.upkeep.close();
  await assert.rejects(move(place.path, url), { code: 'not-empty', message: /before it changed/ });
  assert.deepEqual(await ask(url, 'SELECT * FROM move ORDER BY name'), before);

  const whole = await postgres.createDatabase();
  await move(place.path, whole);
  await assert.rejects(move(place.path, whole), { code: 'not-empty', message: /has rows in organization/ });
  const used = await postgres.createDatabase();
  await migrate({ url: used, log: silent });
  await ask(
    used,
    `INSERT INTO node SELECT nextval('epoch'), 'a', '1', 1, 'a', now(), now(), now() + interval '1 minute'`,
  );
  await assert.rejects(move(place.path, used), { code: 'not-empty', message: /in use by a node/ });
  assert.deepEqual(await ask(used, `SELECT to_regclass('move') AS move`), [{ move: null }]);
});

test('a row that went missing on the way is told, and the database stays closed', async () => {
  using place = scratch();
  await filledFile(place.path);
  const url = await (await testPostgres()).createDatabase();
  const losing = (target: MoveTarget): MoveTarget => ({
    ...target,
    async tally(table) {
      if (table === 'attempt')
        await ask(url, 'DELETE FROM attempt WHERE seq = (SELECT max(seq) FROM attempt)');
      return target.tally(table);
    },
  });
  const counts = await move(place.path, url, { wrap: losing });
  assert.deepEqual(
    counts.filter(({ isSame }) => !isSame).map(({ table }) => table),
    ['attempt'],
  );
  await assert.rejects(migrate({ url, log: silent }), { code: 'half-moved' });
});

test('a move that is told to stop stops between two pages', async () => {
  using place = scratch();
  await filledFile(place.path);
  const url = await (await testPostgres()).createDatabase();
  const stop = new AbortController();
  const progress = (table: MovedTable) => {
    if (table === 'event') stop.abort();
  };
  await assert.rejects(move(place.path, url, { signal: stop.signal, progress }), { name: 'AbortError' });
  const [found] = await ask<{ done: string }>(url, `SELECT done FROM move WHERE name = 'event'`);
  // One page: so many rows, or fewer where their bytes fill it.
  assert.ok(Number(found!.done) > 0 && Number(found!.done) <= PAGE.rows, found!.done);
  assert.ok((await move(place.path, url)).every(({ isSame }) => isSame));
});

test('of two moves into one database at once, one ends with a sentence', async () => {
  using place = scratch();
  await filledFile(place.path);
  const url = await (await testPostgres()).createDatabase();
  const source = openMoveSource(place.path, PAGE);
  const options = { url, fingerprint: source.fingerprint, log: silent };
  const [one, two] = [await openMoveTarget(options), await openMoveTarget(options)];
  try {
    const going = { progress: () => {}, signal: new AbortController().signal };
    const page = source.page('organization', null);
    await two.write('organization', page, null);
    await assert.rejects(moveRows(source, one, going), { code: 'locked', message: /another move/ });
  } finally {
    source.close();
    await Promise.all([one.close(), two.close()]);
  }
});
