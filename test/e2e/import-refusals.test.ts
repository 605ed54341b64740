/** Servers that an import cannot read, or not at once, and what it says then. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { startPosthorn } from '../support/posthorn.ts';
import { certificate, TEST_CA } from '../support/tls/certificates.ts';
import { type Finished, freePort, run, ServerProcess, temporaryFolder } from './command.ts';

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** A server of its own on loopback; counts what it was asked. */
async function serve(listener: Listener): Promise<{ url: string; asked: string[] } & AsyncDisposable> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    listener(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const json = (response: ServerResponse, body: unknown, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};
const list = (data: readonly unknown[]) => ({ data, iterator: null, prevIterator: null, done: true });

/** A server that serves these documents by path, and a 404 for everything else. */
const serveDocuments = (documents: Readonly<Record<string, unknown>>) =>
  serve((request, response) => {
    const path = request.url?.split('?')[0] ?? '';
    if (path in documents) json(response, documents[path]);
    else json(response, { code: 'not_found', detail: 'Entity not found' }, 404);
  });

function importFrom(from: string, dataDir: string, ...more: string[]): Promise<Finished> {
  return run(['import', '--from', from, ...more], {
    POSTHORN_DATA_DIR: dataDir,
    POSTHORN_IMPORT_TOKEN: 'some.token',
  });
}

test('a busy server is asked again, when it says so, and everything comes', async () => {
  await using old = await startPosthorn();
  using folder = temporaryFolder();
  await old.sdk.application.create({ name: 'Ada', uid: 'ada' });
  await old.sdk.endpoint.create('ada', { url: 'https://ada.example/in', uid: 'main' });
  const asks = new Map<string, number[]>();
  let tooEarlyMs = 0;
  await using front = await serve(async (request, response) => {
    const path = request.url?.split('?')[0] ?? '';
    const times = asks.get(path) ?? [];
    asks.set(path, [...times, Date.now()]);
    const isBusy = /\/(app|secret)$/.test(path);
    if (isBusy && times.length === 0) {
      response.writeHead(429, { 'retry-after': '1' }).end('slow down');
      return;
    }
    if (isBusy && times.length === 1) {
      tooEarlyMs = Math.max(tooEarlyMs, times[0]! + 1000 - Date.now());
      response.writeHead(503).end();
      return;
    }
    const answer = await fetch(old.url + request.url, {
      headers: { authorization: request.headers.authorization ?? '' },
    });
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
  });
  const { exitCode, stdout } = await importFrom(front.url, folder.path, '--token', old.token, '--json');
  assert.equal(exitCode, 0, stdout);
  const { counts } = JSON.parse(stdout) as { counts: Record<string, { new: number }> };
  assert.deepEqual([counts.applications?.new, counts.endpoints?.new], [1, 1]);
  assert.ok(tooEarlyMs <= 50, `asked ${tooEarlyMs} ms before it was allowed to`);
});

test('what cannot be imported from is told in one sentence, and nothing is made here', async () => {
  await using old = await startPosthorn();
  await using page = await serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Welcome</title>');
  });
  await using api = await serve((_request, response) => json(response, { message: 'hello' }));
  await using elsewhere = await serve((_request, response) => json(response, list([])));
  await using moved = await serve((_request, response) => {
    response.writeHead(308, { location: `${elsewhere.url}/api/v1/app` }).end();
  });
  const { token: appToken } = await old.sdk.authentication.appPortalAccess(
    (await old.sdk.application.create({ name: 'Ada' })).id,
    {},
  );
  using folder = temporaryFolder();
  const dataDir = join(folder.path, 'data');
  for (const [from, token, exitCode, sentence] of [
    [page.url, 't', 7, /does not answer like a Svix-compatible server \(.*text\/html\)/],
    [api.url, 't', 7, /does not answer like a Svix-compatible server/],
    [`${old.url}/nowhere`, old.token, 7, /does not answer like a Svix-compatible server \(.*404\)/],
    [`http://127.0.0.1:${await freePort()}`, 't', 7, /refused the connection.*is --from the address/],
    [moved.url, 't', 7, new RegExp(`redirects to ${elsewhere.url}, where the token is not sent`)],
    [old.url, 'wrong', 7, /does not take the token \(401\)/],
    [old.url, appToken, 7, /may not read \/api\/v1\/app \(403\)/],
    ['webhooks.example.com', 't', 2, /--from/],
    ['https://user:password@webhooks.example.com', 't', 2, /--from/],
    [old.url, ' ', 2, /--token/],
  ] as const) {
    const { stdout, stderr, ...ended } = await importFrom(from, dataDir, '--token', token);
    assert.equal(ended.exitCode, exitCode, `${from}: ${stderr}`);
    assert.equal(stdout, '');
    assert.match(stderr, /^posthorn: [^\n]+\n$/, 'one sentence');
    assert.match(stderr, sentence);
    assert.ok(!stderr.includes('password'));
  }
  assert.deepEqual(elsewhere.asked, []);
  assert.ok(!existsSync(dataDir));
});

