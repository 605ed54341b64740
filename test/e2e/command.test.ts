import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort, run, ServerProcess, temporaryFolder } from './command.ts';

const oneSentence = (stderr: string): void => {
  assert.match(stderr, /^posthorn: [^\n]+\n$/, 'one sentence, no stack trace');
};

test('the first start makes secrets that only the owner can read, and a token works at once', async () => {
  using folder = temporaryFolder();
  await using server = new ServerProcess(await freePort(), { POSTHORN_DATA_DIR: join(folder.path, 'data') });
  await server.start();
  assert.equal(statSync(join(folder.path, 'data', 'secrets.json')).mode & 0o777, 0o600);
  const token = await server.token('org_acme');
  const answer = await fetch(`${server.url}/api/v1/app`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 200);
  assert.match(server.stderr, /curl -s http/);
  assert.equal(await server.end('SIGTERM'), 0, 'SIGTERM ends it cleanly');
});

test('a second start on the same file says which process holds it, and the first goes on', async () => {
  using folder = temporaryFolder();
  await using server = new ServerProcess(await freePort(), { POSTHORN_DATA_DIR: folder.path });
  await server.start();
  const second = await run(['start'], {
    POSTHORN_DATA_DIR: folder.path,
    POSTHORN_LISTEN: `127.0.0.1:${await freePort()}`,
  });
  assert.equal(second.exitCode, 3);
  oneSentence(second.stderr);
  assert.ok(second.stderr.includes(String(server.pid)), second.stderr);
  assert.equal((await fetch(`${server.url}/api/v1/health/ping`)).status, 204);
});

test('migrate refuses while a server runs; backup and doctor work beside it', async () => {
  using folder = temporaryFolder();
  const settings = { POSTHORN_DATA_DIR: join(folder.path, 'data') };
  await using server = new ServerProcess(await freePort(), settings);
  await server.start();
  const token = await server.token();
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  await fetch(`${server.url}/api/v1/app`, { method: 'POST', headers, body: '{"name":"Kept","uid":"kept"}' });

  assert.equal((await run(['migrate'], settings)).exitCode, 3);
  const copy = join(folder.path, 'restored', 'posthorn.db');
  mkdirSync(join(folder.path, 'restored'));
  const backup = await run(['--json', 'backup', copy], settings);
  assert.equal(backup.exitCode, 0, backup.stderr);
  assert.equal((JSON.parse(backup.stdout) as { file: string }).file, copy);
  assert.equal((await run(['backup', copy], settings)).exitCode, 2, 'an existing file is not overwritten');
  const doctor = await run(['--json', 'doctor'], { ...settings, ...server.settings });
  assert.equal(doctor.exitCode, 0, doctor.stdout + doctor.stderr);

  await server.end('SIGTERM');
  assert.equal((await run(['migrate'], settings)).exitCode, 0);
  const secrets = JSON.parse(
    readFileSync(join(settings.POSTHORN_DATA_DIR, 'secrets.json'), 'utf8'),
  ) as Record<string, string>;
  await using restored = new ServerProcess(await freePort(), {
    POSTHORN_DATA_DIR: join(folder.path, 'restored'),
    POSTHORN_MAIN_SECRET: secrets.mainSecret!,
    POSTHORN_JWT_SECRET: secrets.jwtSecret!,
  });
  await restored.start();
  assert.equal((await fetch(`${restored.url}/api/v1/app/kept`, { headers })).status, 200, 'the copy serves');
});

test('a taken port is told in one sentence', async () => {
  using folder = temporaryFolder();
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as { port: number };
  const result = await run(['start'], {
    POSTHORN_DATA_DIR: folder.path,
    POSTHORN_LISTEN: `127.0.0.1:${port}`,
  });
  other.close();
  assert.equal(result.exitCode, 5);
  oneSentence(result.stderr);
  assert.match(result.stderr, /taken by another program/);
});

test('wrong settings and arguments are told in one sentence and change nothing', async () => {
  using folder = temporaryFolder();
  const data = join(folder.path, 'data');
  for (const [args, settings, pattern] of [
    [['start'], { POSTHORN_LISTEN: 'nowhere' }, /POSTHORN_LISTEN/],
    [['start'], { POSTHORN_RETRY_SCHEDULE: 'soon' }, /POSTHORN_RETRY_SCHEDULE/],
    [['start'], { POSTHORN_LISTN: 'x' }, /is not a setting/],
    [
      ['start'],
      { POSTHORN_DATABASE_URL: 'postgres://localhost/x' },
      /POSTHORN_MAIN_SECRET: must be set in cluster mode/,
    ],
    [['start', '--config', join(folder.path, 'none.yaml')], {}, /none\.yaml/],
    [['token', 'acme'], {}, /org_/],
    [['token', '--hours', 'x'], {}, /--hours/],
    [['backup', join(folder.path, 'copy.db')], {}, /not|no store/],
  ] as const) {
    const result = await run(args, { POSTHORN_DATA_DIR: data, ...settings });
    assert.ok(
      result.exitCode === 2 || result.exitCode === 4,
      `${args.join(' ')}: exit ${result.exitCode} ${result.stderr}`,
    );
    oneSentence(result.stderr);
    assert.match(result.stderr, pattern);
  }
  assert.ok(!existsSync(join(data, 'posthorn.db')));
  assert.equal((await run(['strat'], {})).exitCode, 2);
});

test('a file that is not a database, and one from a newer version, are refused and left as they are', async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, 'posthorn.db');
  writeFileSync(file, 'this is my diary, not a database. '.repeat(200));
  const before = readFileSync(file);
  const result = await run(['start'], { POSTHORN_DATA_DIR: folder.path });
  assert.equal(result.exitCode, 4);
  oneSentence(result.stderr);
  assert.deepEqual(readFileSync(file), before);
  const json = await run(['--json', 'start'], { POSTHORN_DATA_DIR: folder.path });
  assert.equal((JSON.parse(json.stdout) as { error: { code: string } }).error.code, 'not-a-database');
});

test('a data folder that cannot be made is told in one sentence', async () => {
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, 'file'), '');
  // A path below a plain file cannot be made by anybody, root included.
  const result = await run(['start'], { POSTHORN_DATA_DIR: join(folder.path, 'file', 'data') });
  assert.equal(result.exitCode, 2);
  oneSentence(result.stderr);
  assert.match(result.stderr, /POSTHORN_DATA_DIR/);
});
