/** Verifiers that have to ask a stranger: for keys, and whether a call is genuine. */
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import {
  callOf,
  providerNamed,
  providerVectors,
  type Vector,
} from '../../../test/support/provider-vectors.ts';
import { compileVerifier } from './compile-verifier.ts';
import { isHostAllowed } from './question.ts';
import type { Ask, ReceivedCall, Verification, Verifier } from './verifier.ts';

const NOW = 1_760_000_000_000;
const VECTORS = providerVectors();
const vectorOf = (id: string): Vector =>
  VECTORS.find((vector) => vector.provider === id && vector.kind === 'call')!;

type Request = Parameters<Ask>[0];

/** Answers with the same each time and writes down what it was asked. */
function asking(status: number, body: string): { readonly ask: Ask; readonly asked: Request[] } {
  const asked: Request[] = [];
  return {
    asked,
    ask: (request) => {
      asked.push(request);
      return Promise.resolve({ status, body: Buffer.from(body) });
    },
  };
}

function verifierOf(
  id: string,
  config: Record<string, string> = {},
  secrets: readonly string[] = [],
): Verifier {
  return compileVerifier(providerNamed(id), { secrets, config, toleranceSeconds: null, allowCapture: false });
}

function reasonOf(result: Verification): string {
  return result.kind === 'refused' ? result.reason : result.kind;
}

test('a key is asked for once, where the call says, and kept', async () => {
  const vector = vectorOf('paypal-webhooks');
  const verifier = verifierOf('paypal-webhooks', { webhookId: 'WH-DEMO-ID' });
  const { ask, asked } = asking(200, vector.publicKey!);
  const verify = (now = NOW, call = callOf(vector)) => verifier.verify(call, { now, ask });
  const together = await Promise.all([verify(), verify()]);
  assert.deepEqual(together.map(reasonOf), ['verified', 'verified']);
  const kept = verify();
  assert.ok(!(kept instanceof Promise), 'nobody is asked for what is known');
  assert.equal(reasonOf(kept), 'verified');
  assert.deepEqual(
    asked.map(({ url }) => url),
    ['https://api.paypal.com/v1/notifications/certs/CERT-demo'],
  );
});

test('a key is not fetched from another host, and its sender being away is told', async () => {
  const vector = vectorOf('paypal-webhooks');
  const verifier = verifierOf('paypal-webhooks', { webhookId: 'WH-DEMO-ID' });
  const { ask, asked } = asking(200, vector.publicKey!);
  const headers = {
    ...vector.headers,
    'PayPal-Cert-Url': 'https://api.paypal.com.evil.example/v1/notifications/certs/CERT-demo',
  };
  const result = await verifier.verify(callOf({ ...vector, headers }), { now: NOW, ask });
  assert.equal(reasonOf(result), 'key-host-refused');
  assert.equal(asked.length, 0);
  for (const { ask: away } of [asking(500, ''), { ask: () => Promise.resolve({ failed: 'no route' }) }])
    assert.equal(
      reasonOf(await verifier.verify(callOf(vector), { now: NOW, ask: away })),
      'sender-unreachable',
    );
  const { ask: silent } = asking(200, 'no key');
  assert.equal(reasonOf(await verifier.verify(callOf(vector), { now: NOW, ask: silent })), 'key-unknown');
});

test('hosts are matched whole, over https, without user or port', () => {
  const patterns = ['sns.*.amazonaws.com/*.pem'];
  const allowed = (url: string) => isHostAllowed(url, patterns);
  assert.ok(allowed('https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b.pem'));
  for (const url of [
    'http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b.pem',
    'https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0a1b.pem',
    'https://a@sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b.pem',
    'https://sns.a.b.amazonaws.com/SimpleNotificationService-0a1b.pem',
    'https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0a1b.pem',
    'https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b.pem?1',
    'https://sns.s3.amazonaws.com/SimpleNotificationService-0a1b.pem',
    'https://sns.s3-us-west-2.amazonaws.com/SimpleNotificationService-0a1b.pem',
    'https://bucket.s3.amazonaws.com/SimpleNotificationService-0a1b.pem',
    'https://sns.eu-west-1.amazonaws.com/x/../../x/y.pem',
    'not a url',
  ])
    assert.ok(!allowed(url), url);
});

