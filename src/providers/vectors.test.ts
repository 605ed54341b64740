/** Every recorded call verifies, and none does that was changed. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import {
  callOf,
  NOBODY,
  proofOf,
  providerNamed,
  providerVectors,
  type Vector,
  verifierOf,
} from '../../test/support/provider-vectors.ts';
import type { Provider } from '../core/verification/provider.ts';
import type { Verification } from '../core/verification/verifier.ts';

const VECTORS = providerVectors();
const CALLS = VECTORS.filter(({ expected }) => expected === 'valid');
/** Their signatures are over something else; what is remembered against replays takes its place. */
const BODY_NOT_COVERED = new Set([
  ...['mailgun', 'amazon-checkout-iopn', 'amazon-checkout-callback', 'mercado-pago'],
  ...['hipchat', 'monday', 'google-pubsub', 'atlassian-connect'],
]);
/** What is signed are members or fields: a changed byte may leave no form to read them from. */
const ANY_FAULT = new Set(['field-hmac', 'concat-hash', 'jwt', 'canonical-hmac']);

const titleOf = ({ provider, kind, provenBy }: Vector) => `${provider} (${kind}, ${provenBy})`;

async function judge(vector: Vector, changes = {}, { now = vector.now, secrets = proofOf(vector) } = {}) {
  const verifier = verifierOf(vector, secrets);
  return verifier.verify(callOf(vector, changes), { now: now * 1000, ask: NOBODY });
}

function reasonOf(result: Verification): string {
  return result.kind === 'refused' ? result.reason : result.kind;
}

test('every recorded call is genuine, with each form of its key', async () => {
  for (const vector of CALLS) {
    const proofs = [proofOf(vector)];
    if (vector.jwk !== undefined)
      proofs.push([JSON.stringify(vector.jwk)], [JSON.stringify({ keys: [vector.jwk] })]);
    for (const secrets of proofs) {
      const result = await judge(vector, {}, { secrets });
      assert.notEqual(result.kind, 'refused', `${titleOf(vector)}: ${JSON.stringify(result)}`);
    }
  }
  assert.ok(CALLS.length > 165, `${CALLS.length} vectors`);
});

test('a call is genuine with an older one of several secrets, and says with which', async () => {
  for (const vector of CALLS.filter(({ secret, jwk }) => secret !== undefined && jwk === undefined)) {
    const { secret = '' } = vector;
    const result = await judge(
      vector,
      {},
      { secrets: [wrongSecret(secret, providerNamed(vector.provider)), secret] },
    );
    if (result.kind === 'verified') assert.equal(result.key, 1, titleOf(vector));
    else assert.equal(result.kind, 'handshake', `${titleOf(vector)}: ${JSON.stringify(result)}`);
  }
});

test('a changed byte of the body is found out', async () => {
  let found = 0;
  for (const vector of CALLS) {
    const { scheme } = providerNamed(vector.provider).proof;
    if (
      scheme === 'token' ||
      scheme === 'basic' ||
      BODY_NOT_COVERED.has(vector.provider) ||
      vector.body === ''
    )
      continue;
    const body = Buffer.from(vector.body);
    const middle = Math.floor(body.length / 2);
    body[middle] = body[middle]! ^ 1;
    const reason = reasonOf(await judge(vector, { body }));
    assert.notEqual(reason, 'verified', titleOf(vector));
    const { family, proof } = providerNamed(vector.provider);
    const mayBeAnything =
      ANY_FAULT.has(family) || ('timestamp' in proof && proof.timestamp?.from.startsWith('json'));
    if (!mayBeAnything) assert.match(reason, /^(signature|body-hash)-mismatch$/, titleOf(vector));
    found += 1;
  }
  assert.ok(found > 110, `${found} of them`);
});

test('a wrong secret or key proves nothing', async () => {
  for (const vector of CALLS) {
    const provider = providerNamed(vector.provider);
    const wrong = vector.secret === undefined ? wrongKey(vector) : wrongSecret(vector.secret, provider);
    const reason = reasonOf(await judge(vector, {}, { secrets: [wrong] }));
    assert.match(reason, /^(signature|token|credentials)-mismatch$/, titleOf(vector));
  }
});

