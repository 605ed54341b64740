/** `posthorn migrate --from … --to …` as people run it. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { acceptanceOf, enterNewWorld } from '../../src/storage/conformance/samples.ts';
import { clock, silent } from '../../src/storage/conformance/scratch.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { openSqlite } from '../../src/storage/sqlite/open.ts';
import { testPostgres } from '../support/postgres.ts';
import { startReceiver } from '../support/receiver.ts';
import { signedByGithub } from '../support/source.ts';
import { ROOT } from '../support/source-files.ts';
import { CALLED_SOURCE, GITHUB_SECRET } from './callers.ts';
import { request, SECRETS, until } from './cluster.ts';
import { environment, freePort, run, ServerProcess, temporaryFolder } from './command.ts';

const COMMAND = join(ROOT, 'bin', 'posthorn.js');
const WITHIN_MS = 30_000;
/** More than two pages. */
const EVENTS = 5000;

async function fill(path: string, events = EVENTS): Promise<void> {
  enterNewWorld();
  const storage = await openSqlite({ path, form: 'inline', clock, log: silent });
  await Promise.all(Array.from({ length: events }, () => storage.intake.accept(acceptanceOf([]))));
  await storage.upkeep.close();
}

/** A connection that can stand in a move's way, until it is closed. */
async function connectTo(url: string): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

