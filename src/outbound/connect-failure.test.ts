import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ConnectFailure,
  dnsFailure,
  requestFailure,
  tcpFailure,
  tlsFailure,
  tlsReason,
} from './connect-failure.ts';

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
  const alert = coded('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'tlsv13 alert\ncertificate  required');
  assert.match(
    tlsFailure(alert, 'a.test:443').message,
    /handshake with a\.test:443 failed: it asks for a client certificate \(ERR_SSL_TLSV13/,
  );
  assert.equal(requestFailure(alert, false).kind, 'tls-failed');
});

test('of what OpenSSL reports only the reason is told, in words when it is a usual one', () => {
  const report = (code: string, reason: string) =>
    coded(code, `40DD62:error:0A00010B:SSL routines:some_function:${reason}:../deps/openssl/ssl.c:77:\n`);
  const told: [string, string, string][] = [
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'wrong version number', 'the port does not speak TLS'],
    ['EPROTO', 'wrong version number', 'the port does not speak TLS'],
    ['EPROTO', 'tlsv1 alert protocol version', 'it speaks no TLS of version 1.2 or newer'],
    ['EPROTO', 'ssl/tls alert bad certificate', 'it does not accept our client certificate'],
    ['EPROTO', 'ssl/tls alert certificate unknown', 'it does not accept our client certificate'],
    ['EPROTO', 'tlsv1 alert unknown ca', 'it does not accept our client certificate'],
    ['EPROTO', 'tlsv13 alert certificate required', 'it asks for a client certificate'],
    ['EPROTO', 'tlsv1 unrecognized name', 'it knows no host of this name'],
    ['EPROTO', 'a new reason', 'a new reason'],
  ];
  for (const [code, reason, sentence] of told) {
    const { message } = tlsFailure(report(code, reason), 'a.test:443');
    assert.equal(message, `The TLS handshake with a.test:443 failed: ${sentence} (${code})`);
  }
  const member = Object.assign(report('ERR_OSSL_X', 'other'), { reason: 'key values mismatch' });
  assert.equal(tlsReason(member), 'the key does not belong to the certificate (ERR_OSSL_X)');
  const ended = requestFailure(report('ERR_SSL_X', 'a new reason'), false);
  assert.equal(ended.detail, 'The receiver ended the TLS connection: a new reason (ERR_SSL_X)');
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
