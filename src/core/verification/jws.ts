/** Compact JWS (RFC 7515) and the claims of JWT (RFC 7519) that say when. Algorithms are pinned by the caller. */
import { createHmac, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import type { JwtAlgorithm } from './provider.ts';

/** Clocks may differ by this much. */
export const LEEWAY_SECONDS = 60;
const TOKEN_MAX = 262_144;

export interface Jws {
  readonly algorithm: JwtAlgorithm;
  readonly kid: string | null;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What is signed. */
  readonly input: string;
  readonly signature: Buffer;
}

const SHAPE = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const ALGORITHM = /^(?:HS|RS|ES)(?:256|384|512)$|^EdDSA$/;

/** Takes a token apart; nothing of it is proven yet. null = it is none. */
export function decodeJws(token: string): Jws | null {
  if (token.length > TOKEN_MAX || !SHAPE.test(token)) return null;
  const [head = '', payload = '', signature = ''] = token.split('.');
  const header = jsonObject(head);
  const claims = jsonObject(payload);
  if (header === null || claims === null) return null;
  // `crit` names extensions that a reader has to know: we know none (RFC 7515 §4.1.11).
  if (typeof header.alg !== 'string' || !ALGORITHM.test(header.alg) || 'crit' in header) return null;
  return {
    algorithm: header.alg as JwtAlgorithm,
    kid: typeof header.kid === 'string' ? header.kid : null,
    claims,
    input: `${head}.${payload}`,
    signature: Buffer.from(signature, 'base64url'),
  };
}

function jsonObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

export function isHmac(algorithm: JwtAlgorithm): boolean {
  return algorithm.startsWith('HS');
}

/** A key of another kind than the algorithm's never fits: a public key is no HMAC secret. */
export function isSignedWith({ algorithm, input, signature }: Jws, key: KeyObject): boolean {
  const digest = `sha${algorithm.slice(2)}`;
  if (isHmac(algorithm)) {
    if (key.type !== 'secret') return false;
    const mac = createHmac(digest, key).update(input).digest();
    return mac.length === signature.length && timingSafeEqual(mac, signature);
  }
  if (!fits(algorithm, key)) return false;
  try {
    const data = Buffer.from(input);
    if (algorithm === 'EdDSA') return verify(null, data, key, signature);
    if (algorithm.startsWith('RS')) return verify(digest, data, key, signature);
    return verify(digest, data, { key, dsaEncoding: 'ieee-p1363' }, signature);
  } catch {
    return false;
  }
}

const CURVES: Readonly<Record<string, string>> = {
  ES256: 'prime256v1',
  ES384: 'secp384r1',
  ES512: 'secp521r1',
};

function fits(algorithm: JwtAlgorithm, key: KeyObject): boolean {
  if (key.type !== 'public') return false;
  if (algorithm === 'EdDSA') return key.asymmetricKeyType === 'ed25519';
  if (algorithm.startsWith('RS')) return key.asymmetricKeyType === 'rsa';
  return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === CURVES[algorithm];
}

export type TimeFault = 'timestamp-too-old' | 'timestamp-in-future' | 'timestamp-malformed';

/** null = the token is of now. `maxAgeSeconds` counts from `iat`. */
export function timeFault(
  claims: Jws['claims'],
  now: number,
  maxAgeSeconds: number | null,
): TimeFault | null {
  const seconds = now / 1000;
  for (const name of ['exp', 'nbf', 'iat']) {
    if (claims[name] !== undefined && !Number.isFinite(claims[name])) return 'timestamp-malformed';
  }
  const { exp, nbf, iat } = claims as { exp?: number; nbf?: number; iat?: number };
  if (exp !== undefined && seconds > exp + LEEWAY_SECONDS) return 'timestamp-too-old';
  if (nbf !== undefined && seconds < nbf - LEEWAY_SECONDS) return 'timestamp-in-future';
  if (iat !== undefined && seconds < iat - LEEWAY_SECONDS) return 'timestamp-in-future';
  if (maxAgeSeconds === null) return null;
  if (iat === undefined) return 'timestamp-malformed';
  return seconds > iat + maxAgeSeconds ? 'timestamp-too-old' : null;
}
