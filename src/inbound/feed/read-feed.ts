/** RSS, Atom, RDF and JSON Feed as one shape. Pure. */
import { type AtomFeed, type JsonFeed, parseFeed, type RdfFeed, type RssFeed } from 'feedsmith';
import { digest } from '../poll/fingerprint.ts';
import { dateOf, MINUTE_MS, updatePeriodMs } from './feed-times.ts';

export interface FeedItem {
  /** The feed's own id of it, else its URL, else a digest of what it says. */
  readonly id: string;
  readonly url: string | null;
  readonly title: string | null;
  /** HTML mostly, as it came: it is a stranger's. */
  readonly content: string | null;
  readonly summary: string | null;
  readonly author: string | null;
  /** ISO 8601. */
  readonly published: string | null;
  readonly updated: string | null;
  readonly categories: readonly string[];
  readonly enclosures: readonly Enclosure[];
}

export interface Enclosure {
  readonly url: string;
  readonly type: string | null;
  readonly bytes: number | null;
}

export interface Feed {
  readonly about: FeedAbout;
  /** Oldest first. */
  readonly items: readonly FeedItem[];
  /** How often the feed says that it is worth asking (ttl, sy:updatePeriod); null = it does not say. */
  readonly everyMs: number | null;
}

export interface FeedAbout {
  readonly format: 'rss' | 'atom' | 'rdf' | 'json';
  readonly title: string | null;
  readonly url: string | null;
}

/** A feed of more is read as far as this. */
const ITEMS_MAX = 2_000;
const ID_CHARS_MAX = 500;
const LIST_MAX = 100;

/** null = it is none that can be read. `base`: where it came from, for links without a host. */
export function readFeed(text: string, base: string): Feed | null {
  const parsed = parsedFeed(text);
  if (parsed === null) return null;
  const { format } = parsed;
  const link = linkUnder(base);
  switch (parsed.format) {
    case 'rss': {
      const { title, link: url, items = [], ttl, sy } = parsed.feed;
      const everyMs = ttl === undefined ? updatePeriodMs(sy) : ttl * MINUTE_MS;
      return {
        about: { format, title: said(title), url: link(url) },
        items: ordered(items.map((item) => rssItem(item, link))),
        everyMs,
      };
    }
    case 'rdf': {
      const { title, link: url, items = [], sy } = parsed.feed;
      const list = ordered(items.map((item) => rdfItem(item, link)));
      return {
        about: { format, title: said(title), url: link(url) },
        items: list,
        everyMs: updatePeriodMs(sy),
      };
    }
    case 'atom': {
      const { title, links, entries = [], sy } = parsed.feed;
      const about = { format, title: said(title?.value), url: link(alternate(links)) };
      return {
        about,
        items: ordered(entries.map((entry) => atomItem(entry, link))),
        everyMs: updatePeriodMs(sy),
      };
    }
    case 'json': {
      const { title, home_page_url: url, items = [] } = parsed.feed;
      return {
        about: { format, title: said(title), url: link(url) },
        items: ordered(items.map((item) => jsonItem(item, link))),
        everyMs: null,
      };
    }
  }
}

function parsedFeed(text: string): ReturnType<typeof parseFeed<string>> | null {
  try {
    return parseFeed(text, { maxItems: ITEMS_MAX });
  } catch {
    // It throws an error for whatever is no feed.
    return null;
  }
}

type Link = (href: string | undefined) => string | null;

function rssItem(item: RssFeed.Item<string>, link: Link): FeedItem {
  const { guid, description, content, authors, dc, categories = [], enclosures = [] } = item;
  const isPermalink = guid?.isPermaLink !== false && /^https?:/i.test(guid?.value ?? '');
  const [author] = authors ?? [];
  return withId(guid?.value, {
    url: link(item.link ?? (isPermalink ? guid?.value : undefined)),
    title: said(item.title),
    content: said(content?.encoded ?? description),
    summary: content?.encoded === undefined ? null : said(description),
    author: said(author?.name ?? author?.email ?? dc?.creators?.[0]),
    published: dateOf(item.pubDate ?? dc?.dates?.[0]),
    updated: dateOf(item.atom?.updated),
    categories: listOf(categories.map(({ name }) => name)),
    enclosures: enclosuresOf(enclosures, link),
  });
}

