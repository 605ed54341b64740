import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectFailure, dnsFailure, requestFailure, tcpFailure, tlsFailure } from './connect-failure.ts';

function coded(code: string, message = 'told by the library'): Error {
  return Object.assign(new Error(message), { code });
}

test('a TCP error is unreachable, except the kernel giving up on the address', () => {
  const { kind, message } = tcpFailure(coded('EHOSTUNREACH'), 'a.test:443');
  assert.deepEqual([kind, message], ['unreachable', 'a.test:443 is not reachable from here (EHOSTUNREACH)']);
  assert.equal(tcpFailure(coded('ETIMEDOUT'), 'a.test:443').kind, 'timed-out');
  assert.match(tcpFailure(coded('EMFILE'), 'a.test:443').message, /could not be connected to \(EMFILE\)/);
});

test('when every address failed, the first one gives the reason', () => {
  const error = new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')]);
  assert.match(tcpFailure(error, 'a.test:443').message, /refused the connection \(ECONNREFUSED\)/);
});

test('a TLS alert is tls-failed, in the handshake and after it', () => {
  const alert = coded('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'ssl/tls alert\ncertificate  required');
  assert.match(
    tlsFailure(alert, 'a.test:443').message,
    /handshake with a\.test:443 failed: ssl\/tls alert certificate required/,
  );
  assert.equal(requestFailure(alert, false).kind, 'tls-failed');
});

test('a DNS error says whether the name exists', () => {
  assert.equal(dnsFailure(coded('ENOTFOUND'), 'a.test').message, 'a.test has no address in DNS (ENOTFOUND)');
  assert.equal(
    dnsFailure(coded('EAI_AGAIN'), 'a.test').message,
    'a.test could not be looked up in DNS (EAI_AGAIN)',
  );
});

test('a failure that was already explained is kept', () => {
  const failure = new ConnectFailure('blocked', 'because');
  assert.equal(tcpFailure(failure, 'x'), failure);
  assert.equal(tlsFailure(failure, 'x'), failure);
  assert.equal(dnsFailure(failure, 'x'), failure);
  assert.deepEqual(requestFailure(failure, true), { kind: 'blocked', detail: 'because' });
});

test('anything else that breaks a request is unreachable with its code, and a sentence on one line of bounded length', () => {
  assert.deepEqual(requestFailure(coded('ERR_HTTP2_STREAM_ERROR'), true), {
    kind: 'unreachable',
    detail: 'The connection failed before the end of its answer (ERR_HTTP2_STREAM_ERROR)',
  });
  assert.equal(requestFailure('not even an error', false).kind, 'unreachable');
  const long = requestFailure(coded('UND_ERR_INVALID_ARG', `invalid ${'x\r\n'.repeat(5000)} header`), false);
  assert.equal(long.kind, 'unrenderable');
  assert.ok(long.detail.length < 300 && !/[\r\n]/.test(long.detail));
});
