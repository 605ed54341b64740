import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setDefaultCACertificates } from 'node:tls';
import { listening, type Receiver, startHttp, startHttps, startTcp } from '../../test/support/receivers.ts';
import { type CertificateName, certificate, TEST_CA } from '../../test/support/tls/certificates.ts';
import { isAnswered, type Outcome } from '../core/outcome.ts';
import { openWire, type WireOptions } from './open-wire.ts';
import { parseNoProxy, parseProxy, proxyCredentials } from './proxy.ts';

/** Names that only the proxy reaches: the wire sees public addresses, the proxies below go to loopback. */
const publicNames = async () => [{ address: '93.184.216.34', family: 4 }];

async function call(t: TestContext, url: string, options: Partial<WireOptions>): Promise<Outcome> {
  const proxyAware = async (host: string) =>
    host === 'localhost' ? [{ address: '127.0.0.1', family: 4 }] : publicNames();
  const wire = openWire({ allowSubnets: [], proxyUrl: null, noProxy: [], lookup: proxyAware, ...options });
  t.after(() => wire.close());
  const tls = { cert: null, key: null, ca: TEST_CA };
  const body = Buffer.from('hello');
  const connection = { tls, allowHttp2: false };
  return wire.send({
    method: 'POST',
    url: new URL(url),
    headers: ['X-A', 'b'],
    body,
    timeoutMs: 5_000,
    connection,
  });
}

function textOf(outcome: Outcome): string {
  return isAnswered(outcome)
    ? `${outcome.statusCode} ${Buffer.from(outcome.body)}`
    : `${outcome.kind}: ${outcome.detail}`;
}

/** An HTTP proxy: tunnels to loopback whatever the host, and answers absolute URLs itself. */
function connectProxy(
  seen: string[],
  password = '',
): { onConnect: (request: IncomingMessage, socket: Socket) => void } {
  return {
    onConnect(request, socket) {
      seen.push(`CONNECT ${request.url} host=${request.headers.host}`);
      const expected = password === '' ? undefined : `Basic ${Buffer.from(password).toString('base64')}`;
      if (request.headers['proxy-authorization'] !== expected) {
        socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      const port = Number(request.url?.split(':').at(-1));
      const target = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        target.pipe(socket).pipe(target);
      });
      target.on('error', () => {}).on('close', () => socket.destroy());
      socket.on('error', () => {}).on('close', () => target.destroy());
    },
  };
}

async function startProxy(
  t: TestContext,
  seen: string[],
  options: { password?: string; certificate?: CertificateName } = {},
): Promise<Receiver> {
  const { onConnect } = connectProxy(seen, options.password);
  const server = options.certificate ? createSecureServer(certificate(options.certificate)) : createServer();
  server.on('connect', onConnect);
  server.on('request', (request, response) => {
    const credentials = request.headers['proxy-authorization'] ?? 'none';
    seen.push(`${request.method} ${request.url} host=${request.headers.host} credentials=${credentials}`);
    response.statusCode = request.url?.includes('refused') ? 407 : 200;
    request.resume().on('end', () => response.end('from the proxy'));
  });
  return listening(t, server as Server, '127.0.0.1');
}

test('https goes through a CONNECT tunnel, with the certificate checked at the far end', async (t) => {
  const seen: string[] = [];
  const receiver = await startHttps(
    t,
    certificate('server'),
    (_request, response) => void response.end('inside'),
  );
  const proxy = await startProxy(t, seen, { password: 'u:p@ss' });
  const proxyUrl = `http://u:p%40ss@localhost:${proxy.port}`;
  assert.equal(textOf(await call(t, `https://receiver.test:${receiver.port}/`, { proxyUrl })), '200 inside');
  assert.deepEqual(seen, [`CONNECT receiver.test:${receiver.port} host=receiver.test:${receiver.port}`]);
  assert.match(
    textOf(await call(t, `https://wrong.test:${receiver.port}/`, { proxyUrl })),
    /^tls-failed: .* another host name/,
  );
});

test('http is asked of an HTTP proxy by its absolute URL', async (t) => {
  const seen: string[] = [];
  const proxy = await startProxy(t, seen);
  const proxyUrl = `http://user:pw@localhost:${proxy.port}`;
  assert.equal(textOf(await call(t, 'http://receiver.test:81/a?b=c', { proxyUrl })), '200 from the proxy');
  assert.deepEqual(seen, [
    'POST http://receiver.test:81/a?b=c host=receiver.test:81 credentials=Basic dXNlcjpwdw==',
  ]);
});

