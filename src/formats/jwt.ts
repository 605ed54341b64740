/**
 * A JWT in compact form (RFC 7519, RFC 8417 security events): claims as the value, header as the envelope. **Not
 * verified here**: whoever trusts the claims must have verified the source's proof.
 */
import { isObject } from '../core/is-object.ts';
import { decodeCharacters } from './characters.ts';
import { parseJson } from './json.ts';
import type { FormatLimits } from './limits.ts';
import type { Members } from './own.ts';
import { type Content, parsed, type Reading, unreadable } from './reading.ts';

const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]*$/;
const CHARS_MAX = 1024 * 1024;

export function readJwt({ bytes, limits }: Content): Reading {
  if (bytes.byteLength > CHARS_MAX) return unreadable(`it is longer than ${CHARS_MAX} characters`);
  const jwt = parseJwt(Buffer.from(bytes).toString('latin1').trim(), limits);
  return jwt
    ? parsed('jwt', jwt.claims, { envelope: jwt.header })
    : unreadable('it is not header.claims.signature');
}

/** null: no JWT whose claims can be read (an encrypted one has five parts). */
export function parseJwt(text: string, limits: FormatLimits): { header: Members; claims: Members } | null {
  if (text.length > CHARS_MAX || !text.startsWith('ey') || !COMPACT.test(text)) return null;
  const [header, claims] = text.split('.', 2).map((part) => membersOf(part, limits));
  return header && claims && typeof header.alg === 'string' ? { header, claims } : null;
}

function membersOf(part: string, limits: FormatLimits): Members | null {
  const json = parseJson(decodeCharacters(Buffer.from(part, 'base64url'), 'utf-8').text, limits);
  return 'value' in json && isObject(json.value) ? json.value : null;
}
