/** The recorded calls of src/providers/vectors/, ready for a verifier. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileVerifier } from '../../src/core/verification/compile-verifier.ts';
import type { Provider } from '../../src/core/verification/provider.ts';
import type { Ask, ReceivedCall, Verifier } from '../../src/core/verification/verifier.ts';
import { PROVIDERS } from '../../src/providers/index.ts';
import { ROOT } from './source-files.ts';

export interface Vector {
  readonly provider: string;
  readonly kind: 'call' | 'published' | 'handshake';
  readonly provenBy: string;
  readonly secret?: string;
  readonly publicKey?: string;
  readonly jwk?: Readonly<Record<string, unknown>>;
  readonly config?: Readonly<Record<string, string>>;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Unix seconds. */
  readonly now: number;
  readonly expected: 'valid' | { readonly status: number; readonly body?: string; readonly json?: unknown };
}

export function providerVectors(): readonly Vector[] {
  const folder = join(ROOT, 'src/providers/vectors');
  return readdirSync(folder).flatMap(
    (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as readonly Vector[],
  );
}

export function callOf(
  { method, url, headers, body }: Vector,
  changes: Partial<ReceivedCall> = {},
): ReceivedCall {
  return { method, url, headers: Object.entries(headers), body: Buffer.from(body), ...changes };
}

export function proofOf({ secret, publicKey }: Vector): readonly string[] {
  const proof = secret ?? publicKey;
  return proof === undefined ? [] : [proof];
}

export function verifierOf(vector: Vector, secrets: readonly string[] = proofOf(vector)): Verifier {
  return compileVerifier(providerNamed(vector.provider), {
    secrets,
    config: vector.config ?? {},
    toleranceSeconds: null,
    allowCapture: false,
    isLenient: true,
  });
}

export function providerNamed(id: string): Provider {
  const provider = PROVIDERS.get(id);
  if (provider === undefined) throw new RangeError(`no provider ${id}`);
  return provider;
}

export const NOBODY: Ask = () => Promise.resolve({ failed: 'nobody answers' });
