import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { testPostgres } from '../../../../test/support/postgres.ts';
import * as limits from '../../../core/event/limits.ts';
import { idTime, isId } from '../../../core/ids.ts';
import { migrate } from '../migrate.ts';
import { publishSql } from './publish.ts';

const APP = '2abcdefghijklmnopqrstuvwxyz';

async function opened(act: (client: pg.Client, url: string) => Promise<void>): Promise<void> {
  const server = await testPostgres();
  const url = await server.createDatabase();
  await migrate({ url, log: { info() {}, warn() {}, error() {} } });
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(
      `INSERT INTO organization (id, catalog_version, created_at) VALUES ('org_shop', 0, 0)`,
    );
    await client.query(
      `INSERT INTO resource (organization_no, kind, owner_id, id, uid, version, doc, facets)
       SELECT no, 'application', '', $1, 'customer', 1, '{}', '{}' FROM organization`,
      [APP],
    );
    await act(client, url);
  } finally {
    await client.end();
    await server.dropDatabase(url);
  }
}

async function publish(client: pg.Client, more = '', payload = '{"n": 1}'): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `SELECT posthorn_publish('org_shop', 'customer', 'order.paid', $1::text${more}) AS id`,
    [payload],
  );
  return rows[0]!.id;
}

const left = async (client: pg.Client): Promise<readonly string[]> =>
  (await client.query<{ id: string }>('SELECT id FROM outbox ORDER BY no')).rows.map(({ id }) => `msg_${id}`);

test('an event is left with the caller’s data, or not at all', () =>
  opened(async (client) => {
    await client.query('BEGIN');
    await publish(client);
    await client.query('ROLLBACK');
    assert.deepEqual(await left(client), []);

    await client.query('BEGIN');
    const kept = await publish(client);
    await client.query('SAVEPOINT one');
    await publish(client);
    await client.query('ROLLBACK TO one');
    assert.deepEqual(await left(client), [kept]);
    await client.query('COMMIT');
    assert.deepEqual(await left(client), [kept]);
  }));

test('ids made by the database are ids of this instant, and sort as they were made', () =>
  opened(async (client) => {
    const ids: string[] = [];
    for (let i = 0; i < 50; i++) {
      const { rows } = await client.query<{ id: string }>(
        `SELECT posthorn_new_id(timestamptz 'epoch' + $1 * interval '1 ms') AS id`,
        [1_700_000_000_000 + i],
      );
      ids.push(rows[0]!.id);
    }
    assert.ok(ids.every(isId));
    assert.deepEqual(ids.toSorted(), ids);
    assert.equal(idTime(ids[0]!), 1_700_000_000_000);
    assert.equal(new Set(ids.map((id) => id.slice(10))).size, 50);
  }));

test('a role with the right to call it needs no right to a table', () =>
  opened(async (client, url) => {
    await client.query(`CREATE ROLE shop LOGIN PASSWORD 'shop'`);
    try {
      await client.query(
        'GRANT EXECUTE ON FUNCTION posthorn_publish(text, text, text, text, text, text[], text[], text) TO shop',
      );
      await client.query('SET ROLE shop');
      assert.match(await publish(client), /^msg_/);
      await assert.rejects(client.query('SELECT * FROM outbox'), /permission denied/);
      await assert.rejects(
        client.query(`SELECT posthorn_publish('org_shop', 'customer', 'a', '{}'::jsonb)`),
        /permission denied/,
      );
    } finally {
      await client.query('RESET ROLE');
      await client.query('DROP OWNED BY shop');
      await client.query('DROP ROLE shop');
      assert.ok(url);
    }
  }));

test('what the API would refuse is refused at once, in a sentence', () =>
  opened(async (client) => {
    const refuses = (act: Promise<unknown>, code: string, pattern: RegExp) =>
      assert.rejects(act, (error: pg.DatabaseError) => error.code === code && pattern.test(error.message));
    await refuses(publish(client, '', '[1]'), '22023', /JSON object/);
    await refuses(publish(client, '', '{"a'), '22P02', /json/);
    await refuses(publish(client, '', `{"a":"${'x'.repeat(1_048_576)}"}`), '22023', /1048576/);
    await refuses(publish(client, `, event_id => 'a b'`), '22023', /event_id needs/);
    await refuses(publish(client, `, channels => '{}'`), '22023', /channels needs/);
    await refuses(publish(client, `, channels => '{a,a}'`), '22023', /different/);
    await refuses(publish(client, `, tags => '{..}'`), '22023', /tags needs/);
    await refuses(publish(client, `, ordering_key => ''`), '22023', /ordering_key/);
    await refuses(
      client.query(`SELECT posthorn_publish('org_shop', 'nobody', 'a', '{}'::text)`),
      'P0002',
      /no application nobody/,
    );
    assert.deepEqual(await left(client), []);
  }));

test('the limits are those of the API', () => {
  const names = (what: string, most: number, chars: number) => `'${what}', ${what}, ${most}, ${chars}`;
  assert.ok(publishSql.includes(names('channels', limits.MESSAGE_CHANNELS_MAX, limits.CHANNEL_CHARS_MAX)));
  assert.ok(publishSql.includes(names('tags', limits.MESSAGE_TAGS_MAX, limits.TAG_CHARS_MAX)));
  assert.ok(publishSql.includes(`ARRAY[event_type], 1, ${limits.EVENT_TYPE_CHARS_MAX}`));
  assert.ok(publishSql.includes(`ARRAY[event_id], 1, ${limits.UID_CHARS_MAX}`));
  assert.ok(publishSql.includes(`BETWEEN 1 AND ${limits.ORDERING_KEY_CHARS_MAX}`));
});
