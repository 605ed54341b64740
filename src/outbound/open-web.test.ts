import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import test from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { startReceiver } from '../../test/support/receiver.ts';
import type { WebAnswer, WebRequest } from '../ports/web.ts';
import { decodeAnswer } from './decode-answer.ts';
import { openWeb } from './open-web.ts';
import type { WireOptions } from './open-wire.ts';

const LOOPBACK: WireOptions = { allowSubnets: ['127.0.0.0/8', '::1/128'], proxyUrl: null, noProxy: [] };
const QUESTION: Omit<WebRequest, 'url'> = {
  method: 'GET',
  headers: {},
  body: null,
  timeoutMs: 5_000,
  answerBytesMax: 1_000_000,
  redirectsMax: 0,
};

async function ask(
  url: string,
  question: Partial<WebRequest> = {},
  options: Partial<WireOptions> = {},
): Promise<WebAnswer> {
  const web = openWeb({ ...LOOPBACK, ...options });
  try {
    return await web.ask({ ...QUESTION, url, ...question });
  } finally {
    await web.close();
  }
}

function answered(answer: WebAnswer): Extract<WebAnswer, { kind: 'answered' }> {
  assert.ok(answer.kind === 'answered', answer.kind === 'unanswered' ? answer.detail : '');
  return answer;
}

const textOf = (answer: WebAnswer): string => Buffer.from(answered(answer).body).toString();
const detailOf = (answer: WebAnswer): string =>
  answer.kind === 'unanswered' ? answer.detail : `answered ${answer.status}`;

async function serve(listener: RequestListener): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

test('a question goes out as asked, and the answer comes whole with lower-case headers', async () => {
  await using receiver = await startReceiver();
  receiver.answer({ status: 201, headers: { ETag: '"1"', 'X-A': 'b' }, body: 'hello' });
  const answer = answered(
    await ask(`${receiver.url}/a?b=c`, {
      method: 'POST',
      headers: { 'X-Key': 'k' },
      body: Buffer.from('{}'),
    }),
  );
  assert.deepEqual([answer.status, answer.headers.etag, answer.headers['x-a']], [201, '"1"', 'b']);
  assert.equal(answer.url, `${receiver.url}/a?b=c`);
  const [request] = receiver.requests;
  assert.deepEqual(
    [request?.method, request?.url, request?.headers['x-key'], request?.body.toString()],
    ['POST', '/a?b=c', 'k', '{}'],
  );
});

test('user and password in the URL become a header and are not repeated', async () => {
  await using receiver = await startReceiver();
  const answer = answered(await ask(receiver.url.replace('http://', 'http://me:s%40y@')));
  assert.equal(
    receiver.requests[0]?.headers.authorization,
    `Basic ${Buffer.from('me:s@y').toString('base64')}`,
  );
  assert.ok(!answer.url.includes('me'));
});

test('packed answers are unpacked, whatever the server means by deflate', async () => {
  await using receiver = await startReceiver();
  const text = 'posthorn '.repeat(1000);
  const packed: readonly [string, Buffer][] = [
    ['gzip', gzipSync(text)],
    ['br', brotliCompressSync(text)],
    ['deflate', deflateSync(text)],
    ['Deflate', deflateRawSync(text)],
    ['gzip, br', brotliCompressSync(gzipSync(text))],
    ['identity', Buffer.from(text)],
  ];
  for (const [coding, body] of packed) {
    receiver.answer({ headers: { 'content-encoding': coding }, body });
    const answer = answered(await ask(receiver.url));
    assert.equal(textOf(answer), text, coding);
    assert.equal(answer.headers['content-encoding'], undefined);
  }
  assert.equal(receiver.requests[0]?.headers['accept-encoding'], 'gzip, deflate, br');
});

test('a bomb, an unknown packing and broken bytes are sentences', async () => {
  const bomb = gzipSync(Buffer.alloc(30_000_000));
  const refusal = async (body: Uint8Array, coding: string, most: number): Promise<string> => {
    const decoded = await decodeAnswer(body, coding, most);
    return 'refused' in decoded ? decoded.refused : 'unpacked';
  };
  assert.match(await refusal(bomb, 'gzip', 1_000_000), /larger than 1000000 bytes when/);
  assert.match(await refusal(bomb, 'gzip', 1_000_000_000), /larger than \d+ bytes when/);
  assert.match(await refusal(gzipSync(bomb), 'gzip, gzip', 1_000_000), /larger than/);
  assert.match(await refusal(bomb, 'gzip, gzip, gzip', 1_000_000), /more than twice/);
  assert.match(await refusal(bomb, 'zip', 1_000_000), /not known here/);
  assert.match(await refusal(gzipSync('abc').subarray(0, 12), 'gzip', 1_000), /cannot be unpacked/);
  assert.match(await refusal(Buffer.from('abc'), 'br', 1_000), /cannot be unpacked/);
});

