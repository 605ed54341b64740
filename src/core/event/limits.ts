/**
 * What names, headers, metadata and URLs may look like. A `…Fault` gives the sentence that says what to do, or null
 * when all is well; who asks knows which field it was and makes the Problem.
 */

/** uids, event types, channels, tags, feature flags; not the steps `.` and `..` of a path. */
export const NAME_PATTERN = /^(?!\.{1,2}$)[a-zA-Z0-9\-_.]+$/;
export const UID_CHARS_MAX = 256;
export const EVENT_TYPE_CHARS_MAX = 256;
export const CHANNEL_CHARS_MAX = 128;
export const TAG_CHARS_MAX = 128;
export const ENDPOINT_CHANNELS_MAX = 10;
export const MESSAGE_CHANNELS_MAX = 5;
export const MESSAGE_TAGS_MAX = 8;
export const ORDERING_KEY_CHARS_MAX = 256;
export const RETENTION_DAYS_MIN = 5;
export const RETENTION_DAYS_MAX = 90;
export const METADATA_BYTES_MAX = 4096;
export const HEADERS_MAX = 50;
export const HEADER_NAME_CHARS_MAX = 128;
export const HEADER_VALUE_CHARS_MAX = 4096;
export const CONTENT_TYPE_CHARS_MAX = 256;
export const URL_CHARS_MAX = 65_536;
export const METHODS: readonly string[] = ['POST', 'PUT', 'PATCH', 'DELETE', 'GET'];

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Visible characters, space, tab, and the upper half of Latin-1 (RFC 9110 §5.5); never a line break. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const MEDIA_TYPE = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:[ \t]*;.*)?$/;

/**
 * Set by the sender, of one hop only, or about caching the answer. `host` and `connection` would misroute; a request
 * with `expect` is never sent by the client we use.
 */
const FORBIDDEN_HEADERS: ReadonlySet<string> = new Set(
  `user-agent host connection expect keep-alive proxy-authenticate proxy-authorization te trailer trailers transfer-encoding
  upgrade age cache-control clear-site-data expires pragma warning content-length content-type content-encoding
  content-language content-location webhook-id webhook-timestamp webhook-signature`.split(/\s+/),
);
const FORBIDDEN_HEADER_PREFIXES = 'x-amz- x-amzn- x-google x-goog- x-gfe x-azure- x-fd- x-svix- svix-'.split(
  ' ',
);
/** Their values are never shown again. */
const SENSITIVE_HEADERS: ReadonlySet<string> = new Set(
  'authorization x-auth-token x-api-key www-authenticate cookie'.split(' '),
);

/** A caller's own name for a thing. `prefix` is the one of its ids, which a uid must not look like. */
export function uidFault(text: string, prefix: string): string | null {
  if (text.startsWith(prefix))
    return `Choose a uid that does not start with "${prefix}": that is how ids start.`;
  return nameFault(text, UID_CHARS_MAX);
}

export function eventTypeFault(text: string): string | null {
  return nameFault(text, EVENT_TYPE_CHARS_MAX);
}

export function channelFault(text: string): string | null {
  return nameFault(text, CHANNEL_CHARS_MAX);
}

export function tagFault(text: string): string | null {
  return nameFault(text, TAG_CHARS_MAX);
}

function nameFault(text: string, charsMax: number): string | null {
  if (text.length === 0 || text.length > charsMax) return `Give 1 to ${charsMax} characters.`;
  return NAME_PATTERN.test(text)
    ? null
    : 'Use letters, digits, "-", "_" and "." only, and not just "." or "..".';
}

/** Any text of 1 to 256 characters: it is compared and never shown as a name. */
export function orderingKeyFault(text: string): string | null {
  return text.length === 0 || text.length > ORDERING_KEY_CHARS_MAX
    ? `Give 1 to ${ORDERING_KEY_CHARS_MAX} characters.`
    : null;
}

/** Metadata is an object of strings whose JSON has at most 4096 bytes. */
export function metadataFault(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'Give an object of strings.';
  for (const [key, entry] of Object.entries(value)) {
    if (typeof entry !== 'string')
      return `Give a string as the value of ${JSON.stringify(key.slice(0, 64))}.`;
  }
  return Buffer.byteLength(JSON.stringify(value)) > METADATA_BYTES_MAX
    ? `Shorten the metadata: its JSON may have ${METADATA_BYTES_MAX} bytes.`
    : null;
}

/** A header that a customer asks for on each request. */
export function headerNameFault(name: string): string | null {
  if (name.length > HEADER_NAME_CHARS_MAX || !HEADER_NAME.test(name)) {
    return `Give a header name of 1 to ${HEADER_NAME_CHARS_MAX} letters, digits and hyphens.`;
  }
  return isForbiddenHeader(name)
    ? `Choose another header: "${name}" is set by the sender or by proxies.`
    : null;
}

export function headerValueFault(value: string): string | null {
  if (value.length > HEADER_VALUE_CHARS_MAX) return `Give at most ${HEADER_VALUE_CHARS_MAX} characters.`;
  return HEADER_VALUE.test(value)
    ? null
    : 'Use no line breaks, control characters or characters beyond Latin-1.';
}

export function isForbiddenHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return FORBIDDEN_HEADERS.has(lower) || FORBIDDEN_HEADER_PREFIXES.some((prefix) => lower.startsWith(prefix));
}

/** True when only the name is shown to people, never the value. */
export function isSensitiveHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return SENSITIVE_HEADERS.has(lower) || lower.startsWith('proxy-');
}

export function contentTypeFault(text: string): string | null {
  if (text.length > CONTENT_TYPE_CHARS_MAX || !MEDIA_TYPE.test(text) || headerValueFault(text) !== null) {
    return `Give a media type such as "application/json", at most ${CONTENT_TYPE_CHARS_MAX} characters.`;
  }
  return null;
}

export function methodFault(text: string): string | null {
  return METHODS.includes(text) ? null : `Give one of ${METHODS.join(', ')}.`;
}

/** Where deliveries go. What the address resolves to is judged when it is called. */
export function urlFault(text: string, { httpsOnly = false } = {}): string | null {
  if (text.length === 0 || text.length > URL_CHARS_MAX)
    return `Give a URL of 1 to ${URL_CHARS_MAX} characters.`;
  // URL.parse takes these away or turns them into something else, so that what is shown is not what is called.
  if (/[\s\\\p{Cc}]/u.test(text))
    return 'Remove spaces, line breaks and backslashes from the URL, or percent-encode them.';
  const url = URL.parse(text);
  if (url === null) return 'Give an absolute URL, for example "https://example.com/webhook".';
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return 'Give a URL that starts with https:// or http://.';
  if (httpsOnly && url.protocol !== 'https:')
    return 'Give a URL that starts with https://: this server allows no other.';
  if (!/^https?:\/\/[^/]/i.test(text)) return 'Write two slashes and the host after the scheme.';
  return text.includes('#') ? 'Remove the part after "#" from the URL: it is never sent.' : null;
}
