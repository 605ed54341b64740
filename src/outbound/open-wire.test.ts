import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Receiver, startHttp, startTcp } from '../../test/support/receivers.ts';
import { isAnswered, type Outcome, RESPONSE_BYTES_READ, RESPONSE_BYTES_STORED } from '../core/outcome.ts';
import type { ConnectionOptions, Wire, WireRequest } from '../ports/wire.ts';
import { openWire, type WireOptions } from './open-wire.ts';

const PLAIN: ConnectionOptions = Object.freeze({ tls: null, allowHttp2: false });
const LOOPBACK = ['127.0.0.0/8', '::1/128'];

function open(t: TestContext, options: Partial<WireOptions> = {}): Wire {
  const wire = openWire({ allowSubnets: LOOPBACK, proxyUrl: null, noProxy: [], ...options });
  t.after(() => wire.close());
  return wire;
}

function post(to: string | Receiver, more: Partial<WireRequest> = {}): WireRequest {
  const url = new URL(typeof to === 'string' ? to : `http://127.0.0.1:${to.port}/hook?a=1`);
  const body = new TextEncoder().encode('{"a":1}');
  return {
    method: 'POST',
    url,
    headers: ['Content-Type', 'application/json'],
    body,
    timeoutMs: 5_000,
    connection: PLAIN,
    ...more,
  };
}

function detailOf(outcome: Outcome): string {
  return isAnswered(outcome) ? `answered ${outcome.statusCode}` : outcome.detail;
}

async function allClosed(receiver: Receiver): Promise<void> {
  while (receiver.sockets.size > 0) await pause(5);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A raw receiver: `answer` gets the socket and all bytes of a request whose head is complete. */
function startRaw(t: TestContext, answer: (socket: Socket, request: string) => void): Promise<Receiver> {
  return startTcp(t, (socket) => {
    let received = '';
    socket.setEncoding('latin1').on('data', (chunk) => {
      received += chunk;
      if (!received.includes('\r\n\r\n')) return;
      const request = received;
      received = '';
      answer(socket, request);
    });
  });
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

test('an answer comes back with status, body and Retry-After', async (t) => {
  const receiver = await startHttp(t, (_request, response) => {
    response.writeHead(503, { 'Retry-After': '120' }).end('later');
  });
  const outcome = await open(t).send(post(receiver));
  assert.ok(outcome.kind === 'answered');
  const { statusCode, retryAfter } = outcome;
  assert.deepEqual(
    { statusCode, retryAfter, body: Buffer.from(outcome.body).toString() },
    { statusCode: 503, retryAfter: '120', body: 'later' },
  );
  assert.ok(outcome.durationMs >= 0 && outcome.durationMs < 5_000);
});

test('the request is written with Host first, header names in the case given, and the body byte for byte', async (t) => {
  let seen = '';
  const receiver = await startRaw(t, (socket, request) => {
    seen += request;
    socket.end(OK);
  });
  const headers = ['X-CamelCase', 'One', 'x-lower', 'two', 'WEBHOOK-ID', 'msg_1', 'X-CamelCase', 'again'];
  const url = new URL(`http://user:secret@127.0.0.1:${receiver.port}/hook?a=1#part`);
  await open(t).send(post(receiver, { url, headers, body: Buffer.from([0, 255, 13, 10, 128]) }));
  const [head = '', ...rest] = seen.split('\r\n\r\n');
  const lines = head.split('\r\n');
  assert.equal(lines[0], 'POST /hook?a=1 HTTP/1.1');
  assert.equal(lines[1]?.toLowerCase(), `host: 127.0.0.1:${receiver.port}`);
  const own = lines.filter((line) => /^(x-|webhook)/i.test(line));
  assert.deepEqual(own, ['X-CamelCase: One', 'x-lower: two', 'WEBHOOK-ID: msg_1', 'X-CamelCase: again']);
  assert.ok(lines.some((line) => line.toLowerCase() === 'content-length: 5'));
  assert.ok(!/secret|authorization/i.test(head));
  assert.equal(rest.join('\r\n\r\n'), '\u0000ÿ\r\n\u0080');
});

test('any method goes out, with and without a body', async (t) => {
  const seen: string[] = [];
  const receiver = await startHttp(t, (request, response) => {
    seen.push(`${request.method} ${request.headers['content-length'] ?? '-'}`);
    request.resume().on('end', () => response.end());
  });
  const wire = open(t);
  const body = new Uint8Array(0);
  for (const method of ['PUT', 'DELETE', 'PURGE']) await wire.send(post(receiver, { method }));
  await wire.send(post(receiver, { body }));
  const head = await wire.send(post(receiver, { method: 'HEAD', body }));
  assert.deepEqual(seen, ['PUT 7', 'DELETE 7', 'PURGE 7', 'POST 0', 'HEAD -']);
  assert.equal(head.kind, 'answered');
});

test('header injection, a bad name, a bad method and headers of the wire are unrenderable, and nothing is sent', async (t) => {
  const receiver = await startHttp(t, (_request, response) => void response.end());
  const wire = open(t);
  const wrong: Partial<WireRequest>[] = [
    { headers: ['X-A', 'a\r\nX-B: b'] },
    { headers: ['X-A', 'a\nb'] },
    { headers: ['X-A\r\nX-B', 'b'] },
    { headers: ['X A', 'b'] },
    { headers: ['', 'b'] },
    { headers: ['X-A', 'snow \u2603'] },
    { headers: ['hOsT', 'other.test'] },
    { headers: ['Content-Length', '3'] },
    { headers: ['Transfer-Encoding', 'chunked'] },
    { headers: ['Upgrade', 'h2c'] },
    { headers: ['X-A'] },
    { method: 'GET / HTTP/1.1\r\nX: ' },
    { method: 'CONNECT' },
    { url: new URL('ftp://127.0.0.1/') },
  ];
  for (const more of wrong) {
    const outcome = await wire.send(post(receiver, more));
    assert.equal(outcome.kind, 'unrenderable', JSON.stringify(more));
    assert.ok(detailOf(outcome).length > 20 && !/[\r\n]/.test(detailOf(outcome)), detailOf(outcome));
  }
  assert.equal(receiver.connections(), 0);
});

test('redirects are answers, and are not followed', async (t) => {
  const inner = await startHttp(t, (_request, response) => void response.end('secret'));
  const receiver = await startHttp(t, (_request, response) => {
    response.writeHead(302, { Location: `http://127.0.0.1:${inner.port}/` }).end();
  });
  const outcome = await open(t).send(post(receiver));
  assert.equal(isAnswered(outcome) && outcome.statusCode, 302);
  assert.equal(inner.connections(), 0);
});

test('an encoded body is kept as it came', async (t) => {
  const bytes = Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]);
  const receiver = await startHttp(t, (_request, response) => {
    response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(bytes);
  });
  const outcome = await open(t).send(post(receiver));
  assert.deepEqual(isAnswered(outcome) && Buffer.from(outcome.body), bytes);
});

