import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { Problem } from '../problem.ts';
import {
  compileKey,
  newSigningKeyText,
  parseSigningKey,
  publicKeyText,
  signature,
  signatureHeaders,
} from './standard-webhooks.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const PUBLISHED = {
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestampSeconds: 1_614_265_330,
  body: Buffer.from('{"test": 2432232314}'),
};
const seed = Uint8Array.from({ length: 32 }, (_, i) => i);

function base64(count: number): string {
  return Buffer.from(Uint8Array.from({ length: count }, (_, i) => i * 7)).toString('base64');
}

function refused(text: string): string {
  try {
    parseSigningKey(text);
  } catch (error) {
    assert.ok(error instanceof Problem);
    assert.equal(error.code, 'validation');
    if (text.length > 8) assert.ok(!error.message.includes(text), 'a secret is never repeated');
    return error.message;
  }
  return assert.fail(`accepted ${text}`);
}

test('the published vector is reproduced', () => {
  assert.equal(signature([compileKey(SECRET)], PUBLISHED), 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test('the standardwebhooks package verifies what is signed, in any place among several signatures', () => {
  const timestampSeconds = Math.floor(Date.now() / 1000);
  const old = `whsec_${base64(75)}`;
  const body = Buffer.from('{"name":"Zoë","emoji":"🎺"}');
  const signers = [compileKey(newSigningKeyText('ed25519', seed)), compileKey(SECRET), compileKey(old)];
  const signed = {
    id: 'msg_1',
    timestampSeconds,
    signature: signature(signers, { id: 'msg_1', timestampSeconds, body }),
  };
  const flat = signatureHeaders('webhook', signed);
  const headers = Object.fromEntries([0, 2, 4].map((i) => [flat[i], flat[i + 1]])) as Record<string, string>;
  for (const secret of [SECRET, old]) {
    assert.deepEqual(new Webhook(secret).verify(body, headers), { name: 'Zoë', emoji: '🎺' });
    assert.throws(() => new Webhook(secret).verify(Buffer.from('{"name":"Zoe"}'), headers));
  }
  assert.throws(() => new Webhook(`whsec_${base64(24)}`).verify(body, headers), /No matching signature/);
});

test('an Ed25519 signature verifies with the published public key and with nothing else', () => {
  const text = newSigningKeyText('ed25519', seed);
  const sent = signature([compileKey(text)], PUBLISHED);
  assert.match(sent, /^v1a,/);
  const raw = Buffer.from(publicKeyText(text).slice('whpk_'.length), 'base64');
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') },
    format: 'jwk',
  });
  const toSign = (id: string) => Buffer.from(`${id}.${PUBLISHED.timestampSeconds}.${PUBLISHED.body}`);
  const bytes = Buffer.from(sent.slice('v1a,'.length), 'base64');
  assert.ok(verify(null, toSign(PUBLISHED.id), key, bytes));
  assert.ok(!verify(null, toSign('msg_other'), key, bytes));
});

test('signatures are separated by one space, in the order of the signers', () => {
  const both = signature([compileKey(newSigningKeyText('ed25519', seed)), compileKey(SECRET)], PUBLISHED);
  assert.match(both, /^v1a,\S+ v1,\S+$/);
  assert.equal(signature([], PUBLISHED), '');
});

test('binary bodies are signed as they are', () => {
  const a = signature([compileKey(SECRET)], { ...PUBLISHED, body: Uint8Array.of(0, 255, 254) });
  const b = signature([compileKey(SECRET)], { ...PUBLISHED, body: Uint8Array.of(0, 255, 253) });
  assert.notEqual(a, b);
});

test('the svix set has the same values under other names', () => {
  assert.deepEqual(signatureHeaders('svix', { id: 'msg_1', timestampSeconds: 7, signature: 'v1,x' }), [
    'Svix-Id',
    'msg_1',
    'Svix-Timestamp',
    '7',
    'Svix-Signature',
    'v1,x',
  ]);
});

test('secrets of 24 to 75 bytes are read, with or without their prefix', () => {
  for (const count of [24, 32, 64, 75]) {
    for (const text of [`whsec_${base64(count)}`, base64(count)]) {
      const key = parseSigningKey(text);
      assert.equal(key.type, 'hmac256');
      assert.equal(key.type === 'hmac256' && key.bytes.length, count);
    }
  }
  assert.match(refused(`whsec_${base64(23)}`), /24 to 75 bytes, this one 23/);
  assert.match(refused(`whsec_${base64(76)}`), /this one 76/);
});

test('text that other decoders would read otherwise is refused', () => {
  for (const text of ['', 'whsec_', 'whsec_@@@', `whsec_${base64(25).replace(/=+$/, '')}`, ` ${base64(24)}`])
    refused(text);
  const urlSafe = Buffer.alloc(24, 0xfb).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
  refused(`whsec_${urlSafe}`);
});

test('an Ed25519 key is a seed, or a seed with its own public key', () => {
  const text = newSigningKeyText('ed25519', seed);
  const bare = `whsk_${Buffer.from(seed).toString('base64')}`;
  assert.equal(publicKeyText(bare), publicKeyText(text));
  assert.equal(signature([compileKey(bare)], PUBLISHED), signature([compileKey(text)], PUBLISHED));
  const wrong = Buffer.from(text.slice('whsk_'.length), 'base64');
  wrong[40] = wrong[40]! ^ 1;
  assert.match(refused(`whsk_${wrong.toString('base64')}`), /not the public key/);
  assert.match(refused(`whsk_${base64(33)}`), /32-byte/);
  assert.match(refused(publicKeyText(text)), /cannot sign/);
  assert.throws(() => publicKeyText(SECRET), Problem);
});

test('new keys are made of the random bytes given', () => {
  const random = Uint8Array.from({ length: 40 }, (_, i) => i);
  assert.equal(
    newSigningKeyText('hmac256', random),
    `whsec_${Buffer.from(random.subarray(0, 24)).toString('base64')}`,
  );
  assert.equal(parseSigningKey(newSigningKeyText('ed25519', random)).type, 'ed25519');
  assert.throws(() => newSigningKeyText('ed25519', random.subarray(0, 31)), RangeError);
});