function rdfItem(
  { title, link: url, description, rdf, content, dc }: RdfFeed.Item<string>,
  link: Link,
): FeedItem {
  return withId(rdf?.about, {
    url: link(url),
    title: said(title),
    content: said(content?.encoded ?? description),
    summary: content?.encoded === undefined ? null : said(description),
    author: said(dc?.creators?.[0]),
    published: dateOf(dc?.dates?.[0]),
    updated: null,
    categories: listOf(dc?.subjects ?? []),
    enclosures: [],
  });
}

function atomItem(entry: AtomFeed.Entry<string>, link: Link): FeedItem {
  const { id, title, content, summary, authors, published, updated, categories = [], links = [] } = entry;
  const [author] = authors ?? [];
  return withId(id, {
    url: link(alternate(links)),
    title: said(title?.value),
    content: said(content?.value),
    summary: said(summary?.value),
    author: said(author?.name ?? author?.email),
    published: dateOf(published ?? updated),
    updated: dateOf(updated),
    categories: listOf(categories.map(({ label, term }) => label ?? term)),
    enclosures: enclosuresOf(
      links.filter(({ rel }) => rel === 'enclosure').map(({ href, ...rest }) => ({ url: href, ...rest })),
      link,
    ),
  });
}

function jsonItem(item: JsonFeed.Item<string>, link: Link): FeedItem {
  const { id, url, external_url: external, authors, tags = [], attachments = [] } = item;
  return withId(id, {
    url: link(url ?? external),
    title: said(item.title),
    content: said(item.content_html ?? item.content_text),
    summary: said(item.summary),
    author: said(authors?.[0]?.name ?? authors?.[0]?.url),
    published: dateOf(item.date_published),
    updated: dateOf(item.date_modified),
    categories: listOf(tags),
    enclosures: enclosuresOf(
      attachments.map((one) => ({ url: one.url, type: one.mime_type, length: one.size_in_bytes })),
      link,
    ),
  });
}

function withId(id: string | undefined, item: Omit<FeedItem, 'id'>): FeedItem {
  const known = said(id) ?? item.url;
  const { title, content, summary, published } = item;
  const named = known ?? digest(JSON.stringify([title, content, summary, published]));
  return { id: named.length > ID_CHARS_MAX ? digest(named) : named, ...item };
}

/** By their dates where all have one, else as feeds mostly are: the newest first. */
function ordered(items: readonly FeedItem[]): FeedItem[] {
  const oldestFirst = items.toReversed();
  if (items.some(({ published, updated }) => published === null && updated === null)) return oldestFirst;
  const at = ({ published, updated }: FeedItem): string => published ?? updated ?? '';
  return oldestFirst.sort((a, b) => (at(a) < at(b) ? -1 : at(a) > at(b) ? 1 : 0));
}

function alternate(links: readonly AtomFeed.Link<string>[] | undefined): string | undefined {
  return links?.find(({ rel }) => rel === undefined || rel === 'alternate')?.href;
}

function enclosuresOf(
  list: readonly {
    readonly url?: string | undefined;
    readonly type?: string | undefined;
    readonly length?: number | undefined;
  }[],
  link: Link,
): Enclosure[] {
  return list.slice(0, LIST_MAX).flatMap(({ url, type, length }) => {
    const href = link(url);
    return href === null ? [] : [{ url: href, type: type ?? null, bytes: length ?? null }];
  });
}

function listOf(names: readonly (string | undefined)[]): string[] {
  return names
    .map((name) => said(name))
    .filter((name) => name !== null)
    .slice(0, LIST_MAX);
}

function said(text: string | undefined): string | null {
  const trimmed = typeof text === 'string' ? text.trim() : '';
  return trimmed === '' ? null : trimmed;
}

function linkUnder(base: string): Link {
  return (href) => {
    const given = said(href);
    return given !== null && URL.canParse(given, base) ? new URL(given, base).href : null;
  };
}
