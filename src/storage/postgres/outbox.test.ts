import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import pg from 'pg';
import { until } from '../../../test/support/cluster-nodes.ts';
import { type PostgresServer, testPostgres } from '../../../test/support/postgres.ts';
import { ask, closePostgresStore, openPostgresStore } from '../../../test/support/postgres-stores.ts';
import type { OutboxEntry } from '../../ports/intake.ts';
import type { Storage } from '../../ports/storage.ts';
import {
  ADA,
  ADA_APP,
  acceptanceOf,
  applicationOf,
  changeSet,
  enterNewWorld,
  newDestinationId,
  takeFresh,
} from '../conformance/samples.ts';

describe('the outbox', () => {
  let server: PostgresServer;
  let url: string;
  let nodes: readonly [Storage, Storage];
  let program: pg.Client;

  before(async () => {
    server = await testPostgres();
    url = await server.createDatabase();
    nodes = [await openPostgresStore(url), await openPostgresStore(url)];
    program = new pg.Client({ connectionString: url });
    await program.connect();
  });
  after(async () => {
    await program.end();
    for (const node of nodes) await closePostgresStore(node);
    await server.dropDatabase(url);
  });
  beforeEach(async () => {
    enterNewWorld();
    const resource = applicationOf({ id: ADA_APP.applicationId!, uid: 'customer' });
    await nodes[0].catalog.write(changeSet([{ op: 'insert', kind: 'application', resource }]));
  });

  async function leave(payload: string, by = program): Promise<string> {
    const text = `SELECT posthorn_publish($1, 'customer', 'order.paid', $2::text, tags => '{t}') AS id`;
    return (await by.query<{ id: string }>(text, [ADA, payload])).rows[0]!.id;
  }
  const toAccept = (entry: OutboxEntry, destination = newDestinationId()) =>
    acceptanceOf(
      [destination],
      { id: entry.id, type: entry.type, tags: entry.tags, eventId: entry.eventId },
      { content: entry.content, outboxNo: entry.no },
    );
  const idsOf = (entries: readonly OutboxEntry[]) => entries.map(({ id }) => `msg_${id}`);

  /** Until no older transaction is open: of this test's own, of a partition that is being made, of any database. */
  async function take(count: number): Promise<readonly OutboxEntry[]> {
    let entries: readonly OutboxEntry[] = [];
    await until(`${count} entries are handed out`, async () => {
      entries = await nodes[0].intake.takeOutbox(10);
      return entries.length >= count;
    });
    return entries;
  }
  async function drop(entries: readonly OutboxEntry[]): Promise<void> {
    for (const entry of entries) await nodes[0].intake.dropOutbox(entry.no);
  }

  it('hands out what was committed, as it was left, oldest first', async () => {
    await program.query('BEGIN');
    const ids = [await leave('{ "n" : 1 }'), await leave('{"ü":2}')];
    assert.deepEqual(await nodes[0].intake.takeOutbox(10), []);
    await program.query('COMMIT');
    ids.push(await leave('{}'));
    const entries = await take(3);
    assert.deepEqual(idsOf(entries), ids);
    assert.deepEqual(idsOf(await nodes[0].intake.takeOutbox(1)), ids.slice(0, 1));
    const { no, id, content, ...rest } = entries[0]!;
    assert.equal(Buffer.from(content).toString(), '{ "n" : 1 }');
    assert.deepEqual(rest, {
      organization: ADA,
      applicationId: ADA_APP.applicationId,
      type: 'order.paid',
      ...{ eventId: null, channels: null, tags: ['t'], orderingKey: null },
    });
    await drop(entries);
    assert.deepEqual(await nodes[0].intake.takeOutbox(10), []);
  });

  it('keeps back what an older transaction could still come before', async () => {
    const slow = new pg.Client({ connectionString: url });
    await slow.connect();
    await slow.query('BEGIN');
    const first = await leave('{}', slow);
    const second = await leave('{}');
    assert.deepEqual(await nodes[0].intake.takeOutbox(10), []);
    await slow.query('COMMIT');
    await slow.end();
    const entries = await take(2);
    assert.deepEqual(idsOf(entries), [first, second]);
    await drop(entries);
  });

  it('lets one of two nodes publish an entry, under the id that its program was told', async () => {
    for (let round = 0; round < 20; round++) {
      const id = await leave('{"n":1}');
      const [entry] = await take(1);
      assert.equal(`msg_${entry!.id}`, id);
      const lane = newDestinationId();
      const results = await Promise.all(nodes.map((node) => node.intake.accept(toAccept(entry!, lane))));
      assert.deepEqual(results.map(({ kind }) => kind).sort(), ['accepted', 'taken-out']);
      assert.deepEqual(await nodes[1].intake.takeOutbox(1), []);
      const fresh = await takeFresh(nodes[0], { organization: ADA, destinationId: lane });
      assert.deepEqual(
        fresh.map(({ event }) => `msg_${event.id}`),
        [id],
      );
    }
  });

  it('publishes an entry that comes twice in one batch once', async () => {
    await leave('{}');
    const [entry] = await take(1);
    const twice = [toAccept(entry!), toAccept(entry!)];
    const results = await Promise.all(twice.map((each) => nodes[0].intake.accept(each)));
    assert.deepEqual(
      results.map(({ kind }) => kind),
      ['accepted', 'taken-out'],
    );
  });

  it('keeps an entry whose plan was stale', async () => {
    await leave('{}');
    const [entry] = await take(1);
    const stale = await nodes[0].intake.accept({ ...toAccept(entry!), catalogVersion: 1_000 });
    assert.equal(stale.kind, 'stale');
    assert.deepEqual(await take(1), [entry]);
    assert.equal((await nodes[0].intake.accept(toAccept(entry!))).kind, 'accepted');
  });

  it('wakes the nodes for the first of many entries', async () => {
    const listener = new pg.Client({ connectionString: url });
    await listener.connect();
    const [row] = await ask<{ channel: string }>(url, 'SELECT posthorn_channel() AS channel');
    const heard: string[] = [];
    listener.on('notification', ({ payload }) => heard.push(payload!));
    await listener.query(`LISTEN ${pg.escapeIdentifier(row!.channel)}`);
    const count = async () => {
      await listener.query('SELECT 1');
      return heard.filter((payload) => payload === 'o').length;
    };
    await leave('{}');
    assert.equal(await count(), 1);
    await leave('{}');
    assert.equal(await count(), 1);
    await drop(await take(2));
    await leave('{}');
    assert.equal(await count(), 2);
    await listener.end();
  });
});