function startMove(path: string, url: string): { child: ChildProcess; stderr: () => string } {
  const args = [COMMAND, 'migrate', '--from', `sqlite:${path}`, '--to', url];
  const child = spawn(process.execPath, args, { env: environment({}), stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr!.on('data', (chunk) => (stderr += chunk));
  return { child, stderr: () => stderr };
}

/** Lets the command move events until it stands before the locked contents, then does as it is told. */
async function interrupt(
  path: string,
  url: string,
  how: (child: ChildProcess, unlock: () => Promise<unknown>) => Promise<void>,
): Promise<{ exitCode: number | null; stderr: string }> {
  await migrate({ url, log: silent });
  await using other = await connectTo(url);
  await other.query('BEGIN; LOCK TABLE content IN SHARE MODE');
  await using watch = await connectTo(url);
  const { child, stderr } = startMove(path, url);
  const gone = once(child, 'close');
  try {
    const deadline = Date.now() + WITHIN_MS;
    for (;;) {
      const waits = `SELECT 1 FROM pg_stat_activity
        WHERE application_name = 'posthorn move' AND wait_event_type = 'Lock' AND datname = current_database()`;
      if ((await watch.query(waits)).rows.length > 0) break;
      assert.ok(Date.now() < deadline && child.exitCode === null, `it comes to the contents: ${stderr()}`);
      await sleep(20);
    }
    await how(child, () => other.query('COMMIT'));
    await gone;
  } finally {
    child.kill('SIGKILL');
  }
  return { exitCode: child.exitCode, stderr: stderr() };
}

async function doneOf(url: string, table: string): Promise<number> {
  await using client = await connectTo(url);
  return Number((await client.query('SELECT done FROM move WHERE name = $1', [table])).rows[0].done);
}

interface Told {
  readonly isWhole: boolean;
  readonly tables: readonly { table: string; source: number; target: number; isSame: boolean }[];
}

async function finishMove(path: string, url: string): Promise<Told> {
  const { exitCode, stdout, stderr } = await run(
    ['migrate', '--from', `sqlite:${path}`, '--to', url, '--json'],
    {},
  );
  assert.equal(exitCode, 0, stderr);
  return JSON.parse(stdout) as Told;
}

test('a server goes on as a node: same ids, tokens and signing keys, and what waited is delivered', async () => {
  using folder = temporaryFolder();
  await using receiver = await startReceiver();
  receiver.answer(500, 200);
  const url = await (await testPostgres()).createDatabase();
  const port = await freePort();
  const settings = { POSTHORN_DATA_DIR: folder.path, POSTHORN_RETRY_SCHEDULE: '[3, 3]' };
  await using server = new ServerProcess(port, settings);
  await server.start();
  const token = await server.token();
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await request<T>(`${server.url}/api/v1/app${path}`, { method, token, body });
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status}`);
    return answer.body;
  };
  const list = () =>
    Promise.all(['', '/a', '/a/endpoint', '/a/endpoint/e/secret', '/a/msg'].map((path) => ask('GET', path)));
  await ask('POST', '', { name: 'A', uid: 'a' });
  await ask('POST', '/a/endpoint', { url: receiver.url, uid: 'e', description: 'Zoë' });
  const { id } = await ask<{ id: string }>('POST', '/a/msg', {
    eventType: 'a.b',
    payload: { n: 1 },
    eventId: 'own',
  });
  await receiver.waitFor(1);
  const isRecorded = async () =>
    (await ask<{ data: unknown[] }>('GET', `/a/attempt/msg/${id}`)).data.length === 1;
  await until('the attempt is recorded', isRecorded);
  const before = await list();
  await server.end('SIGTERM');

  const moved = await run(['migrate', '--from', `sqlite:${join(folder.path, 'posthorn.db')}`], {
    POSTHORN_DATABASE_URL: url,
  });
  assert.equal(moved.exitCode, 0, moved.stderr);
  assert.match(moved.stdout, /^event +1 +1 {2}✓$/m);
  const secretsFile = join(folder.path, 'secrets.json');
  assert.ok(moved.stderr.includes(`mainSecret and jwtSecret of ${secretsFile}`), moved.stderr);

  const secrets = JSON.parse(readFileSync(secretsFile, 'utf8')) as { mainSecret: string; jwtSecret: string };
  const ofNode = {
    POSTHORN_DATABASE_URL: url,
    POSTHORN_MAIN_SECRET: secrets.mainSecret,
    POSTHORN_JWT_SECRET: secrets.jwtSecret,
  };
  const wrong = await run(['doctor'], { ...ofNode, POSTHORN_MAIN_SECRET: 'another secret of enough length' });
  assert.match(wrong.stdout, /main secret +does not fit the store/);
  await using node = new ServerProcess(port, ofNode);
  await node.start();
  assert.deepEqual(await list(), before);
  const [, second] = await receiver.waitFor(2, WITHIN_MS);
  assert.equal(second!.headers['webhook-id'], id);
});

test('what a server received goes on at a node: same URL, bytes, credentials, refusals and states, and it is found', async () => {
  using folder = temporaryFolder();
  await using receiver = await startReceiver();
  const url = await (await testPostgres()).createDatabase();
  const port = await freePort();
  await using server = new ServerProcess(port, { POSTHORN_DATA_DIR: folder.path });
  await server.start();
  const token = await server.token();
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await request<T>(`${server.url}/api/v1${path}`, { method, token, body });
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const source = await ask<{ url: string }>('POST', '/source', { name: 'Zoë', uid: 's', ...CALLED_SOURCE });
  const destination = await ask<{ id: string }>('POST', '/destination', { url: receiver.url });
  await ask('POST', '/flow', { name: 'f', uid: 'f', sources: ['s'], destinations: [destination.id] });
  const input = { everySeconds: 1 };
  await ask('POST', '/source', { name: 'clock', uid: 'clock', kind: 'schedule', input });
  const isOfSecond = async (from: number): Promise<boolean> =>
    (await ask<{ data: unknown[] }>('GET', '/event?source=clock')).data.length > from;
  const body = (n: number): string => `{ "once":"${n}", "customer" : {"id":${n}} }`;
  const send = (n: number, secret?: string) => {
    const headers = [...signedByGithub(body(n), secret ?? GITHUB_SECRET), ['Authorization', `Bearer ${n}`]];
    return fetch(source.url, { method: 'PUT', headers: headers as [string, string][], body: body(n) });
  };
  assert.equal((await send(42)).status, 202);
  assert.equal((await send(43, 'a wrong secret')).status, 401);
  await receiver.waitFor(1);
  const id = receiver.requests[0]!.headers['posthorn-event-id'];
  await until('the clock has fired', () => isOfSecond(0));
  await ask('PATCH', '/source/clock', { disabled: true });
  const isRecorded = async (): Promise<boolean> =>
    (await ask<{ deliveries: { state: string }[] }>('GET', `/event/${id}`)).deliveries[0]!.state ===
    'delivered';
  await until('the delivery is recorded', isRecorded);
  const paths = ['/source', '/source/s/rejection', '/source/clock/health', '/flow', '/destination'];
  const list = () =>
    Promise.all([...paths, `/event/${id}`, '/event?source=clock'].map((path) => ask('GET', path)));
  const before = await list();
  await server.end('SIGTERM');

  assert.equal((await finishMove(join(folder.path, 'posthorn.db'), url)).isWhole, true);
  const secrets = JSON.parse(readFileSync(join(folder.path, 'secrets.json'), 'utf8'));
  await using node = new ServerProcess(port, {
    POSTHORN_DATABASE_URL: url,
    POSTHORN_MAIN_SECRET: secrets.mainSecret,
    POSTHORN_JWT_SECRET: secrets.jwtSecret,
  });
  await node.start();
  assert.deepEqual(await list(), before);
  const found = async (n: number) =>
    (await ask<{ data: { id: string }[] }>('GET', `/event?where=body.customer.id=${n}`)).data.map(
      (e) => e.id,
    );
  assert.deepEqual(await found(42), [id]);
  const again = await send(42);
  assert.equal(again.headers.get('posthorn-event-id'), id, 'its dedupe key is known');
  await ask('POST', `/event/${id}/replay`, {});
  const replayed = (await receiver.waitFor(2, WITHIN_MS))[1]!;
  assert.deepEqual(
    [replayed.method, replayed.body.toString(), replayed.headers.authorization],
    ['PUT', body(42), 'Bearer 42'],
  );
  const next = (await (await send(44)).json()) as { id: string };
  assert.equal((await receiver.waitFor(3, WITHIN_MS))[2]!.headers['posthorn-event-id'], next.id);
  assert.deepEqual(await found(44), [next.id]);
  const { length } = (await ask<{ data: unknown[] }>('GET', '/event?source=clock')).data;
  await ask('PATCH', '/source/clock', { disabled: false });
  await until('the clock goes on', () => isOfSecond(length));
});

test('a move that is killed goes on where it was', async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'posthorn.db');
  await fill(path);
  const url = await (await testPostgres()).createDatabase();
  await interrupt(path, url, async (child) => void child.kill('SIGKILL'));
  assert.equal(await doneOf(url, 'event'), EVENTS);
  assert.equal(await doneOf(url, 'content'), 0);
  const started = await run(['start'], { ...SECRETS, POSTHORN_DATABASE_URL: url });
  assert.equal(started.exitCode, 4, started.stderr);
  assert.match(started.stderr, /^posthorn: [^\n]*has not finished; run the same posthorn migrate [^\n]+\n$/);
  const { isWhole, tables } = await finishMove(path, url);
  assert.equal(isWhole, true);
  const events = tables.find(({ table }) => table === 'event');
  assert.deepEqual(events, { table: 'event', source: EVENTS, target: EVENTS, isSame: true });
});

test('Ctrl-C ends a move between two pages, and it says how to go on', async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'posthorn.db');
  await fill(path);
  const url = await (await testPostgres()).createDatabase();
  const { exitCode, stderr } = await interrupt(path, url, async (child, unlock) => {
    child.kill('SIGINT');
    // It has come, or it would end the process.
    await sleep(100);
    await unlock();
  });
  assert.equal(exitCode, 130, stderr);
  assert.match(stderr, /stopped\. The same command goes on from here/);
  const done = await doneOf(url, 'content');
  assert.ok(done > 0 && done < EVENTS);
  assert.equal((await finishMove(path, url)).isWhole, true);
});

test('a move whose database goes away says so in one sentence, and goes on when it is back', async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'posthorn.db');
  await fill(path);
  const url = await (await testPostgres()).createDatabase();
  const { exitCode, stderr } = await interrupt(path, url, async () => {
    await using admin = await connectTo(url);
    await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'posthorn move' AND datname = current_database()`,
    );
  });
  assert.equal(exitCode, 4, stderr);
  assert.match(stderr, /\nposthorn: postgres:\/\/[^\n]+ is gone \([^\n]+run the same command again[^\n]+\n$/);
  assert.equal((await finishMove(path, url)).isWhole, true);
});

