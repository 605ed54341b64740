/**
 * Signatures of the Standard Webhooks specification: `v1` is HMAC-SHA256, `v1a` is Ed25519. What is signed is
 * `{id}.{unix seconds}.{raw body}`. A receiver accepts any one of the signatures in the header, so during a rotation
 * the old keys sign beside the current one.
 */
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  sign,
} from 'node:crypto';
import { invalid, type Problem } from '../problem.ts';

export type SigningKeyType = 'hmac256' | 'ed25519';

export type ParsedSigningKey =
  | { readonly type: 'hmac256'; readonly bytes: Uint8Array }
  /** `seed` is the private key of RFC 8032 §5.1.5; `publicKey` its 32 bytes. */
  | { readonly type: 'ed25519'; readonly seed: Uint8Array; readonly publicKey: Uint8Array };

/** A key ready to sign. Keep it: making the KeyObject anew for each attempt costs five times a signature. */
export interface Signer {
  readonly type: SigningKeyType;
  readonly key: KeyObject;
}

export interface Signable {
  /** As rendered on the wire (`msg_…`); the same for every attempt and destination. */
  readonly id: string;
  /** Of this attempt. */
  readonly timestampSeconds: number;
  readonly body: Uint8Array;
}

export const HMAC_KEY_BYTES_MIN = 24;
export const HMAC_KEY_BYTES_MAX = 75;
/** Random bytes that `newSigningKeyText` takes for each type. */
export const NEW_KEY_BYTES = { hmac256: 24, ed25519: 32 } as const;

const HMAC_PREFIX = 'whsec_';
const PRIVATE_PREFIX = 'whsk_';
const PUBLIC_PREFIX = 'whpk_';
const ED25519_BYTES = 32;
/** DER of a PKCS #8 Ed25519 private key up to its 32 bytes of seed (RFC 8410 §7). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * Reads `whsec_` + base64 (24–75 bytes), the same without its prefix (older custom secrets), or `whsk_` + base64 of an
 * Ed25519 seed or of seed and public key. Throws Problem `validation` for anything else; the text is never repeated.
 */
export function parseSigningKey(text: string): ParsedSigningKey {
  if (text.startsWith(PRIVATE_PREFIX)) return parsePrivateKey(text.slice(PRIVATE_PREFIX.length));
  if (text.startsWith(PUBLIC_PREFIX)) {
    throw badKey('Give the private key (`whsk_…`): a public key (`whpk_…`) cannot sign.');
  }
  const bytes = decodeBase64(text.startsWith(HMAC_PREFIX) ? text.slice(HMAC_PREFIX.length) : text);
  if (bytes.length < HMAC_KEY_BYTES_MIN || bytes.length > HMAC_KEY_BYTES_MAX) {
    throw badKey(
      `A secret holds ${HMAC_KEY_BYTES_MIN} to ${HMAC_KEY_BYTES_MAX} bytes, this one ${bytes.length}: give \`whsec_\` and the base64 of 24 random bytes.`,
    );
  }
  return { type: 'hmac256', bytes };
}

/** The text of a new key: `whsec_…` or `whsk_…`. `randomBytes` are at least `NEW_KEY_BYTES[type]` from the dice. */
export function newSigningKeyText(type: SigningKeyType, randomBytes: Uint8Array): string {
  const size = NEW_KEY_BYTES[type];
  if (randomBytes.length < size) throw new RangeError(`A new ${type} key takes ${size} random bytes.`);
  const bytes = Buffer.from(randomBytes.subarray(0, size));
  if (type === 'hmac256') return HMAC_PREFIX + bytes.toString('base64');
  return PRIVATE_PREFIX + Buffer.concat([bytes, publicBytes(privateKeyOf(bytes))]).toString('base64');
}

/** The `whpk_…` that receivers verify with, of a `whsk_…`. */
export function publicKeyText(privateKeyText: string): string {
  const key = parseSigningKey(privateKeyText);
  if (key.type !== 'ed25519') throw badKey('Only an Ed25519 key (`whsk_…`) has a public key.');
  return PUBLIC_PREFIX + Buffer.from(key.publicKey).toString('base64');
}

/** Makes a key text ready to sign. Throws as `parseSigningKey` does. */
export function compileKey(text: string): Signer {
  const key = parseSigningKey(text);
  if (key.type === 'hmac256') return { type: key.type, key: createSecretKey(key.bytes) };
  return { type: key.type, key: privateKeyOf(key.seed) };
}

/** The value of the signature header: one `v1,…` or `v1a,…` per signer, in the order given (the current key first). */
export function signature(signers: readonly Signer[], signable: Signable): string {
  const prefix = `${signable.id}.${signable.timestampSeconds}.`;
  let text = '';
  for (const signer of signers) {
    if (text !== '') text += ' ';
    text +=
      signer.type === 'hmac256'
        ? hmac(signer.key, prefix, signable.body)
        : ed25519(signer.key, prefix, signable.body);
  }
  return text;
}

/** Both sets say the same; a receiver's library looks for one of them. */
const HEADER_NAMES = {
  webhook: ['Webhook-Id', 'Webhook-Timestamp', 'Webhook-Signature'],
  svix: ['Svix-Id', 'Svix-Timestamp', 'Svix-Signature'],
} as const;
export type HeaderSet = keyof typeof HEADER_NAMES;

/** The three headers of a signed request as name, value, name, value, …; `signature` is what `signature()` made. */
export function signatureHeaders(
  set: HeaderSet,
  signed: { readonly id: string; readonly timestampSeconds: number; readonly signature: string },
): string[] {
  const names = HEADER_NAMES[set];
  return [names[0], signed.id, names[1], `${signed.timestampSeconds}`, names[2], signed.signature];
}

function hmac(key: KeyObject, prefix: string, body: Uint8Array): string {
  return `v1,${createHmac('sha256', key).update(prefix).update(body).digest('base64')}`;
}

/** Ed25519 signs in one go, so the prefix and the body are joined here. */
function ed25519(key: KeyObject, prefix: string, body: Uint8Array): string {
  return `v1a,${sign(null, Buffer.concat([Buffer.from(prefix), body]), key).toString('base64')}`;
}

function parsePrivateKey(base64: string): ParsedSigningKey {
  const bytes = decodeBase64(base64);
  if (bytes.length !== ED25519_BYTES && bytes.length !== 2 * ED25519_BYTES) {
    throw badKey(
      '`whsk_` is followed by the base64 of a 32-byte Ed25519 seed, or of the seed and its public key.',
    );
  }
  const seed = bytes.subarray(0, ED25519_BYTES);
  const publicKey = publicBytes(privateKeyOf(seed));
  if (bytes.length > ED25519_BYTES && !publicKey.equals(bytes.subarray(ED25519_BYTES))) {
    throw badKey(
      'The second half of this `whsk_` key is not the public key of the first: give the key as it was made.',
    );
  }
  return { type: 'ed25519', seed, publicKey };
}

function privateKeyOf(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' });
}

function publicBytes(privateKey: KeyObject): Buffer {
  return createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-ED25519_BYTES);
}

/** Strict: receivers decode the same text with stricter decoders than Node's. */
function decodeBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (text === '' || bytes.toString('base64') !== text) {
    throw badKey('The key is not base64 with its padding: give `whsec_` and the base64 of 24 random bytes.');
  }
  return bytes;
}

function badKey(message: string): Problem {
  return invalid(['body', 'key'], message);
}
