import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { startPosthorn, type TestPosthorn } from '../../test/support/posthorn.ts';
import { PROBLEMS } from '../core/problem.ts';

const BODY_BYTES_MAX = 10_000;
let hub: TestPosthorn;
before(async () => {
  hub = await startPosthorn({ http: { bodyBytesMax: BODY_BYTES_MAX, metricsToken: 'metrics-token' } });
});
after(() => hub.stop());

/** Sends bytes as they are and gives what comes back until the server closes. */
function exchange(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(hub.url).port), '127.0.0.1', () => socket.end(bytes));
    let text = '';
    socket.on('data', (part) => {
      text += part.toString();
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}

test('a trailing slash is accepted on every route', async () => {
  for (const path of ['/api/v1/app/', '/api/v1/event-type/', '/api/v1/health/ping/', '/docs/']) {
    assert.ok((await hub.call('GET', path)).status < 300, path);
  }
});

test('an unknown path is 404, a known path with another method 405 with Allow', async () => {
  const unknown = await hub.call('GET', '/api/v1/nothing');
  assert.deepEqual([unknown.status, unknown.json.code, unknown.json.status], [404, 'not_found', 404]);
  const compatible = await hub.call('POST', '/api/v1/app/x');
  assert.equal(compatible.status, 405);
  assert.deepEqual(Object.keys(compatible.json), ['code', 'detail']);
  assert.equal(compatible.headers.get('allow'), 'DELETE, GET, PATCH, PUT');
});

test('malformed JSON is 422 with the type that says so, whatever the Content-Type', async () => {
  for (const type of ['application/json', 'text/plain', 'application/json; charset=latin1']) {
    const answer = await hub.call('POST', '/api/v1/app', {
      body: '{"name":',
      headers: { 'content-type': type },
    });
    assert.equal(answer.status, 422);
    assert.deepEqual(
      [answer.json.detail[0].loc, answer.json.detail[0].type],
      [['body'], 'value_error.jsondecode'],
    );
  }
});

test('a body over the limit is 413 and says the limit, also when it comes without a length', async () => {
  const body = JSON.stringify({ name: 'x'.repeat(BODY_BYTES_MAX) });
  const answer = await hub.call('POST', '/api/v1/app', { body });
  assert.deepEqual([answer.status, answer.json.code], [413, 'payload_too_large']);
  assert.match(answer.json.detail, /10000 bytes/);
  const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const chunked = await exchange(
    `POST /api/v1/app HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${hub.token}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`,
  );
  assert.match(chunked, /^HTTP\/1\.1 413/);
});

test('compressed bodies are 415, a malformed Content-Type too', async () => {
  const compressed = await hub.call('POST', '/api/v1/app', {
    body: '{}',
    headers: { 'content-encoding': 'gzip' },
  });
  assert.deepEqual([compressed.status, compressed.json.code], [415, 'unsupported_media_type']);
  const malformed = await hub.call('POST', '/api/v1/app', {
    body: '{}',
    headers: { 'content-type': 'nonsense' },
  });
  assert.equal(malformed.status, 415);
});

test('a query value that cannot be read is 400, one out of range 422', async () => {
  assert.equal((await hub.call('GET', '/api/v1/app?limit=many')).status, 400);
  assert.equal((await hub.call('GET', '/api/v1/app?limit=251')).status, 422);
});

test('hostile paths are refused and break nothing', async () => {
  for (const path of [
    '/api/v1/app/%',
    '/api/v1/app/%ff',
    `/api/v1/app/${'x'.repeat(2000)}`,
    '/api/v1/app/..%2f..%2fetc',
  ]) {
    const { status, json } = await hub.call('GET', path);
    assert.ok([400, 404].includes(status), `${path.slice(0, 30)}: ${status}`);
    assert.equal(typeof json.detail, 'string', path.slice(0, 30));
  }
});

test('requests that are no HTTP, and headers without end, are refused', async () => {
  assert.match(await exchange('GET nonsense\r\n\r\n'), /^HTTP\/1\.1 400[\s\S]*"code":"generic_error"/);
  const headers = Array.from({ length: 400 }, (_, index) => `X-${index}: ${'y'.repeat(100)}\r\n`).join('');
  assert.match(await exchange(`GET /api/v1/health HTTP/1.1\r\nHost: x\r\n${headers}\r\n`), /^HTTP\/1\.1 431/);
  assert.match(
    await exchange('POST /api/v1/app HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"name"'),
    /^HTTP\/1\.1 400[\s\S]*before it was whole/,
  );
  assert.ok(!hub.lines.some(({ event }) => event === 'operation.failed'), 'a lost client is no bug');
});

test('a bug is answered without its cause, and logged with it', async () => {
  const { catalog } = hub.storage;
  const { list } = catalog;
  catalog.list = () => Promise.reject(new Error('secret cause'));
  try {
    const answer = await hub.call('GET', '/api/v1/app');
    assert.deepEqual([answer.status, answer.json.code], [500, 'server_error']);
    assert.doesNotMatch(answer.text, /secret cause/);
    const line = hub.lines.findLast(({ event }) => event === 'operation.failed');
    assert.match(String(line?.fields.cause), /secret cause/);
    assert.ok(answer.json.detail.includes(String(line?.fields.requestId)));
  } finally {
    catalog.list = list;
  }
});

test('each answer leaves one line: ids first, no token and no body', async () => {
  const from = hub.lines.length;
  await hub.call('POST', '/api/v1/app', { body: { name: 'in-the-body' } });
  const lines = hub.lines.slice(from).filter(({ event }) => event === 'operation.answered');
  assert.equal(lines.length, 1);
  const { fields } = lines[0]!;
  assert.deepEqual(
    [fields.operation, fields.organization, fields.status],
    ['application.create', hub.organization, 201],
  );
  assert.doesNotMatch(JSON.stringify(fields), /in-the-body|Bearer|eyJ/);
});

test('a refusal of somebody known is logged with organization and actor', async () => {
  const { sdk, organization } = hub;
  const app = await sdk.application.create({ name: 'logged', uid: 'logged' });
  const { token } = await sdk.authentication.appPortalAccess(app.id, {});
  const from = hub.lines.length;
  await hub.call('POST', '/api/v1/app', { body: { name: 'again', uid: 'logged' } });
  await hub.call('POST', '/api/v1/app', { body: {} });
  await hub.call('GET', '/api/v1/app/unknown');
  await hub.call('GET', '/api/v1/app', { token });
  await hub.call('GET', '/api/v1/app', { token: null });
  const lines = hub.lines.slice(from).filter(({ event }) => event === 'operation.answered');
  assert.deepEqual(
    lines.map(({ fields }) => [fields.status, fields.code, fields.organization, fields.actor]),
    [
      [409, 'conflict', organization, organization],
      [422, 'validation', organization, organization],
      [404, 'not_found', organization, organization],
      [403, 'insufficient access', organization, app.id],
      [401, 'authentication_failed', undefined, undefined],
    ],
  );
});

test('the metrics ask for their token and have a bounded set of labels', async () => {
  assert.equal((await hub.call('GET', '/metrics')).status, 401);
  for (let index = 0; index < 3; index++) await hub.call('GET', `/api/v1/app/unknown-${index}`);
  const { status, text } = await hub.call('GET', '/metrics', { token: 'metrics-token' });
  assert.equal(status, 200);
  assert.match(
    text,
    /posthorn_http_requests_total\{method="GET",route="\/api\/v1\/app\/\{app_id\}",status="4xx"\} \d+/,
  );
  assert.match(text, /^posthorn_events_accepted_total 0$/m);
  assert.match(text, /^posthorn_store_bytes \d+/m);
  assert.match(text, /^nodejs_eventloop_lag_seconds /m);
  assert.doesNotMatch(text, /unknown-1|org_/);
});

test('the documents are served without a token, and load nothing', async () => {
  const document = await hub.call('GET', '/openapi.json', { token: null });
  assert.equal(document.json.openapi, '3.1.0');
  const paths = ['/docs', '/problems', '/problems/not_found', '/problems/insufficient%20access', '/portal'];
  for (const path of paths) {
    const page = await hub.call('GET', path, { token: null });
    assert.equal(page.status, 200, path);
    assert.match(page.headers.get('content-security-policy')!, /default-src 'none'/);
    assert.doesNotMatch(page.text, /<script|<link|src=/);
  }
  assert.equal((await hub.call('GET', '/problems/nonsense', { token: null })).status, 404);
});

test('the front door leads to the documents', async () => {
  const { status, headers } = await hub.call('GET', '/', { token: null });
  assert.deepEqual([status, headers.get('location')], [302, '/docs']);
});

test('the list of problems leads to the page of each', async () => {
  const { text } = await hub.call('GET', '/problems', { token: null });
  const links = [...text.matchAll(/href="(\/problems\/[^"]+)"/g)].map(([, link]) => link!);
  assert.equal(links.length, Object.keys(PROBLEMS).length);
  for (const link of links) assert.equal((await hub.call('GET', link, { token: null })).status, 200, link);
});

test('a portal link says that the page is missing and that its token works, and shows nothing of it', async () => {
  const app = await hub.sdk.application.create({ name: 'linked' });
  const { url, token } = await hub.sdk.authentication.appPortalAccess(app.id, {});
  const { pathname, search } = new URL(url);
  const { status, text } = await hub.call('GET', `${pathname}${search}`, { token: null });
  assert.equal(status, 200);
  assert.match(text, /not part of this version.*token/s);
  assert.ok(!text.includes(token));
  assert.equal((await hub.sdkFor(token).application.get(app.id)).name, 'linked');
});