test('interim responses are skipped, 100 Continue too', async (t) => {
  const receiver = await startRaw(t, (socket) => {
    socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 100 Continue\r\nX-A: b\r\n\r\n');
    socket.write('HTTP/1.1 102 Processing\r\nRetry-After: 9\r\n\r\n');
    socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}`);
  });
  const outcome = await open(t).send(post(receiver));
  assert.deepEqual(isAnswered(outcome) && [outcome.statusCode, outcome.retryAfter], [200, undefined]);
});

test('a 100 Continue that comes alone is skipped', async (t) => {
  const receiver = await startRaw(t, (socket) => {
    socket.write('HTTP/1.1 100 Continue\r\n\r\n', () => setTimeout(() => socket.write(OK), 20));
  });
  const wire = open(t);
  for (let round = 0; round < 2; round++) {
    const outcome = await wire.send(post(receiver));
    assert.deepEqual(isAnswered(outcome) && [outcome.statusCode, Buffer.from(outcome.body).toString()], [
      200,
      'ok',
    ]);
  }
});

test('a long body is stored up to the cap, and the connection can be used again', async (t) => {
  const receiver = await startHttp(t, (request, response) => {
    request.resume().on('end', () => response.end(Buffer.alloc(RESPONSE_BYTES_READ, 'x')));
  });
  const wire = open(t);
  for (let round = 0; round < 2; round++) {
    const outcome = await wire.send(post(receiver));
    assert.ok(outcome.kind === 'answered');
    assert.equal(outcome.body.length, RESPONSE_BYTES_STORED);
    await pause(5);
  }
  assert.equal(receiver.connections(), 1);
});

test('a body in many pieces is put together', async (t) => {
  const pieces = Array.from({ length: 300 }, (_, index) => `${index},`);
  const receiver = await startHttp(t, async (_request, response) => {
    for (const piece of pieces) await new Promise((resolve) => response.write(piece, resolve));
    response.end();
  });
  const outcome = await open(t).send(post(receiver));
  assert.equal(isAnswered(outcome) && Buffer.from(outcome.body).toString(), pieces.join(''));
});

test('an endless body is cut at the read cap: oversized, with its status, and the connection is dropped', async (t) => {
  let written = 0;
  const receiver = await startHttp(t, (_request, response) => {
    response.writeHead(201);
    const more = (): void => {
      while (!response.destroyed) {
        written += 65_536;
        if (!response.write(Buffer.alloc(65_536))) return void response.once('drain', more);
      }
    };
    more();
  });
  const outcome = await open(t).send(post(receiver));
  assert.ok(outcome.kind === 'oversized');
  assert.deepEqual([outcome.statusCode, outcome.body.length], [201, RESPONSE_BYTES_STORED]);
  await allClosed(receiver);
  assert.ok(written < 64 * RESPONSE_BYTES_READ, `${written} bytes were written`);
});

test('headers that are too large end the attempt', async (t) => {
  const receiver = await startRaw(t, (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nX-Big: ${'x'.repeat(100_000)}\r\n`);
  });
  const outcome = await open(t).send(post(receiver));
  assert.deepEqual(
    [outcome.kind, detailOf(outcome)],
    ['unreachable', 'The headers of the answer are too large'],
  );
});

