import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../core/problem.ts';
import { isSameOrigin, splitLogin } from './url-login.ts';

test('a login is taken out of the URL and decoded, and the rest stays as it was typed', () => {
  for (const [text, url, username, password] of [
    ['https://me:pass@Shop.example/A?b=c%20@d', 'https://Shop.example/A?b=c%20@d', 'me', 'pass'],
    ['HTTP://a%40b:p%3a%25@x.example', 'HTTP://x.example', 'a@b', 'p:%'],
    ['http://key@x.example:80/', 'http://x.example:80/', 'key', ''],
    ['http://:only@x.example/', 'http://x.example/', '', 'only'],
    ['http://a@b:c@x.example/', 'http://x.example/', 'a@b', 'c'],
    ['http://u:100%@[::1]:8/', 'http://[::1]:8/', 'u', '100%'],
  ] as const) {
    assert.deepEqual(splitLogin(text), { url, login: { username, password } }, text);
  }
});

test('an @ elsewhere is no login, and an empty login is none', () => {
  for (const text of ['https://x.example/@me', 'https://x.example?a=b@c', 'https://x.example/'])
    assert.deepEqual(splitLogin(text), { url: text, login: null });
  assert.deepEqual(splitLogin('https://@x.example/'), { url: 'https://x.example/', login: null });
});

test('a user name with a colon is refused, for it could not be told from the password', () => {
  assert.throws(() => splitLogin('https://a%3Ab:c@x.example/'), Problem);
});

test('an origin is scheme, host and port', () => {
  assert.ok(isSameOrigin('https://x.example/a', 'https://X.example:443/b?c'));
  for (const other of ['http://x.example/a', 'https://x.example:8443/a', 'https://y.example/a', ''])
    assert.ok(!isSameOrigin('https://x.example/a', other), other);
});
