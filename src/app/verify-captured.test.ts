import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proofOf, providerVectors } from '../../test/support/provider-vectors.ts';
import { Problem } from '../core/problem.ts';
import { parseCaptured, verifyCaptured } from './verify-captured.ts';

const VECTORS = providerVectors().filter(({ expected }) => expected === 'valid');
const GITHUB = VECTORS.find(({ provider }) => provider === 'github')!;

const question = (changes: Partial<Parameters<typeof verifyCaptured>[0]>) => ({
  provider: 'github',
  secrets: ['gh-secret'],
  config: {},
  at: null,
  file: JSON.stringify(GITHUB),
  present: 0,
  ...changes,
});

test('every recorded call is valid as it stands in its file', async () => {
  for (const vector of VECTORS) {
    const { provider, config = {}, now } = vector;
    const file = JSON.stringify(vector);
    const verdict = await verifyCaptured(
      question({ provider, secrets: proofOf(vector), config, at: now, file }),
    );
    assert.ok(verdict.valid, `${provider}: ${JSON.stringify(verdict)}`);
    const changed = JSON.stringify({ ...vector, headers: {}, body: '', url: 'https://h.example/in/x' });
    const other = await verifyCaptured(
      question({ provider, secrets: proofOf(vector), config, at: now, file: changed }),
    );
    assert.ok(!other.valid && other.reason !== null, provider);
  }
});

test('headers may be an object, an object of lists, or pairs; a body may be base64', () => {
  const forms = [
    { A: 'b', C: 'd' },
    { A: ['b'], C: ['d'] },
    [
      ['A', 'b'],
      ['C', 'd'],
    ],
  ];
  for (const headers of forms) {
    const { call } = parseCaptured(
      JSON.stringify({ method: 'post', url: '/x', headers, body: '/wA=', bodyEncoding: 'base64' }),
    );
    assert.deepEqual(call.headers, [
      ['A', 'b'],
      ['C', 'd'],
    ]);
    assert.deepEqual([...call.body], [0xff, 0x00]);
    assert.equal(call.method, 'POST');
  }
});

test('a question that cannot be answered says what is wrong', async () => {
  const refused = (changes: Parameters<typeof question>[0], message: RegExp) =>
    assert.rejects(
      verifyCaptured(question(changes)),
      (error) => error instanceof Problem && error.code === 'validation' && message.test(error.message),
    );
  await refused({ provider: 'githb' }, /docs\/providers\.md/);
  await refused({ provider: 'hubspot' }, /hubspot-v1, hubspot-v2/);
  await refused({ provider: 'mollie', secrets: ['x'] }, /asked about each call/);
  await refused({ secrets: [] }, /needs a secret/);
  await refused({ config: { a: 'b' } }, /no such value/);
  await refused({ file: '[]' }, /captured call as JSON/);
  await refused({ file: '{"url":"/","body":{"a":1}}' }, /exactly as it came/);
  await refused({ file: '{"body":""}' }, /`url`/);
  await refused({ file: '{"url":"/","headers":[["a"]]}' }, /`headers`/);
  await refused({ file: '{"url":"/","bodyEncoding":"hex"}' }, /`bodyEncoding`/);
  const sns = VECTORS.find(({ provider }) => provider === 'aws-sns')!;
  await refused(
    { provider: 'aws-sns', secrets: [], file: JSON.stringify(sns), at: sns.now },
    /publishes its keys/,
  );
});

test('a shared secret in another form than the provider’s makes nothing genuine, and is told', async () => {
  for (const id of ['adyen', 'svix', 'postmark']) {
    const vector = VECTORS.find(({ provider }) => provider === id)!;
    const verdict = await verifyCaptured(
      question({ provider: id, secrets: ['%wrong%'], file: JSON.stringify(vector) }),
    );
    assert.equal(verdict.valid, false);
    assert.match(`${verdict.reason} ${verdict.expected}`, /-mismatch (The secret is not|Give the user)/);
  }
});

test('a check whose value is not given is left out, and said to be', async () => {
  const vector = VECTORS.find(({ provider }) => provider === 'aws-sns')!;
  const asked = {
    provider: 'aws-sns',
    secrets: proofOf(vector),
    file: JSON.stringify(vector),
    at: vector.now,
  };
  assert.deepEqual((await verifyCaptured(question(asked))).unchecked, ['topicArn']);
  const other = await verifyCaptured(
    question({ ...asked, config: { topicArn: 'arn:aws:sns:eu-west-1:1:other' } }),
  );
  assert.deepEqual([other.valid, other.reason], [false, 'claims-mismatch']);
});

test('timestamps are judged as of --at, else as of the file, else as of the present', async () => {
  const vector = VECTORS.find(({ provider }) => provider === 'slack')!;
  const asked = { provider: 'slack', secrets: proofOf(vector), file: JSON.stringify(vector) };
  assert.ok((await verifyCaptured(question(asked))).valid);
  assert.equal(
    (await verifyCaptured(question({ ...asked, at: vector.now + 301 }))).reason,
    'timestamp-too-old',
  );
  const { now, ...undated } = vector;
  const file = JSON.stringify(undated);
  assert.equal((await verifyCaptured(question({ ...asked, file }))).reason, 'timestamp-in-future');
  assert.ok((await verifyCaptured(question({ ...asked, file, present: now * 1000 }))).valid);
});