test('a receiver that never answers is timed out at the total deadline, and its connection is dropped', async (t) => {
  const receiver = await startTcp(t, (socket) => void socket.resume());
  const outcome = await open(t).send(post(receiver, { timeoutMs: 120 }));
  assert.deepEqual([outcome.kind, detailOf(outcome)], ['timed-out', 'After 120 ms: no answer']);
  assert.ok(outcome.durationMs >= 115 && outcome.durationMs < 2_000, `${outcome.durationMs} ms`);
  await allClosed(receiver);
});

test('a receiver that drips is cut at the total deadline', async (t) => {
  const receiver = await startRaw(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
    const drip = setInterval(() => socket.write('x'), 20);
    socket.once('close', () => clearInterval(drip));
  });
  const outcome = await open(t).send(post(receiver, { timeoutMs: 200 }));
  assert.deepEqual(
    [outcome.kind, detailOf(outcome)],
    ['timed-out', 'After 200 ms: status 200, but the answer did not end'],
  );
  assert.ok(outcome.durationMs < 2_000, `${outcome.durationMs} ms`);
});

test('a receiver that stops reading a large body is timed out', async (t) => {
  const receiver = await startTcp(t, (socket) => void socket.pause());
  const outcome = await open(t).send(
    post(receiver, { timeoutMs: 150, body: new Uint8Array(16 * 1024 * 1024) }),
  );
  assert.equal(outcome.kind, 'timed-out');
});

