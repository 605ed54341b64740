import assert from 'node:assert/strict';
import test from 'node:test';
import { newSigningKeyText, publicKeyText } from '../core/signing/standard-webhooks.ts';
import { parseKeyTexts, renderSecret } from './endpoint-secret.ts';

const HMAC = newSigningKeyText('hmac256', new Uint8Array(24).fill(1));
const PAIR = newSigningKeyText('ed25519', new Uint8Array(32).fill(2));
const LOC = ['body', 'secret'];

test('a key is one of either type, or one of each', () => {
  assert.deepEqual(parseKeyTexts(HMAC, LOC), [{ type: 'hmac256', text: HMAC }]);
  assert.deepEqual(parseKeyTexts(`${PAIR} ${HMAC}`, LOC), [
    { type: 'ed25519', text: PAIR },
    { type: 'hmac256', text: HMAC },
  ]);
});

test('a key without its prefix and a bare seed get the spelling they are kept in', () => {
  assert.deepEqual(parseKeyTexts(HMAC.slice('whsec_'.length), LOC), [{ type: 'hmac256', text: HMAC }]);
  const seed = `whsk_${Buffer.from(new Uint8Array(32).fill(2)).toString('base64')}`;
  assert.deepEqual(parseKeyTexts(seed, LOC), [{ type: 'ed25519', text: PAIR }]);
});

test('two keys of a type, three keys and unusable keys are refused where the caller wrote them', () => {
  const short = `whsec_${Buffer.alloc(23).toString('base64')}`;
  for (const text of [
    `${HMAC} ${HMAC}`,
    `${HMAC} ${PAIR} ${HMAC}`,
    short,
    'whsec_%%%',
    `${HMAC} `,
    publicKeyText(PAIR),
  ]) {
    assert.throws(
      () => parseKeyTexts(text, LOC),
      (error: { errors: { loc: unknown }[] }) => {
        assert.deepEqual(error.errors[0]?.loc, LOC);
        return true;
      },
      text,
    );
  }
});

test('receivers are told the shared secret and the public key, never the private one', () => {
  const hmac = { type: 'hmac256', text: HMAC } as const;
  const pair = { type: 'ed25519', text: PAIR } as const;
  const publicKey = publicKeyText(PAIR);
  assert.deepEqual(renderSecret([hmac]), { key: HMAC, publicKey: null });
  assert.deepEqual(renderSecret([pair]), { key: publicKey, publicKey });
  assert.deepEqual(renderSecret([pair, hmac]), { key: HMAC, publicKey });
});
