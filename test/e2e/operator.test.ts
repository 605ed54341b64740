/** What careless operators do to the built command, and what it does then. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort, run, ServerProcess, temporaryFolder } from './command.ts';

const PAGE_BYTES = 8192;

async function withEndpoint(server: ServerProcess): Promise<void> {
  const headers = {
    authorization: `Bearer ${await server.token()}`,
    'content-type': 'application/json',
  };
  const post = (path: string, body: string) => fetch(server.url + path, { method: 'POST', headers, body });
  assert.equal((await post('/api/v1/app', '{"name":"a","uid":"a"}')).status, 201);
  assert.equal((await post('/api/v1/app/a/endpoint', '{"url":"https://x.example/"}')).status, 201);
}

test('a store without the secrets that it was made with is not served, and gets no new ones', async () => {
  using folder = temporaryFolder();
  const settings = { POSTHORN_DATA_DIR: folder.path };
  await using server = new ServerProcess(await freePort(), settings);
  await server.start();
  await withEndpoint(server);
  await server.end('SIGTERM');
  const secrets = join(folder.path, 'secrets.json');
  renameSync(secrets, `${secrets}.away`);
  const missing = await run(['start'], settings);
  assert.equal(missing.exitCode, 2);
  assert.match(missing.stderr, /^posthorn: [^\n]*secrets\.json: is missing, but the store holds[^\n]+\n$/);
  assert.equal((await run(['token'], settings)).exitCode, 2);
  assert.ok(!existsSync(secrets));
  const other = await run(['start'], {
    ...settings,
    POSTHORN_MAIN_SECRET: 'another secret of sufficient length',
    POSTHORN_JWT_SECRET: 'another secret of sufficient length',
  });
  assert.equal(other.exitCode, 2);
  assert.match(other.stderr, /POSTHORN_MAIN_SECRET: does not fit the store/);
  writeFileSync(secrets, 'null');
  assert.match((await run(['start'], settings)).stderr, /secrets\.json: holds no usable secret/);
  renameSync(`${secrets}.away`, secrets);
  await server.start();
});

test('a setting that only the wire can judge is told in one sentence, and the command ends', async () => {
  using folder = temporaryFolder();
  const refused = await run(['start'], { POSTHORN_DATA_DIR: folder.path, POSTHORN_NO_PROXY: 'a b/c' });
  assert.equal(refused.exitCode, 2);
  assert.match(refused.stderr, /^posthorn: POSTHORN_NO_PROXY: [^\n]+\n$/);
});

test('a store that is damaged inside is refused in one sentence', async () => {
  using folder = temporaryFolder();
  const settings = { POSTHORN_DATA_DIR: folder.path };
  await using server = new ServerProcess(await freePort(), settings);
  await server.start();
  await withEndpoint(server);
  await server.end('SIGTERM');
  const file = openSync(join(folder.path, 'posthorn.db'), 'r+');
  // Every page but the first, which the schema is on.
  for (let page = 1; page < 40; page++)
    writeSync(file, Buffer.alloc(PAGE_BYTES, 0xaa), 0, PAGE_BYTES, page * PAGE_BYTES);
  closeSync(file);
  const refused = await run(['start'], settings);
  assert.equal(refused.exitCode, 4);
  assert.match(refused.stderr, /^posthorn: [^\n]*damaged[^\n]*\n$/);
});

test('a connection that becomes idle while the server stops does not keep it from stopping', async () => {
  using folder = temporaryFolder();
  const port = await freePort();
  await using server = new ServerProcess(port, { POSTHORN_DATA_DIR: folder.path });
  await server.start();
  const token = await server.token();
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk));
  socket.write(
    `POST /api/v1/app HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Length: 12\r\n\r\n{"name"`,
  );
  // Answered in order of arrival: what was written before is being read by now.
  assert.equal((await fetch(`${server.url}/api/v1/health/ping`)).status, 204);
  const closed = once(socket, 'close');
  const ended = server.end('SIGTERM');
  while (!server.stderr.includes('stopping')) await new Promise((resolve) => setTimeout(resolve, 10));
  socket.write(':"x"}');
  assert.equal(await ended, 0);
  await closed;
  assert.match(answer, /^HTTP\/1\.1 201 /);
});
