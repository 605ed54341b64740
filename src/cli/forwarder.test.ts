import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startReceiver } from '../../test/support/receiver.ts';
import { targetOf } from './forwarder.ts';
import { forwardable, sendCall } from './send-call.ts';

const NEVER = new AbortController().signal;

test('path and query of a call go behind those of the address, byte for byte', () => {
  const target = (base: string, path: string, query: string) => targetOf(new URL(base), { path, query });
  assert.equal(target('http://localhost:3000', '', ''), '/');
  assert.equal(target('http://localhost:3000', '/a%2Fb//c', 'x=%20+1'), '/a%2Fb//c?x=%20+1');
  assert.equal(target('http://localhost:3000/hooks', '', 'x=1'), '/hooks?x=1');
  assert.equal(target('http://localhost:3000/hooks/', '/a', ''), '/hooks/a');
  assert.equal(target('http://localhost:3000/hooks?key=1', '/a', 'x=2'), '/hooks/a?key=1&x=2');
  assert.equal(target('http://localhost:3000/hooks', '/../admin', ''), '/hooks/admin');
});

test('headers of a connection stay behind, all others go on as they came', () => {
  const headers: [string, string][] = [
    ['Host', 'hub.example'],
    ['X-Twice', '1'],
    ['x-twice', '2'],
    ['Connection', 'keep-alive, X-Private'],
    ['X-Private', 'mine'],
    ['Transfer-Encoding', 'chunked'],
    ['Content-Encoding', 'gzip'],
    ['Authorization', 'Bearer x'],
  ];
  assert.deepEqual(forwardable(headers), [
    ['X-Twice', '1'],
    ['x-twice', '2'],
    ['Content-Encoding', 'gzip'],
    ['Authorization', 'Bearer x'],
  ]);
});

test('a call is sent with exactly these headers and bytes, a GET with a body too', async () => {
  await using receiver = await startReceiver();
  receiver.answer({ status: 418, body: 'short and stout' });
  const body = Buffer.from([0, 255, 10]);
  const headers = [
    ['X-Odd', 'Grüße'],
    ['x-odd', 'b'],
  ] as const;
  const outcome = await sendCall({
    method: 'GET',
    url: new URL(receiver.url),
    target: '/%7Ea?b',
    headers,
    body,
    signal: NEVER,
  });
  assert.ok('status' in outcome);
  assert.deepEqual([outcome.status, outcome.text], [418, 'short and stout']);
  const [request] = receiver.requests;
  assert.deepEqual([request!.method, request!.url], ['GET', '/%7Ea?b']);
  assert.deepEqual(request!.body, body);
  assert.deepEqual(request!.rawHeaders.slice(0, 6), [
    'Host',
    new URL(receiver.url).host,
    'X-Odd',
    'Grüße',
    'x-odd',
    'b',
  ]);
});

test('no answer is an outcome, and so is what HTTP does not allow', async () => {
  const call = {
    method: 'POST',
    url: new URL('http://127.0.0.1:1/'),
    headers: [],
    body: new Uint8Array(0),
    signal: NEVER,
  };
  assert.deepEqual(await sendCall(call), { failed: 'ECONNREFUSED' });
  assert.ok('unsendable' in (await sendCall({ ...call, headers: [['X', 'a\nb']] })));
  assert.ok('unsendable' in (await sendCall({ ...call, target: '/a b' })));
});
