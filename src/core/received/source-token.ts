/** The token in a source's URL and mail address, by whose hash the source is found. */
import { hash } from 'node:crypto';

/** SHA-256 as base64url: what is stored and looked up. In one call: twice as fast as an object for it. */
export function sourceTokenHash(token: string): string {
  return hash('sha256', token, 'base64url');
}