test('a store that a server is serving from is left alone', async () => {
  using folder = temporaryFolder();
  await using old = await serveDocuments({ '/api/v1/app': list([]), '/api/v1/event-type': list([]) });
  await using server = new ServerProcess(await freePort(), { POSTHORN_DATA_DIR: folder.path });
  await server.start();
  const { exitCode, stderr } = await importFrom(old.url, folder.path);
  assert.equal(exitCode, 3);
  assert.ok(stderr.includes(String(server.pid)), stderr);
});

test('over TLS the certificate decides, and the machine’s own authorities count', async () => {
  using folder = temporaryFolder();
  const server = createTlsServer(certificate('server'), (_request, response) => json(response, list([])));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const args = ['import', '--from', `https://127.0.0.1:${(server.address() as { port: number }).port}`];
  const settings = { POSTHORN_DATA_DIR: folder.path, POSTHORN_IMPORT_TOKEN: 'some.token' };
  const refused = await run(args, settings);
  const authority = join(folder.path, 'ca.pem');
  writeFileSync(authority, TEST_CA);
  const trusted = await run(args, { ...settings, NODE_EXTRA_CA_CERTS: authority });
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  assert.equal(refused.exitCode, 7);
  assert.match(refused.stderr, /its certificate is from an authority that is not trusted/);
  assert.equal(trusted.exitCode, 0, trusted.stderr);
});

test('the token can come from a file', async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, 'token');
  await using old = await serve((request, response) => {
    if (request.headers.authorization === 'Bearer in.a.file') json(response, list([]));
    else json(response, { code: 'authentication_failed', detail: 'Invalid token' }, 401);
  });
  const settings = { POSTHORN_DATA_DIR: join(folder.path, 'data'), POSTHORN_IMPORT_TOKEN_FILE: file };
  const missing = await run(['import', '--from', old.url], settings);
  assert.deepEqual([missing.exitCode, /cannot read/.test(missing.stderr)], [2, true]);
  writeFileSync(file, 'in.a.file\n');
  assert.equal((await run(['import', '--from', old.url], settings)).exitCode, 0);
});

const SECRET = { key: `whsec_${'A'.repeat(32)}` };
const NO_HEADERS = { headers: {}, sensitive: [] };

