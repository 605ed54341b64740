import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import test from 'node:test';
import { type ApiReaderOptions, openApiReader } from './api-reader.ts';

const DIRECT: ApiReaderOptions = { proxyUrl: null, noProxy: [] };

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

test('an answer larger than a receiver’s is read whole, with the headers that were asked for', async () => {
  const large = 'x'.repeat(1_000_000);
  await using server = await serve((request, response) => {
    response.setHeader('content-type', 'text/plain').setHeader('retry-after', '3');
    response.end(`${request.url} ${request.headers.authorization} ${large}`);
  });
  const reader = openApiReader(DIRECT);
  const answer = await reader.get(new URL(`${server.url}/a?b=c`), { authorization: 'Bearer t' });
  await reader.close();
  assert.ok(answer.kind === 'answered');
  assert.deepEqual(
    [answer.statusCode, answer.contentType, answer.retryAfter, answer.location],
    [200, 'text/plain', '3', null],
  );
  assert.equal(Buffer.from(answer.body).toString(), `/a?b=c Bearer t ${large}`);
});

test('a redirect is handed back and not followed', async () => {
  let calls = 0;
  await using server = await serve((_request, response) => {
    calls++;
    response.writeHead(302, { location: '/elsewhere' }).end();
  });
  const reader = openApiReader(DIRECT);
  const answer = await reader.get(new URL(server.url), {});
  await reader.close();
  assert.ok(answer.kind === 'answered');
  assert.deepEqual([answer.statusCode, answer.location, calls], [302, '/elsewhere', 1]);
});

test('an answer without end, one that never comes and a closed port are sentences', async () => {
  await using endless = await serve((_request, response) => {
    const more = (): void => void (response.destroyed || response.write('x'.repeat(4096), more));
    more();
  });
  await using silent = await serve(() => undefined);
  let closed: string;
  {
    await using gone = await serve(() => undefined);
    closed = gone.url;
  }
  const detailOf = async (url: string, options: Partial<ApiReaderOptions>): Promise<string> => {
    const reader = openApiReader({ ...DIRECT, ...options });
    const answer = await reader.get(new URL(url), {});
    await reader.close();
    return answer.kind === 'unanswered' ? answer.detail : `answered ${answer.statusCode}`;
  };
  assert.match(await detailOf(endless.url, { answerBytesMax: 100_000 }), /larger than 100000 bytes/);
  assert.match(await detailOf(silent.url, { timeoutMs: 200 }), /did not answer within 0\.2 s/);
  assert.match(await detailOf(closed, {}), /refused the connection/);
});
