/** What every row keeps to. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { callOf, providerVectors } from '../../test/support/provider-vectors.ts';
import { ROOT } from '../../test/support/source-files.ts';
import { compileVerifier } from '../core/verification/compile-verifier.ts';
import type { Provider, Question } from '../core/verification/provider.ts';
import { PROVIDERS } from './index.ts';

const VECTORS = providerVectors();
const ROWS = [...PROVIDERS.values()];
/** Parts of a URL that only the operator or the table decide, or that `word` has made harmless. */
const SAFE_PARTS = /\{(?:config:\w+|kid|form:id\|word)\}/g;

function questionsOf({ proof }: Provider): readonly Question[] {
  if (proof.scheme === 'postback') return [proof.ask];
  return 'keys' in proof && proof.keys !== undefined ? [proof.keys] : [];
}

test('there are 184 providers and "none", each once and under a name that fits in a URL', () => {
  assert.equal(ROWS.length, 185);
  for (const { id } of ROWS) assert.match(id, /^[a-z\d]+(-[a-z\d]+)*$/);
});

test('every row compiles with what it asks for', () => {
  for (const provider of ROWS) {
    const config = Object.fromEntries(
      provider.config.map(({ name, default: value }) => [name, value ?? sampleOf(name)]),
    );
    const vector = VECTORS.find((each) => each.provider === provider.id && each.expected === 'valid');
    const secret = vector?.secret ?? vector?.publicKey;
    const secrets = secret === undefined ? (provider.proof.scheme === 'none' ? [] : ['a:b']) : [secret];
    const options = { secrets, config, toleranceSeconds: null, allowCapture: true };
    assert.doesNotThrow(() => compileVerifier(provider, options), provider.id);
  }
});

function sampleOf(name: string): string {
  const samples: Record<string, string> = {
    topicArn: 'arn:aws:sns:eu-west-1:1:demo',
    jwksUrl: 'https://h.example/jwks.json',
  };
  return samples[name] ?? 'value';
}

test('every row that proves something has a recorded call, and says who made it', () => {
  for (const { id, proof, provenBy } of ROWS) {
    if (proof.scheme === 'none' || proof.scheme === 'postback') continue;
    const vector = VECTORS.find(({ provider, kind }) => provider === id && kind === 'call');
    assert.ok(vector !== undefined, `${id} has no vector`);
    assert.equal(vector.provenBy, provenBy, id);
  }
  for (const { provider } of VECTORS) assert.ok(PROVIDERS.has(provider), provider);
});

test('every row is documented', () => {
  const page = readFileSync(join(ROOT, 'docs/providers.md'), 'utf8');
  for (const { id } of ROWS) assert.ok(page.includes(`| \`${id}\` |`), id);
});

test('where a call has a say in the URL that is asked, the hosts are named', () => {
  for (const provider of ROWS)
    for (const { url, hosts } of questionsOf(provider)) {
      if (hosts !== undefined) continue;
      assert.doesNotMatch(url.replace(SAFE_PARTS, ''), /[{}]/, provider.id);
    }
});

test('dead services say what does their job', () => {
  for (const { id, status, modernHonour } of ROWS) if (status === 'dead') assert.ok(modernHonour, id);
});

test('events are named as the providers name them', () => {
  const names: Record<string, string> = {
    github: 'push',
    bitbucket: 'repo:push',
    shopify: 'orders/create',
    linear: 'Issue.create',
    plaid: 'ITEM.ERROR',
    slack: 'app_mention',
    telegram: 'message',
    twitter: 'tweet_create_events',
    mandrill: 'send',
    wix: 'wix.ecom.v1.order_created',
    sentry: 'issue.created',
    braintree: 'check',
    'google-checkout': 'new-order-notification',
    salesforce: 'sf:Account',
    gitlab: 'Push Hook',
    quickbooks: 'Customer.Create',
    'exact-online': 'Accounts.Update',
    recharge: 'charge',
    heroku: 'build.create',
  };
  for (const [id, type] of Object.entries(names)) assert.equal(describe(id).type, type, id);
});

test('delivery ids and documents inside documents are found', () => {
  assert.equal(describe('github').deliveryId, '72d3162e-cc78-11e3-81ab-4c9367dc0958');
  assert.equal(describe('standard-webhooks').deliveryId, 'msg_demo1');
  assert.equal(describe('adyen').deliveryId, '7914073381342284:AUTHORISATION');
  assert.equal(describe('salesforce').deliveryId, '04l000000000001AAA');
  assert.match(describe('wix').payload ?? '', /^\{"eventType"/);
  assert.equal(describe('facebook-signed-request').payload, '{"algorithm":"HMAC-SHA256","user_id":"1"}');
  assert.equal(describe('stripe').payload, null);
});

function describe(id: string) {
  const vector = VECTORS.find(({ provider, kind }) => provider === id && kind === 'call')!;
  const secret = vector.secret ?? vector.publicKey;
  const verifier = compileVerifier(PROVIDERS.get(id)!, {
    secrets: secret === undefined ? [] : [secret],
    config: vector.config ?? {},
    toleranceSeconds: null,
    allowCapture: false,
    isLenient: true,
  });
  return verifier.describe(callOf(vector));
}
