/**
 * Atlassian Connect: the claim `qsh` binds a token to its request: SHA-256 over `METHOD&path&query`, each parameter and
 * value percent-encoded as RFC 3986 has it, sorted, values of one name joined with commas.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { CallView } from '../../core/verification/call-view.ts';

export function bindsRequest(view: CallView): boolean {
  const { qsh } = (view.claims ?? {}) as { readonly qsh?: unknown };
  if (typeof qsh !== 'string') return false;
  const wanted = createHash('sha256').update(canonicalRequest(view)).digest();
  const given = Buffer.from(qsh, 'hex');
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function canonicalRequest({ call, path, query }: CallView): string {
  const plain = path.replace(/[?#].*$/s, '').replace(/\/+$/, '');
  return `${call.method.toUpperCase()}&${plain === '' ? '/' : plain.replaceAll('&', '%26')}&${canonicalQuery(query)}`;
}

function canonicalQuery(query: CallView['query']): string {
  const byName = new Map<string, string[]>();
  for (const [name, value] of query) {
    if (name === 'jwt') continue;
    const values = byName.get(encoded(name));
    if (values === undefined) byName.set(encoded(name), [encoded(value)]);
    else values.push(encoded(value));
  }
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, values]) => `${name}=${values.sort().join(',')}`)
    .join('&');
}

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