test('the key of a set is found by its name; a name that nobody publishes is asked for at a bounded rate', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1' }];
  const { ask, asked } = asking(200, JSON.stringify({ keys }));
  const verifier = verifierOf('google-pubsub', { serviceAccount: 'push@p.example' });
  const verify = (kid: string, claims = {}, now = NOW) =>
    verifier.verify(pubsubCall(privateKey, kid, claims), { now, ask });
  assert.equal(reasonOf(await verify('k1')), 'verified');
  assert.equal(reasonOf(await verify('k1', { email: 'other@p.example' })), 'claims-mismatch');
  assert.equal(reasonOf(await verify('k1', { aud: 'https://other.example/' })), 'claims-mismatch');
  for (let more = 0; more < 30; more++) assert.equal(reasonOf(await verify(`x${more}`)), 'key-unknown');
  assert.equal(asked.length, 10);
  assert.equal(reasonOf(await verify('k1', { exp: 1_760_003_700 }, NOW + 3_600_001)), 'verified');
});

function pubsubCall(key: KeyObject, kid: string, claims: Record<string, unknown>): ReceivedCall {
  const url = 'https://h.example/in/x';
  const all = {
    iss: 'https://accounts.google.com',
    aud: url,
    email: 'push@p.example',
    email_verified: true,
    exp: 1_760_000_100,
    ...claims,
  };
  const input = [{ alg: 'RS256', kid }, all]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const token = `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
  return { method: 'POST', url, headers: [['Authorization', `Bearer ${token}`]], body: Buffer.from('{}') };
}

test('a key is asked for with what is configured, and its answer is read where it stands', async () => {
  const vector = vectorOf('plaid');
  const verifier = verifierOf('plaid', { clientId: 'c"1', apiSecret: 's' });
  const { ask, asked } = asking(200, JSON.stringify({ key: vector.jwk, request_id: 'r' }));
  assert.equal(reasonOf(await verifier.verify(callOf(vector), { now: NOW, ask })), 'verified');
  const [{ method, url, body } = { method: '', url: '', body: null }] = asked;
  assert.deepEqual([method, url], ['POST', 'https://production.plaid.com/webhook_verification_key/get']);
  assert.deepEqual(JSON.parse(String(body)), { client_id: 'c"1', secret: 's', key_id: 'demo-kid' });
});

test('a subscription is confirmed by a visit after its signature was verified', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const topicArn = 'arn:aws:sns:eu-west-1:1:demo';
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const verifier = verifierOf('aws-sns', { topicArn });
  const ask = asking(200, pem);
  const verify = async (changes: Record<string, string>, change = '') => {
    const call = snsSubscription(privateKey, { TopicArn: topicArn, ...changes });
    return reasonOf(
      await verifier.verify(
        { ...call, body: Buffer.from(call.body.toString().replace('"Token":"t"', `"Token":"t${change}"`)) },
        { now: NOW, ask: ask.ask },
      ),
    );
  };
  assert.equal(await verify({}), 'handshake');
  assert.match(
    ask.asked.at(-1)!.url,
    /^https:\/\/sns\.eu-west-1\.amazonaws\.com\/\?Action=ConfirmSubscription/,
  );
  const before = ask.asked.length;
  assert.equal(await verify({}, 'x'), 'signature-mismatch');
  assert.equal(await verify({ TopicArn: 'arn:aws:sns:eu-west-1:666:other' }), 'claims-mismatch');
  assert.equal(await verify({ SubscribeURL: 'https://evil.example/' }), 'key-host-refused');
  assert.equal(ask.asked.length, before, 'nothing is visited for those');
});

function snsSubscription(
  key: KeyObject,
  members: Record<string, string>,
): ReceivedCall & { readonly body: Buffer } {
  const host = 'https://sns.eu-west-1.amazonaws.com';
  const message: Record<string, string> = {
    Type: 'SubscriptionConfirmation',
    MessageId: 'm1',
    Token: 't',
    Message: 'You have chosen to subscribe',
    SubscribeURL: `${host}/?Action=ConfirmSubscription&Token=t`,
    Timestamp: '2025-10-09T08:53:20.000Z',
    ...members,
  };
  const names = ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];
  const text = names.map((name) => `${name}\n${message[name]}\n`).join('');
  const signature = sign('sha256', Buffer.from(text), key).toString('base64');
  const SigningCertURL = `${host}/SimpleNotificationService-0123456789abcdef.pem`;
  const body = JSON.stringify({ ...message, SignatureVersion: '2', Signature: signature, SigningCertURL });
  return { method: 'POST', url: 'https://h.example/in/x', headers: [], body: Buffer.from(body) };
}

test('an IPN is echoed back byte by byte, and believed when it is VERIFIED', async () => {
  const body = Buffer.from('txn_id=1&first_name=J\xfcrgen&payment_status=Completed', 'latin1');
  const call: ReceivedCall = { method: 'POST', url: 'https://h.example/', headers: [], body };
  const ask = asking(200, 'VERIFIED\n');
  const result = await verifierOf('paypal-ipn').verify(call, { now: NOW, ask: ask.ask });
  assert.deepEqual(result, { kind: 'verified', scheme: 'postback', key: null, replay: null });
  const [{ url, body: echoed } = { url: '', body: null }] = ask.asked;
  assert.equal(url, 'https://ipnpb.paypal.com/cgi-bin/webscr');
  assert.deepEqual(Buffer.from(echoed!), Buffer.concat([Buffer.from('cmd=_notify-validate&'), body]));
  const invalid = await verifierOf('paypal-ipn').verify(call, { now: NOW, ask: asking(200, 'INVALID').ask });
  assert.equal(reasonOf(invalid), 'not-confirmed');
});

test('an object is fetched with the credentials, from its own host only, and must be the one that was named', async () => {
  const form = (body: string): ReceivedCall => ({
    method: 'POST',
    url: 'https://h.example/',
    headers: [],
    body: Buffer.from(body),
  });
  const mollie = verifierOf('mollie', {}, ['live_key']);
  const ask = asking(200, '{"id":"tr_1"}');
  assert.equal(reasonOf(await mollie.verify(form('id=tr_1'), { now: NOW, ask: ask.ask })), 'verified');
  assert.deepEqual(ask.asked[0]?.headers, { authorization: 'Bearer live_key' });
  assert.equal(reasonOf(await mollie.verify(form('id=tr_2'), { now: NOW, ask: ask.ask })), 'not-confirmed');
  assert.equal(
    reasonOf(await mollie.verify(form('id=..%2Fme'), { now: NOW, ask: ask.ask })),
    'not-confirmed',
  );
  assert.equal(
    reasonOf(await mollie.verify(form('id=tr_1'), { now: NOW, ask: asking(404, '{}').ask })),
    'not-confirmed',
  );
  assert.equal(
    reasonOf(await mollie.verify(form('id=tr_1'), { now: NOW, ask: asking(401, '{}').ask })),
    'sender-unreachable',
  );
  const shipstation = verifierOf('shipstation', {}, ['key:secret']);
  const there = {
    ...form(''),
    body: Buffer.from('{"resource_url":"https://ssapi6.shipstation.com/orders?importBatch=1"}'),
  };
  assert.equal(reasonOf(await shipstation.verify(there, { now: NOW, ask: ask.ask })), 'verified');
  assert.equal(
    ask.asked.at(-1)?.headers.authorization,
    `Basic ${Buffer.from('key:secret').toString('base64')}`,
  );
  const before = ask.asked.length;
  const elsewhere = { ...there, body: Buffer.from('{"resource_url":"https://evil.example/orders"}') };
  assert.equal(reasonOf(await shipstation.verify(elsewhere, { now: NOW, ask: ask.ask })), 'key-host-refused');
  assert.equal(ask.asked.length, before);
});

test('a shared secret is used without asking anybody', () => {
  const body = '{}';
  const signature = createHmac('sha256', 's').update(body).digest('hex');
  const call = {
    method: 'POST',
    url: '/',
    headers: [['X-Hub-Signature-256', `sha256=${signature}`]],
    body: Buffer.from(body),
  } as const;
  const ask: Ask = () => assert.fail('asked');
  assert.equal(
    reasonOf(verifierOf('github', {}, ['s']).verify(call, { now: NOW, ask }) as Verification),
    'verified',
  );
});