test('what the command cannot use it refuses in one sentence, and changes nothing', async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'posthorn.db');
  await fill(path, 1);
  const before = readFileSync(path);
  const url = await (await testPostgres()).createDatabase();
  const from = `sqlite:${path}`;
  const cases: readonly [exitCode: number, words: RegExp, ...args: string[]][] = [
    [2, /--from: names the embedded store/, '--to', url],
    [2, /--from: names the embedded store/, '--from', path, '--to', url],
    [2, /--to: names the database/, '--from', from],
    [2, /--to: needs postgres:\/\//, '--from', from, '--to', 'mysql://a/b'],
    [4, /does not exist/, '--from', `${from}x`, '--to', url],
    [4, /does not answer/, '--from', from, '--to', `postgres://a@127.0.0.1:${await freePort()}/b`],
    [4, /login|password|authentication/, '--from', from, '--to', url.replace(/:[^:@/]+@/, ':wrong@')],
  ];
  for (const [exitCode, words, ...args] of cases) {
    const refused = await run(['migrate', ...args], {});
    assert.equal(refused.exitCode, exitCode, refused.stderr);
    assert.match(refused.stderr, /^posthorn: [^\n]+\n$/);
    assert.match(refused.stderr, words);
  }
  assert.deepEqual(readFileSync(path), before);
  await using client = await connectTo(url);
  assert.deepEqual((await client.query(`SELECT to_regclass('meta') AS meta`)).rows, [{ meta: null }]);
});
