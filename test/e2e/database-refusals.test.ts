import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { testPostgres } from '../support/postgres.ts';
import { request, SECRETS } from './cluster.ts';
import { type Finished, freePort, run, ServerProcess, temporaryFolder } from './command.ts';

const PASSWORD = 'hunter2-never-printed';

async function ask<Row extends pg.QueryResultRow>(url: string, text: string): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Every table with its columns, every function, and what `meta` says where there is one. */
async function contents(url: string): Promise<unknown> {
  const relations = await ask<{ name: string; sort: string }>(
    url,
    `SELECT relname AS name, relkind AS sort, relnatts FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
     WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' ORDER BY nspname, relname`,
  );
  const functions = await ask(
    url,
    `SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1`,
  );
  const hasMeta = relations.some(({ name, sort }) => name === 'meta' && sort === 'r');
  return [relations, functions, hasMeta ? await ask(url, 'SELECT * FROM meta ORDER BY 1') : []];
}

function refusesInOneSentence(
  { exitCode, stdout, stderr }: Finished,
  expected: { readonly exitCode: number; readonly words: RegExp },
): void {
  assert.equal(exitCode, expected.exitCode, stderr);
  assert.match(stderr, /^posthorn: [^\n]+\n$/, 'one sentence, no stack trace');
  assert.match(stderr, expected.words);
  assert.equal(stdout, '');
  assert.ok(!stderr.includes(PASSWORD), 'the password is not repeated');
}

async function startOn(url: string, settings: Record<string, string> = SECRETS): Promise<Finished> {
  using folder = temporaryFolder();
  const dataDir = join(folder.path, 'data');
  const result = await run(['start'], {
    POSTHORN_DATABASE_URL: url,
    POSTHORN_DATA_DIR: dataDir,
    POSTHORN_LISTEN: `127.0.0.1:${await freePort()}`,
    ...settings,
  });
  assert.ok(!existsSync(dataDir), 'nothing is written to the data folder');
  return result;
}

const newDatabase = async () => (await testPostgres()).createDatabase();
const changed = (
  url: string,
  change: Partial<Record<'username' | 'password' | 'pathname' | 'port', string>>,
) => Object.assign(new URL(url), change).href;

/** A login of its own with these rights (`$role` is its name); the database's URL as it. */
async function loginAs(url: string, rights: string): Promise<string> {
  const role = `role_${new URL(url).pathname.slice(-8)}`;
  await ask(url, `CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}'`);
  await ask(url, rights.replaceAll('$role', role));
  return changed(url, { username: role, password: PASSWORD });
}

test('a URL that is not one of PostgreSQL is a wrong setting', async () => {
  for (const url of [
    `mysql://posthorn:${PASSWORD}@127.0.0.1/posthorn`,
    `127.0.0.1:5432 ${PASSWORD}`,
    'postgres://',
  ])
    refusesInOneSentence(await startOn(url), { exitCode: 2, words: /POSTHORN_DATABASE_URL/ });
});

test('a server that is not there is named, and so is what to check', async () => {
  const port = await freePort();
  const there = {
    exitCode: 4,
    words: new RegExp(`127\\.0\\.0\\.1:${port}.*host and port in POSTHORN_DATABASE_URL`),
  };
  const url = `postgres://posthorn:${PASSWORD}@127.0.0.1:${port}/posthorn`;
  refusesInOneSentence(await startOn(url), there);
  refusesInOneSentence(await run(['migrate'], { ...SECRETS, POSTHORN_DATABASE_URL: url }), there);
  const nowhere = `postgres://posthorn:${PASSWORD}@host.invalid/posthorn`;
  refusesInOneSentence(await startOn(nowhere), { exitCode: 4, words: /host\.invalid/ });
});

test('a refused login and a missing database are told apart', async () => {
  const url = await newDatabase();
  const login = { exitCode: 4, words: /check the user and the password/ };
  refusesInOneSentence(await startOn(changed(url, { password: PASSWORD })), login);
  refusesInOneSentence(await startOn(changed(url, { username: 'nobody_here' })), login);
  const missing = { exitCode: 4, words: /"nowhere".*create the database/ };
  refusesInOneSentence(await startOn(changed(url, { pathname: '/nowhere' })), missing);
  assert.deepEqual(await contents(url), [[], [], []]);
});

