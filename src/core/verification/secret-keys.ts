/** Shared secrets as keys and digests, made once: `createHmac` with raw bytes costs five times as much. */
import { createHash, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { invalid } from '../problem.ts';
import type { KeyEncoding } from './provider.ts';

/** Throws Problem `validation` for a secret that is not in the provider's form; its text is never repeated. */
export function secretKey(secret: string, encoding: KeyEncoding): KeyObject {
  const bytes = secretBytes(secret, encoding);
  if (bytes.length === 0) throw invalid(['secret'], FORMS[encoding]);
  return createSecretKey(bytes);
}

const FORMS: Readonly<Record<KeyEncoding, string>> = {
  utf8: 'The secret is empty: give the one that the provider shows.',
  base64: 'The secret is not base64: give it as the provider shows it.',
  hex: 'The secret is not hexadecimal: give it as the provider shows it.',
  whsec: 'The secret is not `whsec_` and base64: give it as the provider shows it.',
  sha1: 'The secret is empty: give the one that the provider shows.',
};

function secretBytes(secret: string, encoding: KeyEncoding): Buffer {
  switch (encoding) {
    case 'utf8':
      return Buffer.from(secret, 'utf8');
    case 'hex':
      return /^(?:[\da-f]{2})+$/i.test(secret) ? Buffer.from(secret, 'hex') : Buffer.alloc(0);
    case 'base64':
      return decoded(secret);
    case 'whsec':
      return decoded(secret.replace(/^whsec_/, ''));
    case 'sha1':
      return secret === '' ? Buffer.alloc(0) : createHash('sha1').update(secret).digest();
  }
}

function decoded(text: string): Buffer {
  return /^[A-Za-z\d+/_-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : Buffer.alloc(0);
}

/** Compares texts of any length in constant time: their digests have one length. */
export class ConstantText {
  readonly #digest: Buffer;

  constructor(text: string) {
    this.#digest = digestOf(text);
  }

  equals(other: string): boolean {
    return timingSafeEqual(this.#digest, digestOf(other));
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}
