import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/properties.ts';
import { appendablePath, forwardedHeaders, hopsOf, traceOf } from './forwarding.ts';

test('headers of the connection stay behind, also those that Connection names; all others go on as they came', () => {
  const came = [
    ['Host', 'a'],
    ['Connection', 'close, X-Hop'],
    ['x-hop', '1'],
    ['TE', 'trailers'],
    ['Content-Type', 'text/plain'],
    ['Content-Encoding', 'gzip'],
    ['User-Agent', 'GitHub-Hookshot/1'],
    ['webhook-signature', 'v1,x'],
    ['x-amz-sns-message-type', 'Notification'],
  ] as const;
  assert.deepEqual(forwardedHeaders(came), came.slice(4));
});

test('what is no header of HTTP is not made one', () => {
  const came = [
    ['no name', 'x'],
    ['', 'x'],
    ['Subject', 'Grüße ✓\r\nX-Evil: 1'],
  ] as const;
  assert.deepEqual(forwardedHeaders(came), [['Subject', 'Grüße    X-Evil: 1']]);
});

test('a path without steps back is appended as it came', () => {
  for (const path of ['', '/', '/a/b', '/a%2Fb', '//x', '/a..b/...', '/a\\b', '/%2e%2ea', '/a;b'])
    assert.equal(appendablePath(path), path);
});

test('steps back end where the received path begins, however they are written', () => {
  const paths = {
    '/../../admin': '/admin',
    '/a/../../../b/': '/b/',
    '/%2e%2E/admin': '/admin',
    '/..%2f..%2Fadmin': '/admin',
    '/..\\..\\admin': '/admin',
    '/%2e%2e%5cadmin': '/admin',
    '/..;x=1/admin': '/admin',
    '/%252e%252e/admin': '/admin',
    '/a/./b': '/a/b',
    '/..': '/',
  };
  for (const [path, safe] of Object.entries(paths)) assert.equal(appendablePath(path), safe, path);
});

test('no path leads out of the one that it is appended to', () => {
  const piece = fc.constantFrom(
    '/',
    '.',
    '..',
    '%2e',
    '%2F',
    '\\',
    '%5c',
    ';',
    'a',
    '%252e',
    '?',
    '#',
    '\t',
    '\n',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const url = new URL('http://receiver.test/base');
      url.pathname += appendablePath(`/${pieces.join('')}`);
      assert.equal(url.host, 'receiver.test');
      assert.ok(url.pathname.startsWith('/base/'), url.pathname);
    }),
    { examples: [[['..', '\t']]], numRuns: 1_000 },
  );
});

test('hops are counted by the largest that is told', () => {
  assert.equal(hopsOf([]), 0);
  assert.equal(
    hopsOf([
      ['posthorn-trace', traceOf(3)],
      ['Posthorn-Trace', 'hops=7'],
      ['Posthorn-Trace', 'hops=-1'],
      ['Posthorn-Trace', 'zero'],
    ]),
    7,
  );
});
