/** What a provider's calls look like: a recorded one, without what proved it and without the id that it had. */
import type { RawHeaders } from '../core/received/received.ts';
import type { Proof, Provider } from '../core/verification/provider.ts';
import { PROVIDERS } from '../providers/index.ts';

export interface ProviderSample {
  readonly method: string;
  /** With `?`; '' = none. */
  readonly query: string;
  readonly headers: RawHeaders;
  readonly body: Uint8Array;
}

interface Recorded {
  readonly provider: string;
  readonly kind: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `id` stands where the provider numbers its calls, so that this one is not taken for a repeated one. null = there is no sample. */
export async function providerSample(provider: string, id: string): Promise<ProviderSample | null> {
  const row = PROVIDERS.get(provider);
  const recorded = (await recordedCalls()).find(
    (each) => each.provider === provider && each.kind !== 'handshake',
  );
  if (row === undefined || recorded === undefined) return null;
  const { method, url, headers, body } = recorded;
  const queryAt = url.indexOf('?');
  const proving = provingHeaders(row);
  const numbering = namesIn(row.deliveryId);
  return {
    method,
    query: queryAt < 0 ? '' : url.slice(queryAt),
    headers: Object.entries(headers)
      .filter(([name]) => !proving.has(name.toLowerCase()))
      .map(([name, value]) => [name, numbering.has(name.toLowerCase()) ? id : value] as const),
    body: Buffer.from(body),
  };
}

/** Read when the first is asked for: a server never does. The bundler wants each said in full. */
async function recordedCalls(): Promise<readonly Recorded[]> {
  const files = await Promise.all([
    import('../providers/vectors/basic.json', { with: { type: 'json' } }),
    import('../providers/vectors/canonical-hmac.json', { with: { type: 'json' } }),
    import('../providers/vectors/concat-hash.json', { with: { type: 'json' } }),
    import('../providers/vectors/field-hmac.json', { with: { type: 'json' } }),
    import('../providers/vectors/jwt.json', { with: { type: 'json' } }),
    import('../providers/vectors/public-key.json', { with: { type: 'json' } }),
    import('../providers/vectors/raw-body-hmac.json', { with: { type: 'json' } }),
    import('../providers/vectors/standard-webhooks.json', { with: { type: 'json' } }),
    import('../providers/vectors/static-token.json', { with: { type: 'json' } }),
    import('../providers/vectors/timestamped-hmac.json', { with: { type: 'json' } }),
    import('../providers/vectors/url-bound-hmac.json', { with: { type: 'json' } }),
  ]);
  return files.flatMap((file) => file.default as unknown as readonly Recorded[]);
}

function provingHeaders({ proof, alternatives }: Provider): ReadonlySet<string> {
  return new Set([proof, ...alternatives].flatMap((each) => [...namesIn(placesOf(each))]));
}

function placesOf(proof: Proof): readonly string[] {
  switch (proof.scheme) {
    case 'hmac':
    case 'hash':
    case 'pubkey':
      return [
        proof.signature,
        proof.timestamp?.from ?? '',
        proof.id ?? '',
        proof.bodyHash?.from ?? '',
      ].flat();
    case 'token':
    case 'jwt':
      return [proof.token].flat();
    case 'basic':
      return ['header:authorization'];
    default:
      return [];
  }
}

/** Headers that selectors and templates read, in lower case. */
function namesIn(texts: readonly string[]): ReadonlySet<string> {
  const names = texts.flatMap((text) => [...text.matchAll(/header:([\w-]+)/g)].map(([, name]) => name!));
  return new Set(names.map((name) => name.toLowerCase()));
}
