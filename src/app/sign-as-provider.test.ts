import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { providerVectors } from '../../test/support/provider-vectors.ts';
import { PROVIDERS } from '../providers/index.ts';
import { providerSample } from './provider-sample.ts';
import { signAsProvider } from './sign-as-provider.ts';

const NOW = 1_790_000_000_000;
const BODY = '{ "a":1 }';

async function signed(
  provider: string,
  secret: string | null,
  more: { config?: Record<string, string>; url?: string } = {},
) {
  const result = await signAsProvider({
    call: {
      method: 'POST',
      url: more.url ?? 'https://hub.test/in/t',
      headers: [['Content-Type', 'application/json']],
      body: Buffer.from(BODY),
    },
    ...{ provider, config: more.config ?? {}, now: NOW, id: 'msg_1' },
    secrets: secret === null ? [] : [secret],
  });
  if ('cannot' in result) return result;
  const headers = Object.fromEntries(result.call.headers.map(([name, value]) => [name.toLowerCase(), value]));
  return { url: result.call.url, headers };
}

async function headersOf(...given: Parameters<typeof signed>): Promise<Record<string, string>> {
  const result = await signed(...given);
  assert.ok('headers' in result, JSON.stringify(result));
  return result.headers;
}

const hmac = (secret: string, text: string) => createHmac('sha256', secret).update(text);

test('GitHub, Shopify, Stripe and Slack are signed as their documents say', async () => {
  assert.equal(
    (await headersOf('github', 's'))['x-hub-signature-256'],
    `sha256=${hmac('s', BODY).digest('hex')}`,
  );
  assert.equal((await headersOf('shopify', 's'))['x-shopify-hmac-sha256'], hmac('s', BODY).digest('base64'));
  const stripe = hmac('whsec_s', `1790000000.${BODY}`).digest('hex');
  assert.equal((await headersOf('stripe', 'whsec_s'))['stripe-signature'], `t=1790000000,v1=${stripe}`);
  const slack = await headersOf('slack', 's');
  assert.equal(slack['x-slack-request-timestamp'], '1790000000');
  assert.equal(slack['x-slack-signature'], `v0=${hmac('s', `v0:1790000000:${BODY}`).digest('hex')}`);
});

test('the library of Standard Webhooks accepts what is signed for it', async () => {
  const secret = `whsec_${Buffer.from('a secret of enough bytes').toString('base64')}`;
  const result = await signAsProvider({
    call: { method: 'POST', url: 'https://hub.test/in/t', headers: [], body: Buffer.from(BODY) },
    ...{ provider: 'standard-webhooks', secrets: [secret], config: {}, now: Date.now(), id: 'msg_1' },
  });
  assert.ok('call' in result);
  assert.deepEqual(new Webhook(secret).verify(BODY, Object.fromEntries(result.call.headers)), { a: 1 });
});

test('tokens are shown where they are looked for: in a header, the URL, the body, a configured header, as credentials', async () => {
  assert.equal((await headersOf('gitlab', 't'))['x-gitlab-token'], 't');
  const url = await signed('fogbugz', 'a&b', { url: 'https://hub.test/in/t?x=1' });
  assert.equal('url' in url && url.url, 'https://hub.test/in/t?x=1&token=a%26b');
  assert.equal((await headersOf('okta', 't', { config: { header: 'X-Own' } }))['x-own'], 't');
  assert.equal(
    (await headersOf('postmark', 'u:p')).authorization,
    `Basic ${Buffer.from('u:p').toString('base64')}`,
  );
});

test('what cannot be signed is said: keys of others, secrets that are missing or in another form, unknown ones', async () => {
  assert.match(JSON.stringify(await signed('discord', 's')), /\(pubkey\) can only be made over there/);
  assert.match(JSON.stringify(await signed('github', null)), /the source has no secret/);
  assert.match(JSON.stringify(await signed('standard-webhooks', 'no base64!')), /not `whsec_` and base64/);
  assert.match(JSON.stringify(await signed('recurly', 's')), /cannot be written into a call like this one/);
  assert.match(JSON.stringify(await signed('nobody', 's')), /no provider is called nobody/);
});

test('nearly every provider with a shared secret can be signed for, and its sample is accepted', async () => {
  const ids = new Set(
    providerVectors()
      .filter(({ kind, secret }) => kind !== 'handshake' && secret !== undefined)
      .map(({ provider }) => provider),
  );
  const failed: string[] = [];
  for (const id of ids) {
    const {
      secret,
      config = {},
      url,
    } = providerVectors().find((each) => each.provider === id && each.secret !== undefined)!;
    const sample = (await providerSample(id, 'own-id'))!;
    const call = {
      method: sample.method,
      url: new URL(sample.query, url).href,
      headers: sample.headers,
      body: sample.body,
    };
    const result = await signAsProvider({
      call,
      provider: id,
      secrets: [secret!],
      config,
      now: NOW,
      id: 'own-id',
    });
    if ('cannot' in result && PROVIDERS.get(id)!.proof.scheme !== 'jwt') failed.push(id);
  }
  assert.ok(ids.size > 100, String(ids.size));
  // They fold a timestamp into what cannot be written piece by piece, or sign the fields of a form.
  assert.deepEqual(failed.sort(), ['hygraph', 'plivo', 'recurly']);
});

test('a sample has an id of its own and nothing that proved the recorded call', async () => {
  const sample = (await providerSample('github', 'own-id'))!;
  assert.deepEqual(Object.fromEntries(sample.headers), {
    'Content-Type': 'application/json',
    'X-GitHub-Event': 'push',
    'X-GitHub-Delivery': 'own-id',
  });
  assert.equal(await providerSample('none', 'own-id'), null);
});
