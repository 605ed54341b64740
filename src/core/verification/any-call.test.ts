/** Whatever comes: a verifier answers, does not throw, and believes nothing that proves nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/properties.ts';
import { providerVectors, verifierOf } from '../../../test/support/provider-vectors.ts';
import { PROVIDERS } from '../../providers/index.ts';
import { compileVerifier } from './compile-verifier.ts';
import { compileDetector } from './detect-provider.ts';
import type { Provider } from './provider.ts';
import type { Ask, ReceivedCall, Verification, Verifier } from './verifier.ts';

const RUNS = 60;
const VECTORS = providerVectors();
const detect = compileDetector(PROVIDERS.values());

/** With the secrets of its vector, if it has one: rows without are those that prove nothing or ask. */
function anyVerifier(provider: Provider): Verifier {
  const vector = VECTORS.find((each) => each.provider === provider.id && each.expected === 'valid');
  if (vector !== undefined) return verifierOf(vector);
  const secrets = provider.proof.scheme === 'none' ? [] : ['api-key:api-secret'];
  return compileVerifier(provider, { secrets, config: {}, toleranceSeconds: null, allowCapture: true });
}

/** Names that the provider looks for, so that the values get somewhere. */
function namesOf(provider: Provider, source: string): readonly string[] {
  const text = JSON.stringify(provider);
  const names = [...text.matchAll(new RegExp(`${source}:([\\w.-]+)`, 'g'))].map(([, name]) => name!);
  return [...new Set(['Authorization', ...names])];
}

const piece = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.constantFrom(
    '',
    't=1760000000,v1=ab',
    '1760000000',
    '1760000000000',
    '2025-10-09T08:53:20Z',
    'sha256=',
    'v1,AAAA',
  ),
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 }),
  fc.base64String({ minLength: 20, maxLength: 120 }),
  fc.constantFrom(
    'Basic YTpi',
    'Bearer a.b.c',
    'eyJhbGciOiJub25lIn0.e30.',
    'eyJhbGciOiJIUzI1NiJ9.e30.AAAA',
    '%',
    '%E0%A4%A',
  ),
);

function bodyOf(provider: Provider): fc.Arbitrary<Uint8Array> {
  const fields = fc.dictionary(fc.constantFrom(...namesOf(provider, 'form'), 'a'), piece, { maxKeys: 4 });
  const paths = namesOf(provider, '(?:json|document)');
  const members = fc.array(
    fc.tuple(fc.constantFrom(...paths), fc.oneof(piece, fc.integer(), fc.constant(null))),
    { maxLength: 5 },
  );
  return fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json({ maxDepth: 3 }).map((text) => Buffer.from(text)),
    fields.map((form) => Buffer.from(new URLSearchParams(form).toString())),
    members.map((pairs) => Buffer.from(JSON.stringify(documentOf(pairs)))),
    fc
      .constantFrom('<a><b c="d">e</b></a>', '<!DOCTYPE x [<!ENTITY y "z">]><a>&y;</a>', '<a><a><a>')
      .map((xml) => Buffer.from(xml)),
  );
}

function documentOf(pairs: readonly (readonly [string, unknown])[]): unknown {
  const document: Record<string, unknown> = {};
  for (const [path, value] of pairs) {
    const steps = path.split('.');
    let at = document;
    for (const step of steps.slice(0, -1)) {
      const next = typeof at[step] === 'object' && at[step] !== null ? at[step] : {};
      at[step] = next;
      at = next as Record<string, unknown>;
    }
    at[steps.at(-1)!] = value;
  }
  return document;
}

function callsOf(provider: Provider): fc.Arbitrary<ReceivedCall> {
  const name = fc.constantFrom(...namesOf(provider, 'header'), 'Content-Type');
  const query = fc.dictionary(fc.constantFrom(...namesOf(provider, 'query')), piece, { maxKeys: 3 });
  return fc.record({
    method: fc.constantFrom('POST', 'GET', 'HEAD', 'OPTIONS', 'PUT'),
    url: fc.oneof(
      query.map((parts) => `https://hooks.example.test/in/abc?${new URLSearchParams(parts)}`),
      fc.webUrl({ withQueryParameters: true }),
      fc.string(),
    ),
    headers: fc.array(
      fc.tuple(
        name,
        fc.oneof(
          piece,
          fc.constantFrom(
            'application/json',
            'application/x-www-form-urlencoded',
            'multipart/form-data; boundary=x',
          ),
        ),
      ),
      { maxLength: 8 },
    ),
    body: bodyOf(provider),
  });
}

const asks: Ask = ({ body }) =>
  Promise.resolve(body === null ? { status: 404, body: Buffer.from('{}') } : { failed: 'nobody' });

test('no arbitrary call is believed, by any provider that asks for a proof, and none makes a verifier throw', async () => {
  for (const provider of PROVIDERS.values()) {
    const verifier = anyVerifier(provider);
    await fc.assert(
      fc.asyncProperty(callsOf(provider), async (call) => {
        const result: Verification = await verifier.verify(call, { now: 1_760_000_000_000, ask: asks });
        if (provider.proof.scheme !== 'none') assert.notEqual(result.kind, 'verified', provider.id);
        if (result.kind === 'refused')
          assert.ok(result.expected.length + result.got.length < 700, provider.id);
        verifier.describe(call);
        verifier.acknowledge(call, '');
        verifier.acknowledge(call, 'said');
      }),
      { numRuns: RUNS },
    );
  }
});

test('the detector takes any call, and guesses a bounded number of providers', () => {
  fc.assert(
    fc.property(callsOf(PROVIDERS.get('github')!), (call) => {
      assert.ok(detect(call).length <= 8);
    }),
    { numRuns: 200 },
  );
});

test('the detector names the sender of most recorded calls first', () => {
  const calls = VECTORS.filter(({ expected }) => expected === 'valid');
  const first = calls.filter(({ provider, method, url, headers, body }) => {
    const call = { method, url, headers: Object.entries(headers), body: Buffer.from(body) };
    return detect(call)[0]?.id === provider;
  });
  // The rest cannot be told: Standard Webhooks under many names, or a bare token.
  assert.ok(first.length >= 138, `${first.length} of ${calls.length}`);
});
