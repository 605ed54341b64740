/** What an answer says: JSON, or text. */

import type { Answered } from '../asking/ask.ts';
import { Trouble } from '../asking/trouble.ts';

export type Document = { readonly json: unknown } | { readonly text: string };

export function readAnswer({ headers, body, url }: Answered): Document {
  const contentType = headers['content-type'] ?? '';
  const text = decoded(body, contentType);
  const saysJson = /[/+]json\b/i.test(contentType);
  // Some servers call their JSON text/plain, or nothing.
  if (!saysJson && !/^\s*[[{]/.test(text)) return { text };
  try {
    return { json: JSON.parse(text) };
  } catch {
    if (!saysJson) return { text };
    throw new Trouble(`${new URL(url).host} answered what says to be JSON and cannot be read as such`);
  }
}

function decoded(body: Uint8Array, contentType: string): string {
  const [, charset = 'utf-8'] = /charset\s*=\s*"?([^\s;"]+)/i.exec(contentType) ?? [];
  try {
    return new TextDecoder(charset).decode(body);
  } catch {
    // A charset that does not exist.
    return new TextDecoder().decode(body);
  }
}

/** The URL of `rel=next` in a Link header (RFC 8288); null = this was the last page. */
export function nextPage(link: string | undefined, base: string): string | null {
  for (const [, target = '', params = ''] of (link ?? '').matchAll(/<([^<>]*)>([^<]*)/g)) {
    if (/;\s*rel\s*=\s*("[^"]*\bnext\b[^"]*"|next\b)/i.test(params) && URL.canParse(target, base)) {
      const url = new URL(target, base);
      if (url.protocol === 'https:' || url.protocol === 'http:') return url.href;
    }
  }
  return null;
}
