import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startPostgres, testPostgres } from './postgres.ts';
import { findBinaries } from './postgres-binaries.ts';
import { newServerFolder } from './postgres-data-folder.ts';
import { PortTaken, postmasterOf } from './postgres-process.ts';
import { haveEnded, isRunning } from './process-tree.ts';

const WITHIN_MS = 30_000;

/** On a connection of its own. */
async function query(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + WITHIN_MS; !holds(); await sleep(10))
    if (Date.now() > end) assert.fail(`${what}: not within ${WITHIN_MS / 1000} s`);
}

interface Running {
  readonly dataFolder: string;
  readonly postmaster: number;
}

async function runningAt(url: string): Promise<Running> {
  const [row] = await query(url, 'SHOW data_directory');
  const dataFolder = String(row!.data_directory);
  const [pid] = readFileSync(join(dataFolder, 'postmaster.pid'), 'utf8').split('\n');
  return { dataFolder, postmaster: Number(pid) };
}

/** Another process, which has `startPostgres` and `testPostgres`; its answers are the lines it prints. */
function startedProcess(
  t: TestContext,
  code: string,
  env: NodeJS.ProcessEnv = {},
): { child: ChildProcess; line(): Promise<string> } {
  const module = new URL('postgres.ts', import.meta.url).href;
  const program = `const { startPostgres, testPostgres } = await import('${module}');\n${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return { child, line: async () => String((await lines.next()).value) };
}

test('databases are empty, or copies of a template, and go when dropped', async () => {
  const server = await testPostgres();
  const template = await server.createDatabase();
  await query(template, 'CREATE TABLE letter AS SELECT 7 AS number');
  const copy = await server.createDatabase({ template });
  assert.deepEqual(await query(copy, 'SELECT number FROM letter'), [{ number: 7 }]);

  await query(copy, 'DELETE FROM letter');
  assert.deepEqual(await query(template, 'SELECT number FROM letter'), [{ number: 7 }]);
  await assert.rejects(query(await server.createDatabase(), 'SELECT number FROM letter'), { code: '42P01' });

  await server.dropDatabase(copy);
  await assert.rejects(query(copy, 'SELECT 1'), { code: '3D000' });
});

test('a wrong password is refused', async (t) => {
  const server = await startPostgres();
  t.after(() => server.stop());
  const url = new URL(server.url('postgres'));
  url.password = 'wrong';
  await assert.rejects(query(url.href, 'SELECT 1'), { code: '28P01' });
});

test('a durable server keeps what was committed when it is killed and started again', async (t) => {
  const server = await startPostgres({ durable: true });
  t.after(() => server.stop());
  const url = await server.createDatabase();
  assert.deepEqual(await query(url, 'SHOW fsync'), [{ fsync: 'on' }]);
  await query(url, 'CREATE TABLE letter AS SELECT 7 AS number');
  const { postmaster } = await runningAt(url);

  await server.kill();
  assert.ok(!isRunning(postmaster));
  await assert.rejects(query(url, 'SELECT 1'), { code: 'ECONNREFUSED' });

  await server.start();
  assert.deepEqual(await query(url, 'SELECT number FROM letter'), [{ number: 7 }]);
});

test('a restart cuts connections and keeps data', async (t) => {
  const server = await startPostgres();
  t.after(() => server.stop());
  const url = await server.createDatabase();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const errors: unknown[] = [];
  client.on('error', (error) => errors.push('code' in error && error.code));
  await client.query('CREATE TABLE letter AS SELECT 7 AS number');

  await server.restart();
  await until('the client was told that an administrator ended it', () => errors.includes('57P01'));
  assert.deepEqual(await query(url, 'SELECT number FROM letter'), [{ number: 7 }]);
});

test('a paused server answers nobody, neither who is connected nor who comes, until it is resumed', async (t) => {
  const server = await startPostgres();
  t.after(() => server.stop());
  const url = await server.createDatabase();
  const connected = new pg.Client({ connectionString: url });
  await connected.connect();
  let answers = 0;
  const counted = (): number => ++answers;

  server.pause();
  const asked = [connected.query('SELECT 1').then(counted), query(url, 'SELECT 1').then(counted)];
  await sleep(300);
  assert.equal(answers, 0);

  server.resume();
  await Promise.all(asked);
  assert.equal(answers, 2);
  await connected.end();
});

test('settings reach the server, and contributed modules are there', async (t) => {
  const server = await startPostgres({ settings: { shared_preload_libraries: 'pg_stat_statements' } });
  t.after(() => server.stop());
  const url = await server.createDatabase();
  await query(url, 'CREATE EXTENSION pg_stat_statements');
  await query(url, 'SELECT 7 AS number');
  const calls = await query(url, `SELECT calls FROM pg_stat_statements WHERE query = 'SELECT $1 AS number'`);
  assert.deepEqual(calls, [{ calls: '1' }]);
});

test('a server that cannot start says what its log says', async () => {
  await assert.rejects(startPostgres({ settings: { max_connections: 'many' } }), /max_connections.*"many"/s);
});

test('a port that somebody else has is told apart, so that another is tried', async (t) => {
  const server = await startPostgres();
  t.after(() => server.stop());
  const binaries = await findBinaries();
  const folder = await newServerFolder(binaries);
  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '' };
  const postmaster = postmasterOf(binaries, folder, settings);
  t.after(() => postmaster.end());
  await assert.rejects(postmaster.start(server.port), PortTaken);
});

test('a server ends and its data folder goes when the process that started it is killed, even a paused one', async (t) => {
  const { child, line } = startedProcess(
    t,
    `const server = await startPostgres();
    console.log(server.url('postgres'));
    process.stdin.once('data', () => { server.pause(); console.log('paused'); });`,
  );
  const { dataFolder, postmaster } = await runningAt(await line());
  child.stdin!.write('pause\n');
  assert.equal(await line(), 'paused');

  child.kill('SIGKILL');
  assert.ok(await haveEnded([postmaster], WITHIN_MS));
  await until('the data folder is gone', () => !existsSync(dataFolder));
});

test('the server of a test process neither keeps it from ending nor outlives it', async (t) => {
  const { child, line } = startedProcess(
    t,
    `const server = await testPostgres();
    console.log(server.url('postgres'));
    await new Promise((resolve) => process.stdin.once('data', resolve));
    process.stdin.destroy();`,
    { POSTHORN_TEST_DATABASE_URL: '' },
  );
  const { dataFolder, postmaster } = await runningAt(await line());
  child.stdin!.write('end\n');
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
  assert.ok(!isRunning(postmaster));
  assert.ok(!existsSync(dataFolder));
});

test('a server from elsewhere is used as it is: its test databases are dropped, and nobody kills it', async (t) => {
  const server = await startPostgres();
  t.after(() => server.stop());
  const elsewhere = server.url('postgres');
  const { child, line } = startedProcess(
    t,
    `const server = await testPostgres();
    const template = await server.createDatabase();
    console.log(await server.createDatabase({ template }));
    await server.kill().catch((cause) => console.log(cause.message));`,
    { POSTHORN_TEST_DATABASE_URL: elsewhere },
  );
  const database = new URL(await line());
  assert.equal(Number(database.port), server.port);
  assert.match(await line(), /without POSTHORN_TEST_DATABASE_URL/);
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
  const left = await query(elsewhere, `SELECT datname FROM pg_database WHERE datname LIKE 'posthorn%'`);
  assert.deepEqual(left, []);
});
