import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { NOBODY, providerNamed } from '../../../test/support/provider-vectors.ts';
import { Problem } from '../problem.ts';
import { compileVerifier, type VerifierOptions } from './compile-verifier.ts';
import type { HmacProof } from './provider.ts';
import type { ReceivedCall, Verification } from './verifier.ts';

const NOW = 1_760_000_000_000;
/** Of Ed25519 (RFC 8032 §7.1, test 1). */
const KEY = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
const OPTIONS: VerifierOptions = {
  secrets: ['s3cret'],
  config: {},
  toleranceSeconds: null,
  allowCapture: false,
};

interface Call {
  readonly method?: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

function callOf({
  method = 'POST',
  url = 'https://h.example/in/x',
  headers = {},
  body = '',
}: Call): ReceivedCall {
  return { method, url, headers: Object.entries(headers), body: Buffer.from(body) };
}

function verify(id: string, call: Call, options: Partial<VerifierOptions> = {}): Verification {
  const verifier = compileVerifier(providerNamed(id), { ...OPTIONS, ...options });
  const result = verifier.verify(callOf(call), { now: NOW, ask: NOBODY });
  assert.ok(!(result instanceof Promise));
  return result;
}

function hmac(body: string, secret = 's3cret', algorithm = 'sha256'): string {
  return createHmac(algorithm, secret).update(body).digest('hex');
}

test('what a source lacks is told when it is made ready', () => {
  const refused = (id: string, options: Partial<VerifierOptions>, message: RegExp) =>
    assert.throws(
      () => compileVerifier(providerNamed(id), { ...OPTIONS, ...options }),
      (error) => error instanceof Problem && error.code === 'validation' && message.test(error.message),
    );
  refused('github', { secrets: [] }, /GitHub needs a secret/);
  refused('github', { secrets: [''] }, /empty/);
  refused('github', { config: { webhookid: 'x' } }, /no such value; it has: none/);
  refused('paypal-webhooks', { secrets: [] }, /Give webhookId/);
  refused('aws-sns', { secrets: [], config: { topicArn: 'x' } }, /right form/);
  refused('google-pubsub', { secrets: [] }, /serviceAccount/);
  refused('plaid', { secrets: [] }, /clientId/);
  refused('adyen', { secrets: ['no hex'] }, /not hexadecimal/);
  refused('svix', { secrets: ['whsec_%%%'] }, /whsec_/);
  refused('discord', { secrets: ['no key'] }, /public key/);
  refused('postmark', { secrets: ['nocolon'] }, /user:password/);
  refused('stripe', { toleranceSeconds: 0 }, /tolerance/);
  const scheme = 'rot13' as unknown as 'hmac';
  const odd = {
    ...providerNamed('github'),
    proof: { ...(providerNamed('github').proof as HmacProof), scheme },
  };
  assert.throws(() => compileVerifier(odd, OPTIONS), /no scheme/);
});

test('a refusal says what was expected and the beginning of what came, and neither the secret nor the right signature', () => {
  const body = '{"a":1}';
  const bad = `sha256=${'ab'.repeat(32)}`;
  const result = verify('github', { headers: { 'X-Hub-Signature-256': bad }, body });
  assert.ok(result.kind === 'refused');
  assert.equal(result.reason, 'signature-mismatch');
  assert.match(result.expected, /header X-Hub-Signature-256: "sha256=" and 64 hex digits/);
  assert.equal(result.got, '"sha256=" and 64 hex digits (abababab…)');
  assert.ok(!JSON.stringify(result).includes(hmac(body).slice(0, 12)));
  const malformed = verify('github', { headers: { 'X-Hub-Signature-256': 'sha256=xyz' }, body });
  assert.equal(malformed.kind === 'refused' && malformed.reason, 'signature-malformed');
  const token = verify('gitlab', { headers: { 'X-Gitlab-Token': 'old-secret' } });
  assert.ok(token.kind === 'refused' && token.got === '10 characters');
});

test('hex in capitals, base64 without padding, and each of several headers are read', () => {
  const body = '{}';
  const hex = hmac(body);
  assert.equal(
    verify('github', { headers: { 'x-hub-signature-256': `sha256=${hex.toUpperCase()}` }, body }).kind,
    'verified',
  );
  const base64 = Buffer.from(hex, 'hex').toString('base64').replace(/=+$/, '');
  assert.equal(verify('shopify', { headers: { 'X-Shopify-Hmac-SHA256': base64 }, body }).kind, 'verified');
  const verifier = compileVerifier(providerNamed('github'), OPTIONS);
  const headers = [
    ['X-Hub-Signature-256', `sha256=${'0'.repeat(64)}`],
    ['X-Hub-Signature-256', `sha256=${hex}`],
  ] as const;
  const call = { ...callOf({ body }), headers };
  assert.equal((verifier.verify(call, { now: NOW, ask: NOBODY }) as Verification).kind, 'verified');
});

test('the weaker signature is looked at only where the stronger one is missing', () => {
  const body = '{}';
  const sha1 = `sha1=${hmac(body, 's3cret', 'sha1')}`;
  assert.equal(verify('github', { headers: { 'X-Hub-Signature': sha1 }, body }).kind, 'verified');
  const both = { 'X-Hub-Signature': sha1, 'X-Hub-Signature-256': `sha256=${'0'.repeat(64)}` };
  assert.equal(verify('github', { headers: both, body }).kind, 'refused');
});

test('every item of a list proves itself, and what is no list proves nothing', () => {
  const item = (clientState: string) => ({ clientState, changeType: 'created' });
  const graph = (value: unknown) => verify('ms-graph', { body: JSON.stringify({ value }) }).kind;
  assert.equal(graph([item('s3cret'), item('s3cret')]), 'verified');
  assert.equal(graph([item('s3cret'), item('other')]), 'refused');
  assert.equal(graph([]), 'refused');
  assert.equal(graph({ 0: item('s3cret'), 1: item('other') }), 'refused');
});

test('a source may be stricter or laxer about time than its provider', () => {
  const at = String(NOW / 1000 - 400);
  const headers = { 'Stripe-Signature': `t=${at},v1=${hmac(`${at}.{}`)}` };
  assert.equal(verify('stripe', { headers, body: '{}' }).kind, 'refused');
  assert.equal(verify('stripe', { headers, body: '{}' }, { toleranceSeconds: 500 }).kind, 'verified');
  const malformed = verify('stripe', { headers: { 'Stripe-Signature': `t=now,v1=${'0'.repeat(64)}` } });
  assert.equal(malformed.kind === 'refused' && malformed.reason, 'timestamp-malformed');
  const missing = verify('stripe', { headers: { 'Stripe-Signature': `v1=${'0'.repeat(64)}` } });
  assert.equal(missing.kind === 'refused' && missing.reason, 'timestamp-missing');
});

test('a password in a handshake is compared with the configured one, and without one nothing is answered', () => {
  const url = 'https://h.example/in/x?hub.mode=subscribe&hub.challenge=42&hub.verify_token=';
  const ask = (token: string, config = {}) =>
    verify('facebook', { method: 'GET', url: url + token }, { config });
  const answered = ask('vt', { verifyToken: 'vt' });
  assert.ok(answered.kind === 'handshake' && answered.answer.body === '42');
  for (const result of [ask('no', { verifyToken: 'vt' }), ask('vt'), ask('')])
    assert.equal(result.kind === 'refused' && result.reason, 'handshake-refused');
});

test('an announced secret is kept only with consent', () => {
  const headers = { 'X-Hook-Secret': 'announced' };
  const without = verify('asana', { headers }, { secrets: [] });
  assert.equal(without.kind === 'refused' && without.reason, 'handshake-refused');
  const kept = verify('asana', { headers }, { secrets: [], allowCapture: true });
  assert.ok(kept.kind === 'handshake' && kept.capture === 'announced');
  const long = { ...headers, 'X-Hook-Secret': 'x'.repeat(1025) };
  assert.equal(verify('asana', { headers: long }, { secrets: [], allowCapture: true }).kind, 'refused');
  assert.equal(kept.answer.headers['x-hook-secret'], 'announced');
  const later = verify('asana', { headers: { 'X-Hook-Signature': hmac('{}') }, body: '{}' }, { secrets: [] });
  assert.equal(later.kind === 'refused' && later.reason, 'no-secret');
});

test('nobody can have an event signed by asking for it as a challenge', () => {
  const event = encodeURIComponent('{"tweet_create_events":[]}');
  assert.notEqual(
    verify('twitter', { method: 'GET', url: `https://h.example/?crc_token=${event}` }).kind,
    'handshake',
  );
  const linked = encodeURIComponent('hmacsha256={}');
  assert.notEqual(
    verify('linkedin', { method: 'GET', url: `https://h.example/?challengeCode=${linked}` }).kind,
    'handshake',
  );
  const zoom = '{"event":"endpoint.url_validation","payload":{"plainToken":"v0:1:{}"}}';
  assert.equal(verify('zoom', { body: zoom }).kind, 'refused');
});

test('a signed handshake is answered after its proof', () => {
  const body = '{"event":"endpoint.url_validation","payload":{"plainToken":"qg"}}';
  const at = String(NOW / 1000);
  const headers = { 'x-zm-request-timestamp': at, 'x-zm-signature': `v0=${hmac(`v0:${at}:${body}`)}` };
  const result = verify('zoom', { headers, body });
  assert.ok(result.kind === 'handshake');
  assert.deepEqual(JSON.parse(result.answer.body), { plainToken: 'qg', encryptedToken: hmac('qg') });
});

test('what is echoed is short, plain text and adds no header', () => {
  const long = verify('dropbox', { method: 'GET', url: `https://h.example/?challenge=${'x'.repeat(5000)}` });
  assert.equal(long.kind, 'refused');
  const html = verify('dropbox', { method: 'GET', url: 'https://h.example/?challenge=%3Cscript%3E' });
  assert.ok(html.kind === 'handshake');
  assert.match(html.answer.headers['content-type']!, /^text\/plain/);
  const split = verify(
    'asana',
    { headers: { 'X-Hook-Secret': 'a\r\nset-cookie: b' } },
    { secrets: [], allowCapture: true },
  );
  assert.equal(split.kind, 'refused');
});

test('senders that read the answer get theirs', () => {
  const acknowledge = (id: string, reply: string, config = {}) =>
    compileVerifier(providerNamed(id), {
      ...OPTIONS,
      secrets: id === 'discord' ? [KEY] : ['s3cret'],
      config,
    }).acknowledge(callOf({}), reply);
  assert.equal(acknowledge('github', ''), null);
  assert.equal(acknowledge('twilio', '')?.body, '<Response/>');
  assert.equal(acknowledge('slack', 'hello')?.body, 'hello');
  assert.deepEqual(
    [acknowledge('discord', '')?.status, acknowledge('discord', '{"type":5}')?.status],
    [204, 200],
  );
  const order = acknowledge('amazon-checkout-callback', '<a/>', { accessKeyId: 'AK' });
  const signature = createHmac('sha1', 's3cret').update('<a/>').digest('base64');
  assert.equal(
    order?.body,
    `order-calculations-response=%3Ca%2F%3E&Signature=${encodeURIComponent(signature)}&aws-access-key-id=AK`,
  );
});
