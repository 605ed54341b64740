import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  channelFault,
  contentTypeFault,
  eventTypeFault,
  headerNameFault,
  headerValueFault,
  isSensitiveHeader,
  metadataFault,
  methodFault,
  orderingKeyFault,
  tagFault,
  URL_CHARS_MAX,
  uidFault,
  urlFault,
} from './limits.ts';

test('names are letters, digits, hyphen, underscore and dot', () => {
  for (const good of ['a', 'user.signup', 'A-b_c.9', '...', '.a', 'x'.repeat(256)])
    assert.equal(eventTypeFault(good), null);
  for (const bad of ['', 'a b', 'a/b', '.', '..', 'é', 'a\n', 'x'.repeat(257)])
    assert.notEqual(eventTypeFault(bad), null, bad);
  assert.equal(channelFault('x'.repeat(128)), null);
  assert.match(channelFault('x'.repeat(129))!, /1 to 128/);
  assert.match(tagFault('x'.repeat(129))!, /1 to 128/);
});

test('a uid does not look like an id of its kind', () => {
  assert.match(uidFault('ep_mine', 'ep_')!, /does not start with "ep_"/);
  assert.equal(uidFault('ep_mine', 'app_'), null);
  assert.match(uidFault('my uid', 'ep_')!, /letters, digits/);
});

test('an ordering key is any text that is not too long', () => {
  assert.equal(orderingKeyFault('customer/42 é'), null);
  assert.notEqual(orderingKeyFault(''), null);
  assert.notEqual(orderingKeyFault('x'.repeat(257)), null);
});

test('metadata holds strings only, 4096 bytes of JSON in all', () => {
  assert.equal(metadataFault({ a: 'b' }), null);
  assert.equal(metadataFault({ a: 'x'.repeat(4096 - 8) }), null);
  assert.match(metadataFault({ a: 'x'.repeat(4096 - 7) })!, /4096/);
  assert.match(metadataFault({ a: 'é'.repeat(2045) })!, /4096/);
  assert.match(metadataFault({ a: 1 })!, /value of "a"/);
  for (const bad of [null, [], 'a', 1]) assert.notEqual(metadataFault(bad), null);
});

test('headers that the sender or a proxy owns are refused in any case', () => {
  for (const name of ['X-Example', 'Authorization', 'x-api-key', 'Accept', 'Cookie']) {
    assert.equal(headerNameFault(name), null, name);
  }
  const forbidden =
    'User-Agent Expect keep-alive Proxy-Authorization TE trailers Transfer-Encoding Upgrade Age Cache-Control Expires Pragma Warning Content-Length Content-Type Content-Encoding Host Connection X-Amz-Date x-amzn-trace x-google-foo x-goog-a x-gfe x-azure-a x-fd-a X-Svix-Id svix-signature Webhook-Id';
  for (const name of forbidden.split(' '))
    assert.match(headerNameFault(name)!, /Choose another header/, name);
  for (const name of ['', 'a b', 'a:b', 'é', 'a\r\nb', 'x'.repeat(129)]) {
    assert.match(headerNameFault(name)!, /Give a header name/, name);
  }
});

test('a header value cannot end its line', () => {
  assert.equal(headerValueFault('Bearer abc\té'), null);
  assert.equal(headerValueFault(''), null);
  for (const bad of ['a\r\nX: y', 'a\nb', '\0', '\u007f', '🎺', 'x'.repeat(4097)])
    assert.notEqual(headerValueFault(bad), null);
});

test('credentials are shown by name only', () => {
  for (const name of ['Authorization', 'X-Api-Key', 'x-auth-token', 'Proxy-Foo'])
    assert.ok(isSensitiveHeader(name));
  assert.ok(!isSensitiveHeader('X-Example'));
});

test('content types and methods are what HTTP knows', () => {
  for (const good of ['application/json', 'text/plain; charset=utf-8', 'application/vnd.api+json']) {
    assert.equal(contentTypeFault(good), null);
  }
  for (const bad of ['', 'json', 'a/b\r\nX: y', `a/${'b'.repeat(300)}`, 'text/plain utf8']) {
    assert.notEqual(contentTypeFault(bad), null, bad);
  }
  assert.equal(methodFault('PUT'), null);
  for (const bad of ['put', 'CONNECT', 'TRACE', '', 'POST ']) assert.notEqual(methodFault(bad), null);
});

test('URLs are absolute, http or https, and are called as they are written', () => {
  for (const good of [
    'https://example.com',
    'http://user:pass@example.com:8080/a?b=c%20d',
    'https://[::1]/',
    'https://exämple.com/',
  ]) {
    assert.equal(urlFault(good), null, good);
  }
  const bad = [
    '',
    'example.com',
    '/a',
    'ftp://example.com',
    'javascript:alert(1)',
    'http:example.com',
    'http:///example.com',
    'http://',
    'http://a b/',
    ' http://a/',
    'http://a/\n',
    'http:\\\\a\\b',
    'https://example.com/#x',
    'https://example.com/#',
    `https://example.com/${'x'.repeat(URL_CHARS_MAX)}`,
  ];
  for (const url of bad) assert.notEqual(urlFault(url), null, url);
});

test('http is refused where only https is allowed', () => {
  assert.equal(urlFault('https://example.com', { httpsOnly: true }), null);
  assert.match(urlFault('http://example.com', { httpsOnly: true })!, /https/);
});
