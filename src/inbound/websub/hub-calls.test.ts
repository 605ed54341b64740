/** A source that subscribes at a real hub, in a whole server that the hub calls back. */
import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { startPosthorn } from '../../../test/support/posthorn.ts';
import { startReceiver } from '../../../test/support/receiver.ts';
import { makeFlow, makeSource } from '../../../test/support/source.ts';
import { startWebsubHub } from '../../../test/support/websub-hub.ts';
import { makeWebsubKind } from './websub-kind.ts';

/** What stands before Posthorn in public: known before Posthorn is there. */
async function startFront(): Promise<{ url: string; target: string } & AsyncDisposable> {
  const front = { url: '', target: '' };
  const server = createServer((incoming, response) => {
    const { method, headers, url } = incoming;
    const passed = request(front.target + url, { method: method!, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  front.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(front, {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

test('a hub is subscribed to, its question answered, and what it signs is an event; what it did not sign is refused', async () => {
  await using front = await startFront();
  await using target = await startReceiver();
  await using page = await startReceiver();
  await using hub = await startWebsubHub();
  await using posthorn = await startPosthorn({
    engine: { publicUrl: front.url },
    http: { publicUrl: front.url },
    inboundKinds: (parts) => [makeWebsubKind({ ...parts, userAgent: 'Posthorn-Test', publicUrl: front.url })],
  });
  front.target = posthorn.url;
  const topic = `${page.url}/feed`;
  page.answer({
    headers: { link: `<${hub.url}>; rel="hub", <${topic}>; rel="self"`, 'content-type': 'text/html' },
    body: '<html></html>',
  });
  await makeFlow(posthorn, target.url);
  const source = await makeSource(posthorn, { kind: 'websub', input: { url: topic } });
  for (let tries = 0; tries < 200 && hub.subscribers.length === 0; tries++)
    await new Promise((resolve) => setTimeout(resolve, 25));
  assert.equal(hub.subscribers.length, 1);
  assert.deepEqual(await hub.publish(topic, '{"entry":1}', 'application/json'), [202]);
  const got = (await target.waitFor(1))[0]!;
  assert.equal(got.body.toString(), '{"entry":1}');
  const forged = await source.send({
    headers: [['X-Hub-Signature', `sha256=${'0'.repeat(64)}`]],
    body: '{"entry":2}',
  });
  assert.equal(forged.status, 401);
  const uninvited = await source.send({
    method: 'GET',
    path: '?hub.mode=subscribe&hub.topic=https%3A%2F%2Felsewhere.example&hub.challenge=x',
  });
  assert.equal(uninvited.status, 404);
});