test('refused, closed early, closed half-way, reset and not HTTP are unreachable, each with its sentence', async (t) => {
  const wire = open(t);
  const early = await startRaw(t, (socket) => void socket.end());
  const half = await startRaw(
    t,
    (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
  );
  const reset = await startRaw(t, (socket) => void socket.resetAndDestroy());
  const other = await startRaw(t, (socket) => void socket.write('220 smtp.test ESMTP\r\n'));
  const cases: [Receiver | string, RegExp][] = [
    ['http://127.0.0.1:1/', /127\.0\.0\.1:1 refused the connection \(ECONNREFUSED\)/],
    [early, /closed the connection before it answered/],
    [half, /closed the connection before the end of its answer/],
    [reset, /reset the connection before it answered/],
    [other, /not valid HTTP\/1\.1/],
  ];
  for (const [to, sentence] of cases) {
    const outcome = await wire.send(post(to));
    assert.equal(outcome.kind, 'unreachable', detailOf(outcome));
    assert.match(detailOf(outcome), sentence);
  }
});

test('a private literal is blocked before a connection is made, in every notation', async (t) => {
  const receiver = await startTcp(t, () => {}, '::');
  const wire = open(t, { allowSubnets: [] });
  for (const host of [
    '127.0.0.1',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '[::ffff:127.0.0.1]',
    '[::1]',
    '0',
    '[::]',
  ]) {
    const outcome = await wire.send(post(`http://${host}:${receiver.port}/`));
    assert.equal(outcome.kind, 'blocked', host);
    assert.match(detailOf(outcome), /to allow it, add \S+\/(32|128) to POSTHORN_ALLOW_SUBNETS$/);
    const secure = await wire.send(post(`https://${host}:${receiver.port}/`));
    assert.equal(secure.kind, 'blocked', host);
  }
  assert.equal(receiver.connections(), 0);
});

test('a name is blocked when any of its addresses is private', async (t) => {
  const receiver = await startTcp(t, () => {});
  const lookup = async () => [
    { address: '93.184.216.34', family: 4 },
    { address: '127.0.0.1', family: 4 },
  ];
  const wire = open(t, { allowSubnets: [], lookup });
  const outcome = await wire.send(post(`http://mixed.test:${receiver.port}/`));
  assert.equal(outcome.kind, 'blocked');
  assert.match(detailOf(outcome), /^mixed\.test resolves to a loopback address; /);
  assert.equal(receiver.connections(), 0);
});

test('a connection goes to the addresses that were checked: a name that changes its mind is not asked again', async (t) => {
  const answers = ['127.0.0.1', '10.255.255.1'];
  let asked = 0;
  const lookup = async () => [{ address: answers[asked++] ?? '10.255.255.1', family: 4 }];
  const receiver = await startHttp(t, (_request, response) => {
    response.writeHead(200, { Connection: 'close' }).end('first');
  });
  const wire = open(t, { lookup });
  const first = await wire.send(post(`http://rebind.test:${receiver.port}/`));
  assert.deepEqual([first.kind, asked], ['answered', 1]);
  const second = await wire.send(post(`http://rebind.test:${receiver.port}/`));
  assert.deepEqual([second.kind, asked], ['blocked', 2]);
});

test('the other checked addresses are tried when one does not answer', async (t) => {
  const receiver = await startHttp(t, (_request, response) => void response.end());
  const lookup = async () => [
    { address: '127.0.0.9', family: 4 },
    { address: '127.0.0.1', family: 4 },
  ];
  const outcome = await open(t, { lookup }).send(post(`http://two.test:${receiver.port}/`));
  assert.equal(outcome.kind, 'answered', detailOf(outcome));
});

test('a name without an address is unreachable', async (t) => {
  const lookup = async () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
  const outcome = await open(t, { lookup }).send(post('http://nowhere.test/'));
  assert.deepEqual(
    [outcome.kind, detailOf(outcome)],
    ['unreachable', 'nowhere.test has no address in DNS (ENOTFOUND)'],
  );
});

test('a look-up that hangs is cut at the deadline, and again at the connect timeout', async (t) => {
  const lookup = () => new Promise<never>(() => {});
  const hasty = await open(t, { lookup }).send(post('http://slow.test/', { timeoutMs: 50 }));
  assert.deepEqual(
    [hasty.kind, detailOf(hasty)],
    ['timed-out', 'After 50 ms: no connection to slow.test:80'],
  );
  const patient = await open(t, { lookup, limits: { connectTimeoutMs: 60 } }).send(post('http://slow.test/'));
  assert.deepEqual(
    [patient.kind, detailOf(patient)],
    ['timed-out', 'No connection to slow.test:80 within 60 ms'],
  );
});

test('a request whose deadline passed while connecting is not written later', async (t) => {
  let seen = '';
  const receiver = await startRaw(t, (_socket, request) => {
    seen += request;
  });
  let answer: (addresses: { address: string; family: number }[]) => void = () => {};
  const lookup = () => new Promise<{ address: string; family: number }[]>((resolve) => (answer = resolve));
  const outcome = await open(t, { lookup }).send(
    post(`http://late.test:${receiver.port}/`, { timeoutMs: 40 }),
  );
  assert.equal(outcome.kind, 'timed-out');
  answer([{ address: '127.0.0.1', family: 4 }]);
  while (receiver.connections() === 0) await pause(5);
  await allClosed(receiver);
  assert.equal(seen, '');
});

test('connections are kept alive between requests, and an idle one that was closed is replaced', async (t) => {
  const receiver = await startHttp(
    t,
    (request, response) => void request.resume().on('end', () => response.end('ok')),
  );
  const wire = open(t);
  for (let i = 0; i < 3; i++) {
    assert.equal((await wire.send(post(receiver))).kind, 'answered');
    await pause(5);
  }
  assert.equal(receiver.connections(), 1);
  for (const socket of receiver.sockets) socket.end();
  assert.equal((await wire.send(post(receiver))).kind, 'answered');
  assert.equal(receiver.connections(), 2);
});

test('a request that may have been read is not sent a second time', async (t) => {
  let requests = 0;
  const receiver = await startRaw(t, (socket) => {
    requests += 1;
    if (requests === 1) socket.write(OK);
    else socket.destroy();
  });
  const wire = open(t);
  assert.equal((await wire.send(post(receiver))).kind, 'answered');
  assert.equal((await wire.send(post(receiver))).kind, 'unreachable');
  assert.equal(requests, 2);
});

test('requests with other connection options, and after forget, use connections of their own', async (t) => {
  const receiver = await startHttp(
    t,
    (request, response) => void request.resume().on('end', () => response.end('ok')),
  );
  const wire = open(t);
  await wire.send(post(receiver));
  await wire.send(post(receiver, { connection: { ...PLAIN } }));
  assert.equal(receiver.connections(), 2);
  wire.forget(PLAIN);
  await wire.send(post(receiver));
  assert.equal(receiver.connections(), 3);
});

test('forget lets a running request finish', async (t) => {
  const arrived = Promise.withResolvers<() => void>();
  const receiver = await startHttp(t, (_request, response) => arrived.resolve(() => response.end('ok')));
  const wire = open(t);
  const running = wire.send(post(receiver));
  const answer = await arrived.promise;
  wire.forget(PLAIN);
  answer();
  assert.equal((await running).kind, 'answered');
});

test('pools are bounded and unused ones are closed', async (t) => {
  const receiver = await startHttp(
    t,
    (request, response) => void request.resume().on('end', () => response.end('ok')),
  );
  const wire = open(t, { limits: { pools: 4, poolIdleMs: 40, keepAliveMs: 60_000 } });
  const send = () => wire.send(post(receiver, { connection: { ...PLAIN } }));
  const outcomes = await Promise.all(Array.from({ length: 20 }, send));
  assert.ok(outcomes.every(({ kind }) => kind === 'answered'));
  await allClosed(receiver);
});

test('close ends running attempts as unreachable, also those still connecting, and later ones at once', async (t) => {
  const receiver = await startTcp(t, () => {});
  const wire = open(t, {
    lookup: (host) => (host === 'slow.test' ? new Promise(() => {}) : Promise.resolve([])),
  });
  const running = [wire.send(post(receiver)), wire.send(post('http://slow.test/'))];
  while (receiver.connections() === 0) await pause(5);
  await wire.close();
  for (const outcome of await Promise.all(running))
    assert.equal(outcome.kind, 'unreachable', detailOf(outcome));
  assert.equal((await wire.send(post(receiver))).kind, 'unreachable');
});

test('many requests at once to one receiver are all answered', async (t) => {
  const receiver = await startHttp(
    t,
    (request, response) => void request.resume().on('end', () => response.end('ok')),
  );
  const wire = open(t, { limits: { connectionsPerPool: 8 } });
  const outcomes = await Promise.all(Array.from({ length: 200 }, () => wire.send(post(receiver))));
  assert.ok(outcomes.every(({ kind }) => kind === 'answered'));
  assert.ok(receiver.connections() <= 8);
});

test('settings that cannot be used are refused with a sentence that keeps the password', () => {
  const base = { allowSubnets: [], proxyUrl: null, noProxy: [] };
  assert.throws(() => openWire({ ...base, allowSubnets: ['everything'] }), {
    name: 'Problem',
    message: /not a subnet/,
  });
  for (const proxyUrl of ['ftp://u:hunter2@proxy.test', 'u:hunter2@proxy.test', 'http://']) {
    assert.throws(
      () => openWire({ ...base, proxyUrl }),
      (error: Error) => /POSTHORN_PROXY_URL/.test(error.message) && !/hunter2/.test(error.message),
    );
  }
});
