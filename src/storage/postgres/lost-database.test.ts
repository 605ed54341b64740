import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import pg from 'pg';
import { until } from '../../../test/support/cluster-nodes.ts';
import { type PostgresServer, startPostgres } from '../../../test/support/postgres.ts';
import { ask, closePostgresStore, openPostgresStore } from '../../../test/support/postgres-stores.ts';
import type { Acceptance } from '../../ports/intake.ts';
import type { Storage } from '../../ports/storage.ts';
import {
  ADA,
  ADA_APP,
  accept,
  acceptanceOf,
  applicationOf,
  changeSet,
  enterNewWorld,
  newDestinationId,
  takeFresh,
} from '../conformance/samples.ts';

const isUnavailable = { name: 'Problem', code: 'unavailable', retryAfterSeconds: 1 };
const PUBLISHERS = 20;
const CUT = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()';

describe('a database that goes away', () => {
  let server: PostgresServer;
  let url: string;
  let storage: Storage;

  before(async () => {
    server = await startPostgres();
    url = await server.createDatabase();
    storage = await openPostgresStore(url, { limits: { readDeadlineMs: 500 } });
  });
  after(async () => {
    await closePostgresStore(storage);
    await server.stop();
  });
  beforeEach(() => enterNewWorld());

  const untilAccepted = () =>
    until('an event is accepted again', async () => {
      try {
        await accept(storage, []);
        return true;
      } catch (cause) {
        assert.equal((cause as { code?: string }).code, 'unavailable', String((cause as Error).stack));
        return false;
      }
    });

  for (const [how, disturb] of Object.entries({
    'is restarted': () => server.restart(),
    'is killed and comes back': async () => {
      await server.kill();
      await server.start();
    },
    'ends all connections': () => ask(url, CUT),
  })) {
    it(`${how} while events are accepted: what was answered is there, and all goes on by itself`, async () => {
      const answered: Acceptance[] = [];
      let isOver = false;
      const publish = async () => {
        while (!isOver) {
          const acceptance = acceptanceOf([newDestinationId()]);
          try {
            await storage.intake.accept(acceptance);
            answered.push(acceptance);
          } catch (cause) {
            assert.equal((cause as { code?: string }).code, 'unavailable', String((cause as Error).stack));
          }
        }
      };
      const publishers = Array.from({ length: PUBLISHERS }, publish);
      await untilAccepted();
      await disturb();
      await untilAccepted();
      isOver = true;
      await Promise.all(publishers);
      assert.ok(answered.length > 0);
      for (const { event } of answered) {
        const found = await storage.history.findEvent(ADA_APP, { id: event.id }, { withContent: false });
        assert.ok(found, `${event.id} was answered and is lost`);
      }
    });
  }

  it('comes back without its last commits: names that it has lost are made again', async () => {
    const lane = newDestinationId();
    await accept(storage, [lane]);
    await ask(url, 'TRUNCATE event, fresh, lane, scope, type, allowance');
    await ask(url, CUT);
    await untilAccepted();
    const { event } = await accept(storage, [lane]);
    assert.ok(await storage.history.findEvent(ADA_APP, { id: event.id }, { withContent: true }));
    assert.equal((await takeFresh(storage, { organization: ADA, destinationId: lane })).length, 1);
  });

  it('is another server than before: no seq is given again that it may have lost', async () => {
    const before = await accept(storage, []);
    await ask(url, `UPDATE meta SET value = value - 1 WHERE name = 'timeline'`);
    assert.ok(
      (await accept(storage, [])).seq < before.seq + 2 ** 33 / 2,
      'who stays connected has lost nothing',
    );
    await ask(url, CUT);
    await untilAccepted();
    const { seq } = await accept(storage, []);
    assert.ok(seq > before.seq + 1_000_000 * 8192);
    await ask(url, CUT);
    await untilAccepted();
    assert.ok((await accept(storage, [])).seq < seq + 2 ** 33 / 2, 'once per promotion');
  });

  it('answers nothing in time: writes and reads are refused, and go on when it does', async () => {
    await untilAccepted();
    const blocker = new pg.Client({ connectionString: url });
    await blocker.connect();
    await blocker.query('BEGIN');
    await blocker.query('LOCK TABLE event, resource IN ACCESS EXCLUSIVE MODE');
    const insert = { op: 'insert', kind: 'application', resource: applicationOf() } as const;
    await assert.rejects(storage.intake.accept(acceptanceOf([])), isUnavailable);
    await assert.rejects(storage.catalog.write(changeSet([insert])), isUnavailable);
    await assert.rejects(
      storage.history.listEvents(
        ADA_APP,
        {},
        { after: null, direction: 'ascending', limit: 1 },
        { withContent: false },
      ),
      isUnavailable,
    );
    await blocker.query('ROLLBACK');
    await blocker.end();
    await untilAccepted();
    assert.equal((await storage.catalog.write(changeSet([insert]))).kind, 'done');
  });

  it('says nothing at all: writes and reads are refused, and go on when it wakes', async () => {
    await untilAccepted();
    server.pause();
    try {
      await Promise.all([
        assert.rejects(storage.intake.accept(acceptanceOf([])), isUnavailable),
        assert.rejects(storage.catalog.runningTasks(1), isUnavailable),
      ]);
    } finally {
      server.resume();
    }
    await untilAccepted();
    await storage.catalog.runningTasks(1);
  });

  it('turns read-only: writes are refused, reads are answered', async () => {
    const { event } = await accept(storage, []);
    const name = pg.escapeIdentifier(new URL(url).pathname.slice(1));
    await ask(url, `ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    await ask(url, CUT);
    await until('the old connections are gone', async () => {
      const found = await storage.history
        .findEvent(ADA_APP, { id: event.id }, { withContent: false })
        .catch(() => null);
      return found !== null;
    });
    await assert.rejects(storage.intake.accept(acceptanceOf([])), isUnavailable);
    await assert.rejects(storage.upkeep.ping(), isUnavailable);
    assert.ok(await storage.history.findEvent(ADA_APP, { id: event.id }, { withContent: false }));
    const writable = new URL(url);
    writable.searchParams.set('options', '-c default_transaction_read_only=off');
    await ask(writable.href, `ALTER DATABASE ${name} RESET default_transaction_read_only`);
    await ask(url, CUT);
    await untilAccepted();
    await storage.upkeep.ping();
  });
});
