import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import fastify from 'fastify';
import { Problem } from '../core/problem.ts';
import { addBodyBudget, HandledBodies, LARGE_BODY_BYTES } from './body-budget.ts';

test('large bodies beyond the budget are told to come back, small ones pass, and room returns', async () => {
  const app = fastify();
  addBodyBudget(app, { bodyBytesMax: 1_000_000, budgetBytes: 2 * LARGE_BODY_BYTES, admit: () => undefined });
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, _request, reply) =>
    reply.code(error instanceof Problem ? error.status : 500).send(),
  );
  app.post('/', () => 'taken');
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const post = async (bytes: number): Promise<number> =>
    (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'x'.repeat(bytes) })).status;
  // Announces two large bodies and sends only their beginning.
  const headers = { 'content-length': String(2 * LARGE_BODY_BYTES) };
  const slow = request({ port, method: 'POST', headers });
  slow.on('error', () => undefined);
  slow.write('x');
  const arrived = new Promise<void>((resolve) => app.server.once('request', () => resolve()));
  await arrived;
  assert.equal(await post(LARGE_BODY_BYTES), 503);
  assert.equal(await post(10), 200);
  const closed = new Promise((resolve) => slow.once('close', resolve));
  slow.destroy();
  await closed;
  while ((await post(LARGE_BODY_BYTES)) !== 200) await new Promise((resolve) => setTimeout(resolve, 5));
  await app.close();
});

test('who fills a share with bodies that never end leaves room for the others', async () => {
  const app = fastify();
  const budgetBytes = 8 * LARGE_BODY_BYTES;
  addBodyBudget(app, {
    bodyBytesMax: 1_000_000,
    budgetBytes,
    admit: () => undefined,
    shareOf: ({ url }) => url,
  });
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, _request, reply) =>
    reply.code(error instanceof Problem ? error.status : 500).send(),
  );
  app.post('/:who', () => 'taken');
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const post = async (path: string): Promise<number> =>
    (await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: 'x'.repeat(LARGE_BODY_BYTES) }))
      .status;
  const headers = { 'content-length': String(2 * LARGE_BODY_BYTES) };
  const slow = request({ port, path: '/one', method: 'POST', headers });
  slow.on('error', () => undefined);
  slow.write('x');
  await new Promise<void>((resolve) => app.server.once('request', () => resolve()));
  assert.equal(await post('/one'), 503);
  assert.equal(await post('/other'), 200);
  slow.destroy();
  await app.close();
});

test('a large body takes nothing of the budget, and is not read, before it is known who sends it', async () => {
  const app = fastify();
  const admit = ({ headers }: { headers: { authorization?: string | undefined } }): void => {
    if (headers.authorization !== 'known') throw new Problem('authentication_failed', 'Send a token.');
  };
  addBodyBudget(app, { bodyBytesMax: 2 * LARGE_BODY_BYTES, budgetBytes: 2 * LARGE_BODY_BYTES, admit });
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, _request, reply) =>
    reply.code(error instanceof Problem ? error.status : 500).send(),
  );
  app.post('/', () => 'taken');
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const stranger = request({ port, method: 'POST', headers: { 'transfer-encoding': 'chunked' } });
  stranger.on('error', () => undefined);
  stranger.write('x');
  const [answer] = (await once(stranger, 'response')) as [IncomingMessage];
  assert.equal(answer.statusCode, 401);
  const known = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    headers: { authorization: 'known' },
    body: 'x'.repeat(2 * LARGE_BODY_BYTES),
  });
  assert.equal(known.status, 200);
  stranger.destroy();
  await app.close();
});

test('what handlers have is bounded until they end', () => {
  const bodies = new HandledBodies(10);
  const first = bodies.take(new Uint8Array(6));
  assert.throws(() => bodies.take(new Uint8Array(5)), { code: 'unavailable' });
  const second = bodies.take(new Uint8Array(4));
  bodies.giveBack(first);
  bodies.giveBack(second);
  bodies.take(new Uint8Array(10));
});
