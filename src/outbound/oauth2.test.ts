import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startHttp } from '../../test/support/receivers.ts';
import type { Outcome } from '../core/outcome.ts';
import { fetchOauth2Token, type Oauth2Auth, readToken, tokenRequest } from './oauth2.ts';
import { openWire } from './open-wire.ts';

const AUTH: Oauth2Auth = {
  type: 'oauth2',
  tokenUrl: 'https://id.test/token',
  clientId: 'client:1',
  clientSecret: 'p@ss word%',
  scopes: ['events.write', 'b'],
  clientAuth: 'basic',
  extraParams: { audience: 'https://api.test', grant_type: 'password' },
};
const NOW = 1_700_000_000_000;

function answer(statusCode: number, body: unknown): Outcome {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { kind: 'answered', statusCode, body: Buffer.from(text), retryAfter: undefined, durationMs: 1 };
}

function refusalOf(outcome: Outcome): string {
  const token = readToken(outcome, NOW);
  return token.kind === 'unrenderable' ? token.detail : 'granted';
}

test('the client proves itself by Basic with both halves form-encoded', () => {
  const { headers, body } = tokenRequest(AUTH);
  const form = new URLSearchParams(Buffer.from(body).toString());
  assert.deepEqual(Object.fromEntries(form), {
    audience: 'https://api.test',
    grant_type: 'client_credentials',
    scope: 'events.write b',
  });
  const credentials = Buffer.from('client%3A1:p%40ss+word%25').toString('base64');
  assert.equal(headers[headers.indexOf('Authorization') + 1], `Basic ${credentials}`);
});

test('or by members of the body', () => {
  const { headers, body } = tokenRequest({ ...AUTH, clientAuth: 'body', scopes: [], extraParams: {} });
  const form = new URLSearchParams(Buffer.from(body).toString());
  assert.deepEqual(Object.fromEntries(form), {
    grant_type: 'client_credentials',
    client_id: 'client:1',
    client_secret: 'p@ss word%',
  });
  assert.ok(!headers.includes('Authorization'));
});

test('a token is to be used until shortly before it ends', () => {
  const lives: [unknown, number][] = [
    [3600, 3_570_000],
    [100, 90_000],
    ['3600', 3_570_000],
    [undefined, 270_000],
    ['x', 270_000],
    [1e12, 86_370_000],
    [-5, 0],
  ];
  for (const [life, usableMs] of lives) {
    const body = { access_token: 'abc.def', token_type: 'bearer', expires_in: life };
    assert.deepEqual(readToken(answer(200, body), NOW), {
      kind: 'granted',
      token: 'abc.def',
      expiresAt: NOW + usableMs,
    });
  }
});

test('an answer without a usable token is unrenderable with a sentence', () => {
  assert.match(
    refusalOf(answer(401, { error: 'invalid_client', error_description: 'p@ss' })),
    /answered 401 \(invalid_client\)$/,
  );
  assert.match(refusalOf(answer(400, { error: 'client_secret=p@ss' })), /answered 400$/);
  assert.match(refusalOf(answer(302, '')), /answered 302$/);
  for (const body of ['', '[]', 'null', '{"access_token":', '\u00ff'])
    assert.match(refusalOf(answer(200, body)), /JSON object/, body);
  for (const token of [undefined, 7, '', 'a b', 'a\r\nX: y', 'x'.repeat(20_000)]) {
    assert.match(refusalOf(answer(200, { access_token: token })), /no usable access_token/);
  }
  assert.match(refusalOf(answer(200, { access_token: 'a', token_type: 'mac' })), /not Bearer/);
  const oversized: Outcome = {
    kind: 'oversized',
    statusCode: 200,
    body: Buffer.from('{"access_token":"a"}'),
    retryAfter: undefined,
    durationMs: 1,
  };
  assert.match(refusalOf(oversized), /at most 20,000 bytes/);
  assert.match(
    refusalOf({ kind: 'blocked', detail: 'it is private', durationMs: 1 }),
    /^No OAuth2 token: it is private$/,
  );
});

test('a token is fetched through the guarded wire', async (t) => {
  const seen: string[] = [];
  const { port } = await startHttp(t, (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      seen.push(
        `${request.method} ${request.headers['content-type']} ${body.includes('grant_type=client_credentials')}`,
      );
      response.end('{"access_token":"t0ken","token_type":"Bearer","expires_in":60}');
    });
  });
  const auth = { ...AUTH, tokenUrl: `http://127.0.0.1:${port}/token` };
  const wire = openWire({ allowSubnets: ['127.0.0.1'], proxyUrl: null, noProxy: [] });
  const closed = openWire({ allowSubnets: [], proxyUrl: null, noProxy: [] });
  t.after(() => Promise.all([wire.close(), closed.close()]));
  assert.deepEqual(await fetchOauth2Token(wire, auth, { now: NOW }), {
    kind: 'granted',
    token: 't0ken',
    expiresAt: NOW + 54_000,
  });
  assert.deepEqual(seen, ['POST application/x-www-form-urlencoded true']);
  const blocked = await fetchOauth2Token(closed, auth, { now: NOW });
  assert.match(
    blocked.kind === 'unrenderable' ? blocked.detail : '',
    /^No OAuth2 token: 127\.0\.0\.1 is a loopback address/,
  );
  const nowhere = await fetchOauth2Token(wire, { ...AUTH, tokenUrl: 'id.test/token' }, { now: NOW });
  assert.equal(nowhere.kind, 'unrenderable');
});