test('a role that may not make tables is told which right it needs', async () => {
  const url = await newDatabase();
  const before = await contents(url);
  const stranger = await loginAs(url, 'SELECT 1');
  refusesInOneSentence(await startOn(stranger), { exitCode: 4, words: /GRANT .*CREATE ON SCHEMA/ });
  assert.deepEqual(await contents(url), before);
});

test('a database of another program, and half a schema, are left as they are', async () => {
  const foreign = await newDatabase();
  await ask(foreign, 'CREATE TABLE event (what text)');
  const half = await newDatabase();
  const settings = { ...SECRETS, POSTHORN_DATABASE_URL: half };
  assert.equal((await run(['migrate'], settings)).exitCode, 0);
  await ask(half, 'DROP TABLE waiting CASCADE');
  for (const url of [foreign, half]) {
    const before = await contents(url);
    refusesInOneSentence(await startOn(url), { exitCode: 4, words: /Nothing was changed/ });
    const migrate = await run(['migrate'], { ...SECRETS, POSTHORN_DATABASE_URL: url });
    refusesInOneSentence(migrate, { exitCode: 4, words: /Nothing was changed/ });
    assert.deepEqual(await contents(url), before);
  }
});

test('a schema that needs newer code is left as it is', async () => {
  const url = await newDatabase();
  assert.equal((await run(['migrate'], { ...SECRETS, POSTHORN_DATABASE_URL: url })).exitCode, 0);
  await ask(url, `UPDATE meta SET value = 9999 WHERE name IN ('version', 'min_code')`);
  const before = await contents(url);
  refusesInOneSentence(await startOn(url), { exitCode: 4, words: /newer Posthorn \(schema 9999/ });
  assert.deepEqual(await contents(url), before);
  const json = await run(['--json', 'start'], { ...SECRETS, POSTHORN_DATABASE_URL: url });
  assert.equal((JSON.parse(json.stdout) as { error: { code: string } }).error.code, 'newer-schema');
});

test('a cluster does not start without its secrets, and makes none', async () => {
  const url = await newDatabase();
  const { POSTHORN_MAIN_SECRET, POSTHORN_JWT_SECRET } = SECRETS;
  for (const [settings, words] of [
    [{}, /POSTHORN_MAIN_SECRET|POSTHORN_JWT_SECRET/],
    [{ POSTHORN_MAIN_SECRET }, /POSTHORN_JWT_SECRET/],
    [{ POSTHORN_JWT_SECRET }, /POSTHORN_MAIN_SECRET/],
  ] as const)
    refusesInOneSentence(await startOn(url, settings), { exitCode: 2, words });
  assert.deepEqual(await contents(url), [[], [], []]);
});

test('a main secret that does not fit what is stored is refused, and doctor says so too', async () => {
  const url = await newDatabase();
  using folder = temporaryFolder();
  const settings = { ...SECRETS, POSTHORN_DATABASE_URL: url, POSTHORN_DATA_DIR: folder.path };
  await using server = new ServerProcess(await freePort(), settings);
  await server.start();
  const token = await server.token();
  const post = (path: string, body: unknown) => request(server.url + path, { method: 'POST', token, body });
  await post('/api/v1/app', { name: 'Kept', uid: 'kept' });
  const { status } = await post('/api/v1/app/kept/endpoint', { url: 'http://127.0.0.1:9/' });
  assert.equal(status, 201);
  assert.equal(await server.end('SIGTERM'), 0);
  const others = { ...SECRETS, POSTHORN_MAIN_SECRET: 'another-main-secret-than-before' };
  refusesInOneSentence(await startOn(url, others), {
    exitCode: 2,
    words: /POSTHORN_MAIN_SECRET.*does not fit/,
  });
  const doctor = await run(['doctor'], { ...settings, ...others });
  assert.equal(doctor.exitCode, 6, doctor.stdout + doctor.stderr);
  assert.match(doctor.stdout + doctor.stderr, /does not fit/);
  assert.ok(!(doctor.stdout + doctor.stderr).includes(new URL(url).password), 'no password is printed');
});