test('a redirect is the answer unless following was asked for', async () => {
  await using receiver = await startReceiver();
  receiver.answer({ status: 302, headers: { location: '/b' } }, { body: 'there' });
  const answer = answered(await ask(`${receiver.url}/a`));
  assert.deepEqual([answer.status, answer.headers.location], [302, '/b']);
  assert.equal(receiver.requests.length, 1);
});

test('within an origin headers go along; on another one only harmless ones do', async () => {
  await using first = await startReceiver();
  await using second = await startReceiver();
  const headers = { 'x-key': 'k', authorization: 'Bearer t', cookie: 'a=b', accept: 'text/x' };
  first.answer(
    { status: 301, headers: { location: '/b' } },
    { status: 302, headers: { location: `${second.url.replace('//', '//u:p@')}/c` } },
  );
  second.answer({ body: 'there' });
  const answer = answered(await ask(`${first.url}/a`, { headers, redirectsMax: 2 }));
  assert.deepEqual([textOf(answer), answer.url], ['there', `${second.url}/c`]);
  assert.equal(first.requests[1]?.headers['x-key'], 'k');
  const there = second.requests[0]?.headers;
  assert.deepEqual(
    [there?.accept, there?.['x-key'], there?.authorization, there?.cookie],
    ['text/x', undefined, undefined, undefined],
  );
});

test('POST becomes GET after 303, stays POST after 307, and its body goes to no other origin', async () => {
  await using first = await startReceiver();
  await using second = await startReceiver();
  const post = {
    method: 'POST',
    body: Buffer.from('secret'),
    headers: { 'content-type': 'text/plain' },
    redirectsMax: 3,
  };
  first.answer(
    { status: 307, headers: { location: '/b' } },
    { status: 303, headers: { location: '/c' } },
    200,
  );
  await ask(`${first.url}/a`, post);
  assert.deepEqual(
    first.requests.map(({ method, body, headers }) => [method, body.toString(), headers['content-type']]),
    [
      ['POST', 'secret', 'text/plain'],
      ['POST', 'secret', 'text/plain'],
      ['GET', '', undefined],
    ],
  );
  first.answer({ status: 308, headers: { location: second.url } });
  assert.equal(answered(await ask(first.url, post)).status, 308);
  assert.equal(second.requests.length, 0);
});

test('each hop asks the guard, and hops are counted', async () => {
  await using receiver = await startReceiver();
  receiver.answer({ status: 302, headers: { location: 'http://169.254.169.254/latest' } });
  assert.match(detailOf(await ask(receiver.url, { redirectsMax: 5 })), /cloud metadata/);
  receiver.answer({ status: 302, headers: { location: 'file:///etc/passwd' } });
  assert.equal(answered(await ask(receiver.url, { redirectsMax: 5 })).status, 302);
  receiver.answer({ status: 302, headers: { location: '/' } });
  assert.match(detailOf(await ask(receiver.url, { redirectsMax: 3 })), /redirects more than 3 times/);
  assert.match(detailOf(await ask(receiver.url, {}, { allowSubnets: [] })), /loopback address/);
});

test('what cannot be sent is said before anything is opened', async () => {
  assert.match(detailOf(await ask('ftp://a.example/')), /must be http/);
  assert.match(detailOf(await ask('nonsense')), /must be http/);
  const question = { headers: { Host: 'b.example' } };
  assert.match(detailOf(await ask('http://127.0.0.1:9/', question)), /header host is made from/);
});

test('an answer without end, one that never comes and a closed node are sentences', async () => {
  await using endless = await serve((_request, response) => {
    const more = (): void => void (response.destroyed || response.write('x'.repeat(4096), more));
    more();
  });
  await using silent = await serve(() => undefined);
  await using slow = await serve((_request, response) => void response.write('a'));
  assert.match(detailOf(await ask(endless.url, { answerBytesMax: 100_000 })), /larger than 100000 bytes/);
  assert.match(detailOf(await ask(silent.url, { timeoutMs: 100 })), /did not answer within 0\.1 s/);
  assert.match(detailOf(await ask(slow.url, { timeoutMs: 100 })), /did not answer within 0\.1 s/);
  const web = openWeb(LOOPBACK);
  const pending = web.ask({ ...QUESTION, url: silent.url });
  await web.close();
  assert.match(detailOf(await pending), /shutting down/);
  assert.match(detailOf(await web.ask({ ...QUESTION, url: silent.url })), /shutting down/);
});

test('a name gives one checked address, or the reason why not', async () => {
  const lookup = async (host: string) =>
    host === 'good.example'
      ? [{ address: '9.9.9.9', family: 4 }]
      : [
          { address: '9.9.9.9', family: 4 },
          { address: '10.0.0.1', family: 4 },
        ];
  const web = openWeb({ ...LOOPBACK, lookup });
  assert.deepEqual(await web.resolve('good.example'), { address: '9.9.9.9' });
  assert.match(JSON.stringify(await web.resolve('mixed.example')), /refused.*private address/);
  assert.deepEqual(await web.resolve('[::1]'), { address: '::1' });
  await web.close();
});
