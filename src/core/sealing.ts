/**
 * Secrets at rest: AES-256-GCM under keys made from the texts of POSTHORN_MAIN_SECRET. A sealed text is
 * `v1.<key id>.<nonce>.<ciphertext and tag>`, the last two base64url. The organization and the row are additional data,
 * so a ciphertext that is copied to another row does not open there.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import type { Sealed } from './catalog/resources.ts';
import { Problem } from './problem.ts';

export interface SealingKey {
  /** First 8 hex digits of the SHA-256 of the derived key: tells keys apart and gives nothing away. */
  readonly id: string;
  readonly key: KeyObject;
}

/** At least one; the first seals, all open. */
export type SealingKeys = readonly [SealingKey, ...SealingKey[]];

/** What a sealed value belongs to. */
export interface SealingContext {
  readonly organization: string;
  /** The row's id. */
  readonly id: string;
}

export const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const VERSION = 'v1';
const INFO = 'posthorn sealing v1';

/** A stored secret that the configured main secrets do not open. Nothing can be sent with it until that is mended. */
export class SealBroken extends Problem {
  readonly reason: 'unknown-key' | 'not-authentic' | 'malformed';

  constructor(reason: SealBroken['reason'], detail: string) {
    super('unavailable', detail);
    this.name = 'SealBroken';
    this.reason = reason;
  }
}

/** Makes the keys of POSTHORN_MAIN_SECRET's texts, in their order. */
export function deriveSealingKeys(secrets: readonly string[]): SealingKeys {
  const [first, ...rest] = secrets.map(deriveKey);
  if (first === undefined) throw new RangeError('At least one main secret is needed to seal with.');
  return [first, ...rest];
}

/** Seals a text with the first key. `nonce` are 12 bytes from the dice that are never used again. */
export function seal(
  plaintext: string,
  {
    keys,
    nonce,
    context,
  }: { readonly keys: SealingKeys; readonly nonce: Uint8Array; readonly context: SealingContext },
): Sealed {
  if (nonce.length !== NONCE_BYTES) throw new RangeError(`A nonce has ${NONCE_BYTES} bytes.`);
  const { id, key } = keys[0];
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(additionalData(context));
  const sealed = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return [VERSION, id, Buffer.from(nonce).toString('base64url'), sealed.toString('base64url')].join(
    '.',
  ) as Sealed;
}

/** Opens a sealed text. Throws SealBroken, which says whether the main secret or the row is to blame. */
export function open(
  sealed: Sealed,
  { keys, context }: { readonly keys: SealingKeys; readonly context: SealingContext },
): string {
  const [version, keyId, nonceText, sealedText, ...more] = sealed.split('.');
  const nonce = Buffer.from(nonceText ?? '', 'base64url');
  const bytes = Buffer.from(sealedText ?? '', 'base64url');
  if (version !== VERSION || more.length > 0 || nonce.length !== NONCE_BYTES || bytes.length < TAG_BYTES) {
    throw new SealBroken(
      'malformed',
      'A stored secret is not a sealed text of this version: restore its row from a backup.',
    );
  }
  const key = keys.find((one) => one.id === keyId)?.key;
  if (key === undefined) {
    throw new SealBroken(
      'unknown-key',
      `The main secret does not fit: a stored secret was sealed with another one (key ${keyId}). Put that one back into POSTHORN_MAIN_SECRET, behind the new one if there is one.`,
    );
  }
  return decrypt({ key, nonce, bytes, context });
}

/** True when a text was sealed with another key than the first: `rekey` writes it anew. */
export function needsResealing(sealed: Sealed, keys: SealingKeys): boolean {
  return !sealed.startsWith(`${VERSION}.${keys[0].id}.`);
}

function decrypt(part: { key: KeyObject; nonce: Buffer; bytes: Buffer; context: SealingContext }): string {
  const { key, nonce, bytes, context } = part;
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(additionalData(context));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8');
  } catch {
    throw new SealBroken(
      'not-authentic',
      `The stored secret of ${context.id} was altered or belongs to another row: set it again, or restore a backup.`,
    );
  }
}

function deriveKey(secret: string): SealingKey {
  if (secret === '') throw new RangeError('A main secret is not empty.');
  const bytes = Buffer.from(hkdfSync('sha256', secret, '', INFO, KEY_BYTES));
  const id = createHash('sha256').update(bytes).digest('hex').slice(0, 8);
  return { id, key: createSecretKey(bytes) };
}

/** As JSON, so that no two contexts are written alike. */
function additionalData(context: SealingContext): Buffer {
  return Buffer.from(JSON.stringify([context.organization, context.id]));
}