test('a call without its proof is refused as such', async () => {
  for (const vector of CALLS) {
    const empty = {
      headers: [['Content-Type', 'text/plain']],
      url: 'https://hooks.example.test/in/abc',
      body: Buffer.alloc(0),
    };
    const reason = reasonOf(await judge(vector, { ...empty, method: 'POST' }));
    const isBodyToken = vector.provider === 'wix';
    assert.match(
      reason,
      isBodyToken ? /^signature-malformed$/ : /^(signature|token|credentials)-missing$/,
      titleOf(vector),
    );
  }
});

test('a stale call and one from the future are refused', async () => {
  let found = 0;
  for (const vector of CALLS) {
    const { proof, alternatives } = providerNamed(vector.provider);
    const timestamp = [proof, ...alternatives].flatMap((each) =>
      'timestamp' in each ? (each.timestamp ?? []) : [],
    )[0];
    if (timestamp === undefined) continue;
    const tolerance = timestamp.toleranceSeconds ?? 300;
    const exact = vector.provider === 'aws-sns' ? 1 : 0;
    assert.equal(
      reasonOf(await judge(vector, {}, { now: vector.now + tolerance + 1 + exact })),
      'timestamp-too-old',
      titleOf(vector),
    );
    assert.equal(
      reasonOf(await judge(vector, {}, { now: vector.now - tolerance - 1 })),
      'timestamp-in-future',
      titleOf(vector),
    );
    found += 1;
  }
  assert.ok(found > 55, `${found} of them`);
});

test('every recorded handshake is answered as the provider wants it', async () => {
  const handshakes = VECTORS.filter(({ kind }) => kind === 'handshake');
  assert.equal(handshakes.length, 6);
  for (const vector of handshakes) {
    const result = await judge(vector);
    assert.ok(result.kind === 'handshake' && vector.expected !== 'valid', titleOf(vector));
    assert.equal(result.answer.status, vector.expected.status, titleOf(vector));
    if (vector.expected.body !== undefined)
      assert.equal(result.answer.body, vector.expected.body, titleOf(vector));
    else assert.deepEqual(JSON.parse(result.answer.body), vector.expected.json, titleOf(vector));
    assert.equal(result.answer.headers['x-content-type-options'], 'nosniff');
  }
});

test('what is signed with a timestamp is remembered, whichever of its signatures is shown', async () => {
  const vector = CALLS.find(({ provider }) => provider === 'stripe')!;
  const replayOf = async (headers: Record<string, string>) => {
    const result = await judge({ ...vector, headers });
    return result.kind === 'verified' ? result.replay : null;
  };
  const first = await replayOf(vector.headers);
  const again = await replayOf({
    ...vector.headers,
    'Stripe-Signature': `v1=${'0'.repeat(64)},${vector.headers['Stripe-Signature']}`,
  });
  assert.deepEqual(first, again);
  assert.equal(first?.until, (vector.now + 600) * 1000);
});

/** In the same form, so that only the comparison can find it out. */
function wrongSecret(secret: string, { proof }: Provider): string {
  const key = 'key' in proof ? proof.key : 'utf8';
  if (key === 'hex') return `ff${secret}`;
  return key === 'whsec' ? secret.replace(/^(whsec_)?/, '$1AAAA') : `x${secret}`;
}

const OTHERS = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey,
  ec: generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey,
  ed25519: generateKeyPairSync('ed25519').publicKey,
};

function wrongKey({ provider, jwk }: Vector): string {
  const { proof } = providerNamed(provider);
  const algorithm =
    proof.scheme === 'pubkey' ? proof.algorithm : (jwk?.kty ?? 'RSA') === 'EC' ? 'ecdsa' : 'rsa';
  const kind = algorithm.startsWith('rsa') ? 'rsa' : algorithm.startsWith('ecdsa') ? 'ec' : 'ed25519';
  return OTHERS[kind].export({ type: 'spki', format: 'pem' }).toString();
}
