import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import pg from 'pg';
import { testPostgres } from '../../../test/support/postgres.ts';
import { ask } from '../../../test/support/postgres-stores.ts';
import { silent } from '../conformance/scratch.ts';
import type { RefusalCode } from '../sql/refused.ts';
import { takeOutbox } from './intake.ts';
import { checkServerVersion, migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations/index.ts';

const CODE = MIGRATIONS.at(-1)!.version;
const bring = (url: string, migrations = MIGRATIONS) => migrate({ url, log: silent, migrations });

const newDatabase = async () => (await testPostgres()).createDatabase();

/** A role of its own that may log in, and the database's URL as it. */
async function loginAs(url: string, rights: string): Promise<{ role: string; url: string }> {
  const role = `role_${new URL(url).pathname.slice(-8)}`;
  await ask(url, `DROP ROLE IF EXISTS ${role}`);
  await ask(url, `CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
  await ask(url, rights.replaceAll('$role', role));
  const address = new URL(url);
  address.username = role;
  address.password = 'secret';
  return { role, url: address.href };
}

function refusal(code: RefusalCode, words: RegExp) {
  return (cause: unknown) => {
    const { name, code: told, message } = cause as { name: string; code: string; message: string };
    assert.equal(name, 'StorageRefused', String((cause as Error).stack));
    assert.equal(told, code);
    assert.match(message, words);
    assert.doesNotMatch(message, /secret|\n/);
    return true;
  };
}

const TABLES = `SELECT relname, relnatts FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1`;

async function refusesAndChangesNothing(url: string, code: RefusalCode, words: RegExp): Promise<void> {
  const before = await ask(url, TABLES);
  await assert.rejects(bring(url), refusal(code, words));
  assert.deepEqual(await ask(url, TABLES), before);
}

test('makes the schema once', async () => {
  const url = await newDatabase();
  const { from, to } = await bring(url);
  assert.deepEqual({ from, to }, { from: 0, to: CODE });
  const again = await bring(url);
  assert.deepEqual([again.from, again.to], [CODE, CODE]);
});

test('of nodes that start at once on an empty database one makes the schema and the others wait', async () => {
  const url = await newDatabase();
  const done = await Promise.all([bring(url), bring(url), bring(url)]);
  assert.deepEqual(done.map(({ from }) => from).sort(), [0, CODE, CODE]);
});

test('goes forward by what is new, and opens a newer schema that this code can work with', async () => {
  const url = await newDatabase();
  await bring(url);
  const next = { version: CODE + 1, minCode: CODE, sql: 'CREATE TABLE added (no bigint);' };
  const { from, to } = await bring(url, [...MIGRATIONS, next]);
  assert.deepEqual({ from, to }, { from: CODE, to: CODE + 1 });
  const old = await bring(url);
  assert.deepEqual([old.from, old.to], [CODE + 1, CODE + 1]);
});

test('a migration that fails leaves everything as it was', async () => {
  const url = await newDatabase();
  const bad = { version: CODE + 1, minCode: CODE, sql: 'CREATE TABLE added (no bigint); SELECT 1 / 0;' };
  await assert.rejects(bring(url, [...MIGRATIONS, bad]), /division by zero/);
  assert.deepEqual(await ask(url, TABLES), []);
});

test('refuses a schema that needs newer code', async () => {
  const url = await newDatabase();
  await bring(url);
  await ask(url, `UPDATE meta SET value = ${CODE + 1} WHERE name = 'min_code'`);
  await refusesAndChangesNothing(url, 'newer-schema', /newer Posthorn/);
});

test('refuses what is half a schema, or another program’s', async () => {
  const others: [setUp: string, words: RegExp][] = [
    ['CREATE TABLE event (at date)', /has a table event but none/],
    ['CREATE TABLE meta (key text, value text)', /table meta of another program/],
    ['CREATE TABLE meta (name text, value bigint)', /names no version/],
  ];
  for (const [setUp, words] of others) {
    const url = await newDatabase();
    await ask(url, setUp);
    await refusesAndChangesNothing(url, 'foreign-schema', words);
  }
  const url = await newDatabase();
  await bring(url);
  await ask(url, 'DROP TABLE waiting');
  await refusesAndChangesNothing(url, 'foreign-schema', /half there: it has no waiting/);
});

test('refuses a URL that is not one of PostgreSQL', async () => {
  for (const url of ['mysql://localhost/x', 'localhost:5432', ''])
    await assert.rejects(bring(url), refusal('bad-url', /POSTHORN_DATABASE_URL is no URL/));
});

test('refuses a server that is not there, or is something else', async () => {
  const stranger = createServer((socket) => void socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
  const { port } = stranger.address() as { port: number };
  const url = `postgres://posthorn:secret@127.0.0.1:${port}/posthorn`;
  await assert.rejects(bring(url), refusal('unreachable', /does not answer as PostgreSQL/));
  await new Promise((resolve) => stranger.close(resolve));
  await assert.rejects(bring(url), refusal('unreachable', /ECONNREFUSED.*host and port/));
  await assert.rejects(bring('postgres://a:secret@host.invalid/x'), refusal('unreachable', /host and port/));
});

test('refuses a wrong password, a missing one, an unknown user and a missing database', async () => {
  const address = new URL(await newDatabase());
  const changed = (change: Partial<Record<'username' | 'password' | 'pathname', string>>) =>
    Object.assign(new URL(address), change).href;
  await assert.rejects(bring(changed({ password: 'secret' })), refusal('login-refused', /password/));
  await assert.rejects(bring(changed({ password: '' })), refusal('login-refused', /password/));
  await assert.rejects(bring(changed({ username: 'nobody_' })), refusal('login-refused', /nobody_/));
  await assert.rejects(bring(changed({ pathname: '/nowhere' })), refusal('not-found', /"nowhere"/));
});

test('refuses a user who may not make tables', async () => {
  const url = await newDatabase();
  const { url: stranger } = await loginAs(url, 'SELECT 1');
  await assert.rejects(bring(stranger), refusal('missing-right', /GRANT USAGE, CREATE ON SCHEMA "public"/));
  await ask(url, 'REVOKE USAGE ON SCHEMA public FROM PUBLIC');
  await assert.rejects(bring(stranger), refusal('missing-right', /CREATE SCHEMA AUTHORIZATION/));
});

test('refuses tables that are another user’s', async () => {
  const url = await newDatabase();
  await bring(url);
  const rights = 'GRANT ALL ON SCHEMA public TO $role; GRANT ALL ON ALL TABLES IN SCHEMA public TO $role';
  const { url: stranger } = await loginAs(url, rights);
  await assert.rejects(bring(stranger), refusal('missing-right', /belongs to posthorn/));
});

test('refuses a server that takes no writes, and one that is too old', async () => {
  const url = await newDatabase();
  const name = pg.escapeIdentifier(new URL(url).pathname.slice(1));
  await ask(url, `ALTER DATABASE ${name} SET default_transaction_read_only = on`);
  await refusesAndChangesNothing(url, 'read-only', /name the primary/);
  assert.throws(
    () => checkServerVersion(140_012, 'here'),
    refusal('too-old-server', /PostgreSQL 14.*needs 15/),
  );
});

test('refuses a database that cannot hold every text', async () => {
  const address = new URL(await newDatabase());
  await ask(address.href, `CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'`);
  address.pathname = '/latin';
  try {
    await assert.rejects(bring(address.href), refusal('wrong-encoding', /LATIN1.*ENCODING 'UTF8'/));
    assert.deepEqual(await ask(address.href, TABLES), []);
  } finally {
    await (await testPostgres()).dropDatabase(address.href);
  }
});

test('keeps to the schema that the user’s search path has first, and to it alone from then on', async () => {
  const url = await newDatabase();
  await ask(url, 'CREATE SCHEMA "Post horn"');
  const there = new URL(url);
  there.searchParams.set('options', '-c search_path="Post\\ horn",public');
  const { settings } = await bring(there.href);
  assert.equal(settings.search_path, '"Post horn",pg_temp');
  assert.deepEqual(await ask(url, TABLES), []);
  // A schema that comes first later on does not hide the store.
  await ask(url, 'CREATE SCHEMA earlier');
  there.searchParams.set('options', '-c search_path=earlier,"Post\\ horn"');
  assert.deepEqual((await bring(there.href)).settings, settings);
});

test('turns on commits that last where the database has them off', async () => {
  const url = await newDatabase();
  assert.equal((await bring(url)).settings.synchronous_commit, undefined);
  const name = pg.escapeIdentifier(new URL(url).pathname.slice(1));
  await ask(url, `ALTER DATABASE ${name} SET synchronous_commit = off`);
  assert.equal((await bring(url)).settings.synchronous_commit, 'on');
});

test('a store that comes from another cluster goes on with greater seqs', async () => {
  const url = await newDatabase();
  await bring(url);
  const last = 2 ** 50;
  await ask(url, `SELECT posthorn_ensure_day('event', 1)`);
  await ask(url, `INSERT INTO event VALUES (1, 1, ${last}, 'id', 1, NULL, 1, 1, false, NULL)`);
  const next = async () =>
    Number((await ask<{ seq: string }>(url, 'SELECT posthorn_take_seqs(1) AS seq'))[0]!.seq);
  await bring(url);
  assert.ok((await next()) < last, 'nothing is looked up as long as the cluster is the same');
  await ask(url, `UPDATE meta SET value = 1 WHERE name = 'system'`);
  await bring(url);
  const raised = await next();
  assert.ok(raised > last && raised < last + 1e6);
  await bring(url);
  assert.ok((await next()) > raised);
});

test('what was left in the outbox of another cluster can be taken out, in its order', async () => {
  const url = await newDatabase();
  await bring(url);
  const values = ['last', 'first', 'second'].map(
    (id, i) => `(${2 ** 40 + [9, 1, 1][i]!}, 'org_1', 'app', '${id}', 'type', '')`,
  );
  await ask(
    url,
    `INSERT INTO outbox (xid, organization_id, application_id, id, type, content) VALUES ${values.join()}`,
  );
  const taken = async () => {
    const client = new pg.Client(url);
    await client.connect();
    try {
      const query = async <Row>(text: string, values: readonly unknown[] = []) =>
        (await client.query(text, [...values])).rows as Row[];
      return (await takeOutbox({ query }, 10)).map(({ id }) => id);
    } finally {
      await client.end();
    }
  };
  assert.deepEqual(await taken(), []);
  await ask(url, `UPDATE meta SET value = 1 WHERE name = 'system'`);
  await bring(url);
  assert.deepEqual(await taken(), ['first', 'second', 'last']);
});
