import assert from 'node:assert/strict';
import test from 'node:test';
import { MASK, parseAuth, parseOrdering, parseTls, renderAuth, renderTls } from './endpoint-settings.ts';

const OAUTH2 = {
  type: 'oauth2',
  tokenUrl: 'https://id.example/token',
  clientId: 'me',
  clientSecret: 's3cret',
} as const;

test('what OAuth 2.0 leaves out gets its default', () => {
  assert.deepEqual(parseAuth(OAUTH2), { ...OAUTH2, scopes: [], clientAuth: 'basic', extraParams: {} });
});

test('credentials are shown without their secrets', () => {
  const shown = JSON.stringify([
    renderAuth({ type: 'basic', username: 'ada', password: 'hunter2' }),
    renderAuth({ type: 'bearer', token: 'hunter2' }),
    renderAuth(parseAuth({ ...OAUTH2, clientSecret: 'hunter2', extraParams: { audience: 'hunter2' } })),
    renderTls({ cert: 'hunter2', key: 'hunter2', ca: null }),
  ]);
  assert.ok(!shown.includes('hunter2'));
  assert.ok(shown.includes('ada') && shown.includes('audience'));
});

test('a mask that comes back is refused instead of being kept as the secret', () => {
  assert.throws(() => parseAuth({ type: 'basic', username: 'ada', password: MASK }), /mask/);
  assert.throws(() => parseAuth({ type: 'bearer', token: MASK }), /mask/);
  assert.throws(() => parseAuth({ ...OAUTH2, clientSecret: MASK }), /mask/);
  assert.throws(() => parseTls({ cert: MASK, key: MASK }), /mask/);
});

test('credentials that no request could carry are refused', () => {
  assert.throws(() => parseAuth({ type: 'basic', username: 'a:b', password: 'x' }), /RFC 7617/);
  assert.throws(() => parseAuth({ type: 'bearer', token: 'a\nb' }), /printable/);
  assert.throws(() => parseAuth({ ...OAUTH2, tokenUrl: 'ftp://id.example' }), { code: 'validation' });
  assert.throws(() => parseTls({ cert: 'pem' }), /together/);
});

test('nothing set in tls is no tls, and order is none unless asked for', () => {
  assert.equal(parseTls({}), null);
  assert.deepEqual(parseTls({ ca: 'pem' }), { cert: null, key: null, ca: 'pem' });
  assert.deepEqual(parseOrdering(null), { scope: 'none', onFailure: 'block' });
  assert.deepEqual(parseOrdering({ scope: 'key', onFailure: 'skip' }), { scope: 'key', onFailure: 'skip' });
});