test('a proxy that refuses, closes, is down or unknown makes the attempt unreachable', async (t) => {
  const seen: string[] = [];
  const proxy = await startProxy(t, seen, { password: 'u:p' });
  const base = `localhost:${proxy.port}`;
  const tunnel = await call(t, 'https://receiver.test/', { proxyUrl: `http://u:wrong@${base}` });
  assert.match(
    textOf(tunnel),
    /^unreachable: The proxy localhost:\d+ refused the connection to receiver\.test:443 with status 407; check the user/,
  );
  const forward = await call(t, 'http://receiver.test/refused', { proxyUrl: `http://${base}` });
  assert.match(textOf(forward), /^unreachable: The proxy .* receiver\.test:80 with status 407/);
  const silent = await startTcp(t, (socket) => void socket.once('data', () => socket.destroy()));
  for (const scheme of ['http', 'socks5']) {
    const closed = await call(t, 'https://receiver.test/', {
      proxyUrl: `${scheme}://localhost:${silent.port}`,
    });
    assert.match(textOf(closed), /^unreachable: The proxy localhost/);
    const down = await call(t, 'https://receiver.test/', { proxyUrl: `${scheme}://localhost:1` });
    assert.match(textOf(down), /^unreachable: The proxy localhost:1 refused the connection/);
  }
});

test('the proxy is spared what the guard refuses', async (t) => {
  const seen: string[] = [];
  const proxy = await startProxy(t, seen);
  const proxyUrl = `http://localhost:${proxy.port}`;
  const lookup = async (host: string) => [
    { address: host === 'inside.test' ? '10.0.0.1' : '127.0.0.1', family: 4 },
  ];
  for (const url of [
    'https://10.0.0.1/',
    'http://127.0.0.1:81/',
    'https://inside.test/',
    'http://inside.test/',
  ]) {
    assert.match(textOf(await call(t, url, { proxyUrl, lookup })), /^blocked: /, url);
  }
  assert.deepEqual(seen, []);
});

test('an https proxy is spoken to over TLS, and must have a certificate that the system trusts', async (t) => {
  setDefaultCACertificates([TEST_CA]);
  const seen: string[] = [];
  const receiver = await startHttps(
    t,
    certificate('server'),
    (_request, response) => void response.end('inside'),
  );
  const proxy = await startProxy(t, seen, { certificate: 'server' });
  const proxyUrl = `https://localhost:${proxy.port}`;
  assert.equal(textOf(await call(t, `https://receiver.test:${receiver.port}/`, { proxyUrl })), '200 inside');
  assert.equal(textOf(await call(t, 'http://receiver.test/', { proxyUrl })), '200 from the proxy');
  const wrong = await startProxy(t, seen, { certificate: 'other-host' });
  const outcome = await call(t, 'https://receiver.test/', { proxyUrl: `https://localhost:${wrong.port}` });
  assert.match(
    textOf(outcome),
    /^tls-failed: The TLS handshake with the proxy localhost:\d+ failed: .* another host name/,
  );
});

test('exceptions are reached directly', async (t) => {
  const receiver = await startHttp(
    t,
    (request, response) => void request.resume().on('end', () => response.end('direct')),
  );
  const lookup = async () => [{ address: '127.0.0.1', family: 4 }];
  const options = {
    proxyUrl: 'http://localhost:1',
    noProxy: ['direct.test'],
    allowSubnets: ['127.0.0.1'],
    lookup,
  };
  assert.equal(textOf(await call(t, `http://direct.test:${receiver.port}/`, options)), '200 direct');
  assert.match(
    textOf(await call(t, `http://other.test:${receiver.port}/`, options)),
    /^unreachable: The proxy/,
  );
});

/** A SOCKS version 5 proxy for one user (RFC 1928, RFC 1929) that goes to loopback whatever the name. */
function socksProxy(t: TestContext, seen: string[], password: string | null): Promise<Receiver> {
  return startTcp(t, (socket) => {
    let step = password === null ? 'greeting' : 'greeting-with-password';
    socket.on('data', (data) => {
      if (step === 'greeting-with-password') {
        step = 'password';
        socket.write(Buffer.from([5, data.subarray(2).includes(2) ? 2 : 255]));
      } else if (step === 'password') {
        const userEnd = 2 + (data[1] ?? 0);
        const given = `${data.subarray(2, userEnd)}:${data.subarray(userEnd + 1)}`;
        step = 'request';
        socket.write(Buffer.from([1, given === password ? 0 : 1]));
      } else if (step === 'greeting') {
        step = 'request';
        socket.write(Buffer.from([5, 0]));
      } else if (step === 'request') {
        step = 'tunnel';
        const hostEnd = 5 + (data[4] ?? 0);
        const port = data.readUInt16BE(hostEnd);
        seen.push(`type=${data[3]} ${data.subarray(5, hostEnd)}:${port}`);
        const target = connect(port, '127.0.0.1', () => {
          socket.removeAllListeners('data').write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]));
          target.pipe(socket).pipe(target);
        });
        target.on('error', () => void socket.end(Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0])));
        socket.on('close', () => target.destroy());
      }
    });
  });
}

