/** Reads public keys in the forms in which providers show them. */
import { createPublicKey, type JsonWebKey, type KeyObject, X509Certificate } from 'node:crypto';

export interface PublicKey {
  readonly key: KeyObject;
  readonly kid: string | null;
  /** Of a certificate, ms since the epoch. */
  readonly expiresAt: number | null;
  /** Of a configured key: which of the secrets it stands in. */
  readonly secret?: number;
}

const KEYS_MAX = 64;
/** DER of an Ed25519 SubjectPublicKeyInfo up to its 32 bytes (RFC 8410 §4). */
const ED25519_HEAD = Buffer.from('302a300506032b6570032100', 'hex');
const ED25519_BYTES = 32;

/**
 * PEM (public key or certificate), JWK, JWKS, `whpk_` + base64, and bare base64 or hex of a 32-byte Ed25519 key or of a
 * DER SubjectPublicKeyInfo. `[]` = no key in there. Never throws.
 */
export function parsePublicKeys(text: string): readonly PublicKey[] {
  const trimmed = text.trim();
  try {
    if (trimmed.startsWith('-----BEGIN')) return [pemKey(trimmed)];
    if (trimmed.startsWith('{') || trimmed.startsWith('[')) return jsonKeys(JSON.parse(trimmed) as unknown);
    return [bareKey(trimmed)];
  } catch {
    return [];
  }
}

/** Google and others publish `{kid: PEM}`, too. */
function jsonKeys(value: unknown): readonly PublicKey[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('keys' in value && Array.isArray(value.keys)) return value.keys.slice(0, KEYS_MAX).flatMap(jwkKeys);
  if (Array.isArray(value)) return value.slice(0, KEYS_MAX).flatMap(jwkKeys);
  if ('kty' in value) return jwkKeys(value);
  return Object.entries(value)
    .slice(0, KEYS_MAX)
    .flatMap(([kid, pem]) =>
      typeof pem === 'string' ? parsePublicKeys(pem).map((key) => ({ ...key, kid })) : [],
    );
}

/** A key of a kind that is not known is passed over; the others of its set remain. */
function jwkKeys(value: unknown): readonly PublicKey[] {
  try {
    const jwk = value as JsonWebKey & { kid?: unknown };
    if (jwk.kty === 'oct') return [];
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    return [{ key, kid: typeof jwk.kid === 'string' ? jwk.kid : null, expiresAt: null }];
  } catch {
    return [];
  }
}

/** Read as DER, because some publish PEM without its line ends, or with `\\n` for them. */
function pemKey(pem: string): PublicKey {
  const [, kind, base64 = ''] = /-----BEGIN ([A-Z ]+)-----([\s\S]*?)-----END/.exec(pem) ?? [];
  const der = Buffer.from(base64.replaceAll('\\n', ''), 'base64');
  if (kind === 'CERTIFICATE') {
    const certificate = new X509Certificate(der);
    return { key: certificate.publicKey, kid: null, expiresAt: Date.parse(certificate.validTo) };
  }
  const type = kind === 'RSA PUBLIC KEY' ? 'pkcs1' : 'spki';
  return { key: createPublicKey({ key: der, format: 'der', type }), kid: null, expiresAt: null };
}

function bareKey(text: string): PublicKey {
  const bare = text.replace(/^whpk_/, '');
  const bytes = Buffer.from(bare, /^(?:[\da-f]{2})+$/i.test(bare) ? 'hex' : 'base64');
  const der = bytes.length === ED25519_BYTES ? Buffer.concat([ED25519_HEAD, bytes]) : bytes;
  return { key: createPublicKey({ key: der, format: 'der', type: 'spki' }), kid: null, expiresAt: null };
}
