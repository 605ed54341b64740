import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';
import { rawCall, statusOf } from '../../../../test/support/raw-call.ts';
import { startReceiver, type TestReceiver } from '../../../../test/support/receiver.ts';
import { makeFlow, makeSource } from '../../../../test/support/source.ts';

let posthorn: TestPosthorn;
let receiver: TestReceiver;
before(async () => {
  posthorn = await startPosthorn();
  receiver = await startReceiver();
});
after(async () => {
  await posthorn.stop();
  await receiver.stop();
});

test('a forwarded call says what its bytes are, and has the headers that its sender signed', async () => {
  const source = await makeSource(posthorn);
  await makeFlow(posthorn, receiver.url, { flow: { sources: [source.id] } });
  const at = receiver.requests.length;
  const body = gzipSync('{"a":1}');
  const own: [string, string][] = [
    ['Content-Type', 'application/json'],
    ['Content-Encoding', 'gzip'],
    ['User-Agent', 'Sender/1'],
    ['webhook-id', 'msg_1'],
    ['webhook-timestamp', '1760000000'],
    ['webhook-signature', 'v1,AAAA'],
    ['svix-id', 'msg_1'],
    ['x-amz-sns-message-type', 'Notification'],
    ['Cache-Control', 'no-store'],
  ];
  await source.send({ headers: [...own, ['Connection', 'close, X-Hop'], ['X-Hop', '1']], body });
  const got = (await receiver.waitFor(at + 1))[at]!;
  assert.deepEqual(got.body, body);
  for (const [name, value] of own) assert.equal(got.headers[name.toLowerCase()], value, name);
  assert.equal(got.headers['x-hop'], undefined);
});

test('a stranger cannot put a second header beside the destination’s own, or beside ours', async () => {
  const source = await makeSource(posthorn);
  const destination = { headers: { 'X-Api-Key': 'own' } };
  await makeFlow(posthorn, receiver.url, { destination, flow: { sources: [source.id] } });
  const at = receiver.requests.length;
  const twice = (name: string): [string, string][] => [
    [name, 'one'],
    [name.toLowerCase(), 'two'],
  ];
  const { json } = await source.send({ headers: [...twice('X-Api-Key'), ...twice('Posthorn-Event-Id')] });
  const { headers } = (await receiver.waitFor(at + 1))[at]!;
  assert.equal(headers['x-api-key'], 'own');
  assert.equal(headers['posthorn-event-id'], json.id);
});

test('no path of a caller leads out of the destination’s own', async () => {
  const source = await makeSource(posthorn);
  await makeFlow(posthorn, `${receiver.url}/base/hook?k=1`, { flow: { sources: [source.id] } });
  const paths = ['/../../admin', '/%2e%2e/%2e%2e/admin', '/..%2f..%2fadmin', '/..\\..\\admin', '/..;/admin'];
  for (const path of paths) {
    const at = receiver.requests.length;
    const head = `POST ${source.path}${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1`;
    assert.equal(statusOf(await rawCall(posthorn.url, `${head}\r\n\r\nx`)), 202);
    assert.equal((await receiver.waitFor(at + 1))[at]!.url, '/base/hook/admin?k=1', path);
  }
});

test('a flow that leads back to its own source ends after eight hops, and other sources go on', async () => {
  const source = await makeSource(posthorn);
  for (const request of [{ kind: 'forward' }, { kind: 'call', body: '{{ body }}' }, { kind: 'message' }]) {
    const loop = await makeSource(posthorn);
    await makeFlow(posthorn, posthorn.url + loop.path, {
      destination: { request },
      flow: { sources: [loop.id] },
    });
    await loop.send({ headers: [['Content-Type', 'text/plain']], body: 'round and round' });
    const scope = async (): Promise<number> =>
      (await posthorn.call('GET', `/api/v1/event?source=${loop.id}&limit=50`)).json.data.length;
    for (let tries = 0; tries < 100 && (await scope()) < 9; tries++)
      await new Promise((resolve) => setTimeout(resolve, 50));
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(await scope(), 9, request.kind);
  }
  const ninth = await source.send({ headers: [['Posthorn-Trace', 'hops=9']], body: 'x' });
  assert.equal(ninth.status, 508);
  assert.equal(ninth.json.code, 'loop_detected');
  assert.equal((await source.send({ headers: [['Posthorn-Trace', 'hops=8']], body: 'x' })).status, 202);
});

test('bodies that a template cannot use do not close a destination to those that it can', async () => {
  const source = await makeSource(posthorn);
  const request = { kind: 'call', body: '{{ body.n }}' };
  await makeFlow(posthorn, receiver.url, { destination: { request }, flow: { sources: [source.id] } });
  const send = (body: string) => source.send({ headers: [['Content-Type', 'application/json']], body });
  for (let n = 0; n < 15; n++) await send('{}');
  await new Promise((resolve) => setTimeout(resolve, 300));
  const at = receiver.requests.length;
  await send('{"n":"good"}');
  assert.equal((await receiver.waitFor(at + 1))[at]!.body.toString(), 'good');
});
