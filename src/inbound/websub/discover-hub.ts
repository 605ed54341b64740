/** Which hub a page or feed announces, and under which name (WebSub §4): Link headers first, then its own links. */
import type { Answered } from '../asking/ask.ts';

export interface Announced {
  readonly hub: string;
  readonly topic: string;
}

/** Links stand at the beginning. */
const HEAD_CHARS_MAX = 262_144;

/** null = it announces none. */
export function discoverHub(answer: Answered, text: string): Announced | null {
  const links = [...headerLinks(answer.headers.link ?? ''), ...documentLinks(text), ...jsonLinks(text)];
  const target = (rel: string): string | null => {
    for (const link of links) if (link.rels.includes(rel)) return absolute(link.href, answer.url);
    return null;
  };
  const hub = target('hub');
  return hub === null ? null : { hub, topic: target('self') ?? answer.url };
}

/** Where a web page says that its feed is; null = it says nothing. */
export function discoverFeed(answer: Answered, text: string): string | null {
  const link = documentLinks(text).find(
    ({ rels, type }) =>
      rels.includes('alternate') && /^application\/(rss|atom|feed)\+|^application\/rdf/.test(type),
  );
  return link === undefined ? null : absolute(link.href, answer.url);
}

interface Link {
  readonly rels: readonly string[];
  readonly href: string;
  readonly type: string;
}

function headerLinks(header: string): Link[] {
  return [...header.matchAll(/<([^<>]*)>([^<]*)/g)].map(([, href = '', params = '']) => ({
    rels: relsOf(/;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,]+))/i.exec(params)?.slice(1).join('') ?? ''),
    href,
    type: '',
  }));
}

/** `<link>` of HTML, of Atom, and of Atom in RSS, before the first item. */
function documentLinks(text: string): Link[] {
  const [head = ''] = text
    .slice(0, HEAD_CHARS_MAX)
    // One that is never closed goes on to the end (and is looked for once).
    .replace(/<!--[\s\S]*?(?:-->|$)/g, '')
    .split(/<(?:body|item|entry)\b/i, 1);
  return [...head.matchAll(/<(?:[\w-]{1,50}:)?link\b([^<>]*)>/gi)].map(([, attributes = '']) => ({
    rels: relsOf(attribute(attributes, 'rel')),
    href: attribute(attributes, 'href'),
    type: attribute(attributes, 'type').toLowerCase(),
  }));
}

/** The hubs and the own name of a JSON Feed. */
function jsonLinks(text: string): Link[] {
  if (!/^\s*\{/.test(text)) return [];
  try {
    const { hubs, feed_url: self } = JSON.parse(text) as { hubs?: unknown; feed_url?: unknown };
    const urls = (Array.isArray(hubs) ? hubs : []).map((hub: { url?: unknown } | null) => hub?.url);
    const named = (href: unknown, rel: string): Link[] =>
      typeof href === 'string' ? [{ rels: [rel], href, type: '' }] : [];
    return [...urls.flatMap((url) => named(url, 'hub')), ...named(self, 'self')];
  } catch {
    return [];
  }
}

function attribute(attributes: string, name: string): string {
  const [, double, single, bare] =
    new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'i').exec(attributes) ?? [];
  return (double ?? single ?? bare ?? '').replaceAll('&amp;', '&').trim();
}

function relsOf(text: string): readonly string[] {
  return text.toLowerCase().split(/\s+/);
}

function absolute(href: string, base: string): string | null {
  if (href === '' || !URL.canParse(href, base)) return null;
  const url = new URL(href, base);
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null;
}