test('an older server without the optional routes is enough, and ids of another form are made anew, once', async () => {
  using folder = temporaryFolder();
  const at = '2024-01-02T03:04:05Z';
  const endpoints = [
    {
      id: 'ep_1',
      url: 'https://a.example/',
      description: '',
      metadata: {},
      createdAt: at,
      updatedAt: at,
      rateLimit: 5,
    },
    { id: 'ep_2', url: 'ftp://a.example/', description: '', metadata: {}, createdAt: at, updatedAt: at },
    { id: 'ep_3', url: 'https://a.example/3', description: '', metadata: {}, createdAt: at, updatedAt: at },
  ];
  await using old = await serveDocuments({
    '/api/v1/event-type': list([{ name: 'a.b', description: '', deprecated: false, featureFlag: 'beta' }]),
    '/api/v1/app': list([
      { id: 'app_1', name: 'One', metadata: {}, createdAt: at, updatedAt: at, throttleRate: 0 },
    ]),
    '/api/v1/app/app_1/endpoint': list(endpoints),
    '/api/v1/app/app_1/endpoint/ep_1/secret': { key: 'A'.repeat(32) },
    '/api/v1/app/app_1/endpoint/ep_1/headers': NO_HEADERS,
    '/api/v1/app/app_1/endpoint/ep_2/secret': SECRET,
    '/api/v1/app/app_1/endpoint/ep_2/headers': NO_HEADERS,
  });
  interface Told {
    readonly counts: Readonly<Record<string, unknown>>;
    readonly leftBehind: readonly { readonly subject: string; readonly reason: string }[];
    readonly notes: readonly string[];
  }
  const told = async (): Promise<Told> => {
    const { exitCode, stdout } = await importFrom(old.url, folder.path, '--json');
    assert.equal(exitCode, 6);
    return JSON.parse(stdout) as Told;
  };
  const first = await told();
  const zero = { found: 0, new: 0, updated: 0, unchanged: 0, skipped: 0, incomplete: 0 };
  assert.deepEqual(first.counts, {
    'event types': { ...zero, found: 1, new: 1 },
    applications: { ...zero, found: 1, new: 1 },
    endpoints: { ...zero, found: 3, new: 1, skipped: 2 },
    'operational webhook endpoints': zero,
    integrations: zero,
  });
  assert.deepEqual(first.leftBehind.map(({ subject }) => subject).sort(), ['ep_2 of app_1', 'ep_3 of app_1']);
  assert.match(first.leftBehind.map(({ reason }) => reason).join(), /deleted while it was read/);
  const notes = first.notes.join('\n');
  assert.match(notes, /app_1 has a new id here, app_\w{27}:/);
  assert.match(notes, /ep_1 of app_1 has a new id here, ep_\w{27}:/);
  assert.match(notes, /Operational webhook endpoints are not offered there \(404\)/);

  const again = await told();
  assert.deepEqual(again.counts.endpoints, { ...zero, found: 3, unchanged: 1, skipped: 2 });
  assert.deepEqual(again.notes.toSorted(), first.notes.toSorted(), 'the ids made here are the same');
});

test('a document that its server cannot read is skipped; one that goes away in mid-import ends it, and the next goes on', async () => {
  using folder = temporaryFolder();
  const at = '2024-01-02T03:04:05Z';
  const application = (id: string) => ({ id, name: id, metadata: {}, createdAt: at, updatedAt: at });
  let isAway = true;
  await using old = await serve((request, response) => {
    const path = request.url?.split('?')[0] ?? '';
    if (path === '/api/v1/event-type') json(response, list([]));
    else if (path === '/api/v1/app') json(response, list([application('app_1'), application('app_2')]));
    else if (path === '/api/v1/app/app_1/endpoint')
      json(response, list([{ ...application('ep_1'), url: 'https://a.example/' }]));
    else if (path.endsWith('/secret')) json(response, { code: 'server_error', detail: '' }, 500);
    else if (path === '/api/v1/app/app_2/endpoint' && isAway)
      response.writeHead(503, { 'retry-after': '3600' }).end();
    else if (path === '/api/v1/app/app_2/endpoint') json(response, list([]));
    else json(response, {}, 404);
  });
  const first = await importFrom(old.url, folder.path);
  assert.equal(first.exitCode, 7, first.stdout);
  assert.match(first.stderr, /^posthorn: .*asks to wait 3600 s.*it goes on from there\.\n$/);
  isAway = false;
  const second = await importFrom(old.url, folder.path, '--json');
  assert.equal(second.exitCode, 6);
  const { counts, leftBehind } = JSON.parse(second.stdout) as {
    counts: Record<string, Record<string, number>>;
    leftBehind: { reason: string }[];
  };
  assert.deepEqual([counts.applications?.unchanged, counts.endpoints?.skipped], [2, 1]);
  assert.match(leftBehind[0]!.reason, /answers 500/);
});

test('a list that never ends is given up', async () => {
  using folder = temporaryFolder();
  await using old = await serve((request, response) => {
    const isTypes = request.url?.startsWith('/api/v1/event-type') === true;
    const data = isTypes ? [{ name: 'a', description: '' }] : [];
    json(response, { data, iterator: 'a', prevIterator: null, done: !isTypes });
  });
  const { exitCode, stderr } = await importFrom(old.url, folder.path);
  assert.equal(exitCode, 7);
  assert.match(stderr, /a list without an end/);
  assert.ok(old.asked.length < 10);
});
