/** `hash` and `hmac` of texts (UTF-8), `secret`. */
import { createHash, createHmac } from 'node:crypto';
import type { Environment } from '@marcbachmann/cel-js';
import { Failure } from './failure.ts';

const HMAC_ALGORITHMS: ReadonlySet<string> = new Set(['sha1', 'sha256', 'sha384', 'sha512']);
const HASH_ALGORITHMS: ReadonlySet<string> = new Set([...HMAC_ALGORITHMS, 'md5']);
const ENCODINGS: ReadonlySet<string> = new Set(['hex', 'base64', 'base64url']);

/** `secretOf` gives undefined for a name that the scope has not. */
export function registerDigestFunctions(
  env: Environment,
  secretOf: (name: string) => string | undefined,
): void {
  const sync = { async: false } as const;
  env.registerFunction(
    'hash(string, string, string): string',
    (algorithm: string, text: string, encoding: string) => {
      const hash = createHash(oneOf(HASH_ALGORITHMS, algorithm, 'algorithm'));
      return hash.update(text).digest(oneOf(ENCODINGS, encoding, 'encoding') as 'hex');
    },
    sync,
  );
  env.registerFunction(
    'hmac(string, string, string, string): string',
    (algorithm: string, key: string, text: string, encoding: string) => {
      const hmac = createHmac(oneOf(HMAC_ALGORITHMS, algorithm, 'algorithm'), key);
      return hmac.update(text).digest(oneOf(ENCODINGS, encoding, 'encoding') as 'hex');
    },
    sync,
  );
  env.registerFunction(
    'secret(string): string',
    (name: string) => {
      const value = secretOf(name);
      if (value === undefined)
        throw new Failure('wrong', 'secret() knows no such name; add the secret first');
      return value;
    },
    sync,
  );
}

function oneOf(allowed: ReadonlySet<string>, name: string, what: string): string {
  if (!allowed.has(name)) throw new Failure('wrong', `the ${what} is one of ${[...allowed].join(', ')}`);
  return name;
}