test('http and https go through a SOCKS5 proxy by name, with and without a password', async (t) => {
  const seen: string[] = [];
  const secure = await startHttps(
    t,
    certificate('server'),
    (_request, response) => void response.end('secure'),
  );
  const plain = await startHttp(
    t,
    (request, response) => void request.resume().on('end', () => response.end(request.url)),
  );
  const open = await socksProxy(t, seen, null);
  const guarded = await socksProxy(t, seen, 'me:secret');
  const urls = [`https://receiver.test:${secure.port}/`, `http://receiver.test:${plain.port}/x`];
  for (const proxyUrl of [
    `socks5://localhost:${open.port}`,
    `socks5://me:secret@localhost:${guarded.port}`,
  ]) {
    assert.equal(textOf(await call(t, urls[0] ?? '', { proxyUrl })), '200 secure');
    assert.equal(textOf(await call(t, urls[1] ?? '', { proxyUrl })), '200 /x');
  }
  assert.deepEqual(
    new Set(seen),
    new Set([`type=3 receiver.test:${secure.port}`, `type=3 receiver.test:${plain.port}`]),
  );
});

test('a SOCKS5 proxy that refuses is named, its password is not', async (t) => {
  const proxy = await socksProxy(t, [], 'me:secret');
  const wrong = await call(t, 'https://receiver.test/', {
    proxyUrl: `socks5://me:hunter2@localhost:${proxy.port}`,
  });
  assert.match(
    textOf(wrong),
    /^unreachable: The proxy localhost:\d+ did not connect to receiver\.test:443: /,
  );
  assert.doesNotMatch(textOf(wrong), /hunter2/);
  const refused = await call(t, 'http://receiver.test:1/', {
    proxyUrl: `socks5://me:secret@localhost:${proxy.port}`,
  });
  assert.match(
    textOf(refused),
    /^unreachable: The proxy .* did not connect to receiver\.test:1: .*ConnectionRefused/,
  );
});

test('a proxy setting is read with its defaults and its decoded credentials', () => {
  const decoded = { protocol: 'http', host: 'proxy.test', port: 80, username: 'u@x', password: 'p:w' };
  assert.deepEqual(parseProxy('http://u%40x:p%3Aw@proxy.test'), decoded);
  assert.deepEqual(proxyCredentials(parseProxy('http://u:p@proxy.test')), [
    'Proxy-Authorization',
    'Basic dTpw',
  ]);
  assert.deepEqual(proxyCredentials(parseProxy('http://proxy.test')), []);
  assert.equal(parseProxy('socks5://[::1]').host, '::1');
  assert.equal(parseProxy('socks5://proxy.test').port, 1080);
  assert.equal(parseProxy('https://proxy.test:8443').port, 8443);
});

test('exceptions match a name and what is below it, addresses by subnet, and a port when given', () => {
  const bypass = parseNoProxy([
    'example.com',
    '.corp.test',
    '10.0.0.0/8',
    'fd00::/8',
    'only.test:8443',
    '[::1]:81',
    ' ',
    '192.168.1.1',
  ]);
  const yes = [
    'example.com:80',
    'EXAMPLE.com.:443',
    'a.b.example.com:80',
    'x.corp.test:1',
    '10.9.8.7:80',
    'fd12::1:80',
  ];
  const no = [
    'notexample.com:80',
    'example.com.evil.test:80',
    '11.0.0.1:80',
    'fe80::1:80',
    'only.test:443',
    '::1:80',
    '192.168.1.2:1',
  ];
  const ask = (text: string) =>
    bypass({
      host: text.slice(0, text.lastIndexOf(':')),
      port: Number(text.slice(text.lastIndexOf(':') + 1)),
    });
  for (const text of [
    ...yes,
    'corp.test:1',
    'only.test:8443',
    'sub.only.test:8443',
    '::1:81',
    '192.168.1.1:9',
  ])
    assert.ok(ask(text), text);
  for (const text of no) assert.ok(!ask(text), text);
  assert.ok(parseNoProxy(['*'])({ host: 'any.test', port: 1 }));
  assert.ok(!parseNoProxy([])({ host: 'any.test', port: 1 }));
  for (const wrong of ['10.0.0.0/40', 'a b', 'http://x'])
    assert.throws(() => parseNoProxy([wrong]), { name: 'Problem' }, wrong);
});
