import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WireRequest } from '../../src/ports/wire.ts';
import { FakeClock } from './fake-clock.ts';
import { answers, fails, hangs, ScriptedWire } from './scripted-wire.ts';

function request(path: string, timeoutMs = 1_000): WireRequest {
  return {
    method: 'POST',
    url: new URL(path, 'http://receiver.test'),
    headers: [],
    body: new Uint8Array(),
    timeoutMs,
    connection: { tls: null, allowHttp2: false },
  };
}

test('the answer comes from the request, after its delay on the clock, and is recorded', async () => {
  const clock = new FakeClock({ startAt: 0 });
  const wire = new ScriptedWire(clock, ({ url }) =>
    url.pathname === '/ok' ? answers(200, { afterMs: 20 }) : fails('unreachable', 5),
  );
  const both = Promise.all([wire.send(request('/ok')), wire.send(request('/gone'))]);
  assert.equal(wire.inFlight, 2);
  await clock.advance(20);
  const [ok, gone] = await both;
  assert.equal(ok.kind === 'answered' && ok.statusCode, 200);
  assert.equal(ok.durationMs, 20);
  assert.equal(gone.kind, 'unreachable');
  assert.deepEqual(
    wire.calls.map((call) => [call.request.url.pathname, call.endedAt]),
    [
      ['/ok', 20],
      ['/gone', 5],
    ],
  );
});

test('a hanging or too slow receiver ends at the deadline of the request', async () => {
  const clock = new FakeClock({ startAt: 0 });
  const wire = new ScriptedWire(clock, ({ url }) =>
    url.pathname === '/hang' ? hangs() : answers(200, { afterMs: 600 }),
  );
  const both = Promise.all([wire.send(request('/hang', 500)), wire.send(request('/slow', 500))]);
  await clock.advance(500);
  assert.deepEqual(
    (await both).map((outcome) => outcome.kind),
    ['timed-out', 'timed-out'],
  );
  assert.equal(wire.calls[0]!.endedAt, 500);
});

test('closing the wire ends what is in flight as unreachable', async () => {
  const clock = new FakeClock();
  const wire = new ScriptedWire(clock, () => hangs());
  const sent = wire.send(request('/'));
  await wire.close();
  assert.equal((await sent).kind, 'unreachable');
  assert.equal(clock.armed, 0);
});
