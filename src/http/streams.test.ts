import assert from 'node:assert/strict';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import fastify from 'fastify';
import { systemClock } from '../app/system-clock.ts';
import type { OrganizationId } from '../core/ids.ts';
import type { Problem } from '../core/problem.ts';
import type { Reply } from '../engine/engine.ts';
import { Streams, type StreamsOptions } from './streams.ts';

const organization = 'org' as OrganizationId;
type Stream = NonNullable<Reply['stream']>;

async function serve(stream: Stream, options: Partial<StreamsOptions> = {}) {
  const warnings: string[] = [];
  const log = { info() {}, error() {}, warn: (event: string) => void warnings.push(event) };
  const streams = new Streams({ clock: systemClock, log, ...options });
  const app = fastify();
  app.get('/', (_request, reply) => {
    try {
      streams.send({ status: 200, body: undefined, headers: { 'x-own': 'a' }, stream }, reply, organization);
    } catch (cause) {
      reply.code((cause as Problem).status).send();
    }
  });
  app.addHook('preClose', async () => streams.close());
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const open = (method = 'GET'): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      get({ port, method, host: '127.0.0.1', agent: false }, resolve).on('error', reject);
    });
  return { open, port, warnings, close: () => app.close() };
}

async function read(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) text += chunk;
  return text;
}

const until = async (what: () => boolean): Promise<void> => {
  for (const deadline = Date.now() + 5_000; !what(); ) {
    assert.ok(Date.now() < deadline, 'it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

/** Says how it was ended. */
function endless(text: string, made: { chunks: number; ended: boolean }): Stream {
  return async function* () {
    try {
      for (;;) {
        made.chunks++;
        yield text;
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    } finally {
      made.ended = true;
    }
  };
}

test('an answer is sent bit by bit, with its headers, and ends where the bits end', async () => {
  const served = await serve(async function* () {
    yield 'one ';
    yield new TextEncoder().encode('two');
  });
  const answer = await served.open();
  assert.equal(answer.headers['x-own'], 'a');
  assert.equal(await read(answer), 'one two');
  assert.equal(await read(await served.open('HEAD')), '');
  await served.close();
});

test('an answer that fails in the middle is cut short, and told in the log', async () => {
  const served = await serve(async function* () {
    yield 'one';
    await new Promise((resolve) => setTimeout(resolve, 10));
    throw new Error('away');
  });
  await assert.rejects(read(await served.open()), /aborted/);
  assert.deepEqual(served.warnings, ['stream.failed']);
  await served.close();
});

test('nothing more is made for a reader that has gone away', async () => {
  const made = { chunks: 0, ended: false };
  const served = await serve(endless('x', made));
  const answer = await served.open();
  answer.on('error', () => {}).destroy();
  await until(() => made.ended);
  await served.close();
});

test('a reader that takes nothing stops what is made, and loses its connection in the end', async () => {
  const made = { chunks: 0, ended: false };
  const served = await serve(endless('x'.repeat(256 * 1024), made), { stallMs: 200 });
  const socket: Socket = connect(served.port, '127.0.0.1');
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(() => made.ended);
  assert.ok(made.chunks < 100, `${made.chunks} chunks were made for nobody`);
  socket.destroy();
  await served.close();
});

test('an organization has so many streams at once, and another one when one of them ends', async () => {
  const made = { chunks: 0, ended: false };
  const served = await serve(endless('x', made), { perOrganizationMax: 2 });
  const first = await served.open();
  const second = await served.open();
  const third = await served.open();
  assert.deepEqual([first.statusCode, second.statusCode, third.statusCode], [200, 200, 429]);
  first.on('error', () => {}).destroy();
  await until(() => made.ended);
  const fourth = await served.open();
  assert.equal(fourth.statusCode, 200);
  for (const answer of [second, fourth]) answer.on('error', () => {}).destroy();
  await served.close();
});

test('a server that stops ends its streams, also one that waits', async () => {
  let wasAborted = false;
  const served = await serve(async function* (signal) {
    yield 'one';
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    wasAborted = true;
  });
  const reading = read(await served.open());
  await new Promise((resolve) => setTimeout(resolve, 20));
  await served.close();
  await assert.rejects(reading);
  assert.equal(wasAborted, true);
});
