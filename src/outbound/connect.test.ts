import assert from 'node:assert/strict';
import { createSecureServer } from 'node:http2';
import type { Server, Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { listening, startHttps, startTcp } from '../../test/support/receivers.ts';
import { type CertificateName, certificate, TEST_CA } from '../../test/support/tls/certificates.ts';
import type { ClientTls } from '../core/catalog/resources.ts';
import { isAnswered, type Outcome } from '../core/outcome.ts';
import type { Wire } from '../ports/wire.ts';
import { openWire } from './open-wire.ts';

const TRUSTING: ClientTls = { cert: null, key: null, ca: TEST_CA };

function open(t: TestContext): Wire {
  const lookup = async () => [{ address: '127.0.0.1', family: 4 }];
  const wire = openWire({ allowSubnets: ['127.0.0.1/32'], proxyUrl: null, noProxy: [], lookup });
  t.after(() => wire.close());
  return wire;
}

interface Call {
  readonly host: string;
  readonly port: number;
  readonly tls: ClientTls | null;
  readonly allowHttp2?: boolean;
}

function call(wire: Wire, { host, port, tls, allowHttp2 = false }: Call): Promise<Outcome> {
  return wire.send({
    method: 'POST',
    url: new URL(`https://${host}:${port}/`),
    headers: ['X-Camel', 'b'],
    body: Buffer.from('hello'),
    timeoutMs: 5_000,
    connection: Object.freeze({ tls, allowHttp2 }),
  });
}

function startSecure(t: TestContext, name: CertificateName, more = {}) {
  return startHttps(t, { ...certificate(name), ...more }, (request, response) => {
    const peer = (request.socket as TLSSocket).getPeerCertificate();
    response.end(`${request.httpVersion} ${peer.subject?.CN ?? 'nobody'}`);
  });
}

function textOf(outcome: Outcome): string {
  return isAnswered(outcome) ? Buffer.from(outcome.body).toString() : `${outcome.kind}: ${outcome.detail}`;
}

test('a certificate of the given authority is accepted for its name and its address', async (t) => {
  const { port } = await startSecure(t, 'server');
  const wire = open(t);
  for (const host of ['receiver.test', 'receiver.test.', '127.0.0.1']) {
    assert.equal(textOf(await call(wire, { host, port, tls: TRUSTING })), '1.1 nobody', host);
  }
});

test('expired, self-signed, unknown authority and wrong host each fail with their sentence', async (t) => {
  const wire = open(t);
  const cases: [CertificateName, ClientTls | null, RegExp][] = [
    ['expired', TRUSTING, /^tls-failed: .* certificate has expired \(CERT_HAS_EXPIRED\)$/],
    ['self-signed', null, /^tls-failed: .* self-signed \(DEPTH_ZERO_SELF_SIGNED_CERT\)$/],
    ['server', null, /^tls-failed: .* authority that is not trusted, or the chain is incomplete/],
    ['other-host', TRUSTING, /^tls-failed: .* for another host name \(ERR_TLS_CERT_ALTNAME_INVALID\)$/],
  ];
  for (const [name, tls, sentence] of cases) {
    const { port } = await startSecure(t, name);
    assert.match(textOf(await call(wire, { host: 'receiver.test', port, tls })), sentence);
  }
});

test('verification stays on when the environment switches it off', async (t) => {
  const { port } = await startSecure(t, 'self-signed');
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  t.after(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED);
  const outcome = await call(open(t), { host: 'receiver.test', port, tls: null });
  assert.equal(outcome.kind, 'tls-failed');
});

test('a receiver that hangs up in the handshake, or does not speak TLS, is tls-failed', async (t) => {
  const wire = open(t);
  const silent = await startTcp(t, (socket) => void socket.once('data', () => socket.destroy()));
  assert.match(
    textOf(await call(wire, { host: 'receiver.test', port: silent.port, tls: null })),
    /^tls-failed: .*closed the connection/,
  );
  const plain = await startTcp(t, (socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  assert.match(
    textOf(await call(wire, { host: 'receiver.test', port: plain.port, tls: null })),
    /^tls-failed: The TLS handshake with receiver\.test:\d+ failed: the port does not speak TLS \(ERR_SSL_\w+\)$/,
  );
});

test('a receiver that never finishes the handshake is timed out', async (t) => {
  const { port } = await startTcp(t, (socket: Socket) => void socket.resume());
  const wire = open(t);
  const connection = { tls: null, allowHttp2: false };
  const url = new URL(`https://receiver.test:${port}/`);
  const outcome = await wire.send({
    method: 'POST',
    url,
    headers: [],
    body: new Uint8Array(),
    timeoutMs: 100,
    connection,
  });
  assert.equal(textOf(outcome), `timed-out: After 100 ms: no connection to receiver.test:${port}`);
});

test('a client certificate is shown to receivers that ask for one', async (t) => {
  const { port } = await startSecure(t, 'server', { requestCert: true, ca: TEST_CA });
  const wire = open(t);
  const withCertificate = { ...certificate('client'), ca: TEST_CA };
  assert.equal(textOf(await call(wire, { host: 'receiver.test', port, tls: withCertificate })), '1.1 client');
  // Node's server closes without an alert, so nothing says that it was for the certificate.
  const without = await call(wire, { host: 'receiver.test', port, tls: TRUSTING });
  assert.equal(textOf(without), 'unreachable: The receiver closed the connection before it answered');
});

test('a client certificate that cannot be read is tls-failed, and its key is not repeated', async (t) => {
  const { port } = await startSecure(t, 'server');
  const wire = open(t);
  const wrong: ClientTls[] = [
    { cert: 'not a certificate', key: 'secret-key', ca: null },
    { cert: certificate('client').cert, key: certificate('server').key, ca: null },
    { cert: null, key: null, ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' },
  ];
  for (const tls of wrong) {
    const text = textOf(await call(wire, { host: 'receiver.test', port, tls }));
    assert.match(text, /^tls-failed: /);
    assert.doesNotMatch(text, /secret-key|BEGIN|error:|routines/);
  }
});

test('HTTP/2 is spoken only where it is allowed', async (t) => {
  const server = createSecureServer({ ...certificate('server'), allowHTTP1: true }, (request, response) => {
    request.resume().on('end', () => response.end(`${request.httpVersion} ${request.headers['x-camel']}`));
  });
  const { port } = await listening(t, server as unknown as Server, '127.0.0.1');
  const wire = open(t);
  assert.equal(textOf(await call(wire, { host: 'receiver.test', port, tls: TRUSTING })), '1.1 b');
  assert.equal(
    textOf(await call(wire, { host: 'receiver.test', port, tls: TRUSTING, allowHttp2: true })),
    '2.0 b',
  );
});

test('an HTTP/2 receiver that does not answer is timed out, and an endless body is cut', async (t) => {
  const server = createSecureServer(certificate('server'), (request, response) => {
    if (request.headers['x-mode'] !== 'endless') return;
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  });
  server.on('sessionError', () => {});
  const { port } = await listening(t, server as unknown as Server, '127.0.0.1');
  const wire = open(t);
  const connection = { tls: TRUSTING, allowHttp2: true };
  const url = new URL(`https://receiver.test:${port}/`);
  const request = { method: 'POST', url, body: Buffer.from('x'), timeoutMs: 300, connection };
  assert.equal((await wire.send({ ...request, headers: [] })).kind, 'timed-out');
  assert.equal(
    (await wire.send({ ...request, timeoutMs: 5_000, headers: ['x-mode', 'endless'] })).kind,
    'oversized',
  );
});
