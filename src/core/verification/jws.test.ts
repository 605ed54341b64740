import assert from 'node:assert/strict';
import { createHmac, createPublicKey, createSecretKey, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { decodeJws, isSignedWith, timeFault } from './jws.ts';

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const secret = createSecretKey(Buffer.from('shared'));
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const ed = generateKeyPairSync('ed25519');

function hs256(header: unknown, claims: unknown, key: string | Buffer = 'shared'): string {
  const input = `${encoded(header)}.${encoded(claims)}`;
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
}

test('tokens signed with HS256, RS256, ES256 and EdDSA are recognised by their key only', () => {
  const make = (alg: string, signed: (input: Buffer) => Buffer) => {
    const input = `${encoded({ alg })}.${encoded({ a: 1 })}`;
    return decodeJws(`${input}.${signed(Buffer.from(input)).toString('base64url')}`)!;
  };
  const rs = make('RS256', (input) => sign('sha256', input, rsa.privateKey));
  const es = make('ES256', (input) =>
    sign('sha256', input, { key: ec.privateKey, dsaEncoding: 'ieee-p1363' }),
  );
  const eddsa = make('EdDSA', (input) => sign(null, input, ed.privateKey));
  const hs = decodeJws(hs256({ alg: 'HS256' }, { a: 1 }))!;
  const keys = [secret, rsa.publicKey, ec.publicKey, ed.publicKey];
  for (const [index, jws] of [hs, rs, es, eddsa].entries())
    assert.deepEqual(
      keys.map((key) => isSignedWith(jws, key)),
      keys.map((_, at) => at === index),
      jws.algorithm,
    );
});

test('a public key is never taken for an HMAC secret', () => {
  const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' });
  const forged = decodeJws(hs256({ alg: 'HS256' }, {}, Buffer.from(pem)))!;
  assert.equal(isSignedWith(forged, createPublicKey(pem)), false);
});

test('what is no token, unsigned, or asks for extensions is none', () => {
  const claims = encoded({ a: 1 });
  for (const token of [
    '',
    'a.b',
    'a.b.c',
    `${encoded({ alg: 'none' })}.${claims}.`,
    `${encoded({ alg: 'none' })}.${claims}.AAAA`,
    `${encoded({ alg: 'HS1' })}.${claims}.AAAA`,
    `${encoded({ alg: 'HS256', crit: ['x'] })}.${claims}.AAAA`,
    `${encoded({ alg: 'HS256' })}.${encoded([1])}.AAAA`,
    `${encoded({ alg: 'HS256' })}.${claims}.AA AA`,
  ])
    assert.equal(decodeJws(token), null, token);
});

test('a token counts while it is valid, give or take a minute', () => {
  const now = 1_760_000_000;
  const fault = (claims: Record<string, unknown>, maxAge: number | null = null) =>
    timeFault(claims, now * 1000, maxAge);
  assert.equal(fault({}), null);
  assert.equal(fault({ exp: now - 59, nbf: now + 59, iat: now }), null);
  assert.equal(fault({ exp: now - 61 }), 'timestamp-too-old');
  assert.equal(fault({ nbf: now + 61 }), 'timestamp-in-future');
  assert.equal(fault({ iat: now + 61 }), 'timestamp-in-future');
  assert.equal(fault({ exp: 'soon' }), 'timestamp-malformed');
  assert.equal(fault({ iat: now - 301 }, 300), 'timestamp-too-old');
  assert.equal(fault({}, 300), 'timestamp-malformed');
});
