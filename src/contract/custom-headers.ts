/** Headers that callers add to deliveries: which are allowed, which values are shown. */
import Type from 'typebox';
import { invalid } from '../core/problem.ts';
import { Nullable } from './shape.ts';

/** `[name, value]` in the case and order the caller typed. */
export type CustomHeaders = readonly (readonly [string, string])[];

export const CUSTOM_HEADERS_MAX = 50;
export const HEADER_NAME_CHARS_MAX = 256;
export const HEADER_VALUE_CHARS_MAX = 4096;

export const HeaderValues = Type.Record(Type.String(), Type.String(), {
  description: `Header names and values, at most ${CUSTOM_HEADERS_MAX}; values of at most ${HEADER_VALUE_CHARS_MAX} characters. Names keep the case you give them.`,
});

export const EndpointHeadersIn = Type.Object({ headers: HeaderValues }, { title: 'EndpointHeadersIn' });

export const EndpointHeadersPatchIn = Type.Object(
  {
    headers: Type.Record(Type.String(), Nullable(Type.String()), {
      description: 'Headers to set; null deletes one.',
    }),
    deleteHeaders: Type.Optional(
      Type.Array(Type.String(), { maxItems: CUSTOM_HEADERS_MAX, description: 'Names of headers to delete.' }),
    ),
  },
  { title: 'EndpointHeadersPatchIn' },
);

export const EndpointHeadersOut = Type.Object(
  {
    headers: Type.Record(Type.String(), Type.String()),
    sensitive: Type.Array(Type.String(), { description: 'Names of headers whose values are not shown.' }),
  },
  { title: 'EndpointHeadersOut' },
);

/** Set by us or by the connection, or not meant for a request. */
const FORBIDDEN = new Set([
  'user-agent',
  'host',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'trailers',
  'transfer-encoding',
  'upgrade',
  'age',
  'cache-control',
  'clear-site-data',
  'expires',
  'pragma',
  'warning',
  'expect',
  'content-length',
  'content-type',
  'content-encoding',
  'content-language',
  'content-location',
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
]);
const FORBIDDEN_PREFIXES = [
  'x-amz-',
  'x-amzn-',
  'x-google',
  'x-goog-',
  'x-gfe',
  'x-azure-',
  'x-fd-',
  'x-svix-',
  'svix-',
];
const SENSITIVE = new Set(['authorization', 'x-auth-token', 'x-api-key', 'www-authenticate']);
/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110 §5.5 without obs-text: what every receiver reads the same way. */
const FIELD_VALUE = /^[\t\x20-\x7e]*$/;

/** Refuses names and values that may not go on a delivery; `loc` names the member that holds them. */
export function checkHeaders(
  given: Readonly<Record<string, string>>,
  loc: readonly string[],
): readonly (readonly [string, string])[] {
  const headers = Object.entries(given);
  const seen = new Set<string>();
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (seen.has(lower))
      throw invalid([...loc, name], `"${name}" is given twice in different case: give it once.`);
    seen.add(lower);
    checkHeader(name, value, loc);
  }
  checkCount(headers.length, loc);
  return headers;
}

/** What a patch makes of the headers there are. Names are the same whatever their case; the new case is kept. */
export function patchHeaders(
  current: CustomHeaders,
  patch: {
    readonly headers: Readonly<Record<string, string | null>>;
    readonly deleteHeaders?: readonly string[];
  },
  loc: readonly string[],
): CustomHeaders {
  const merged = new Map(current.map((header) => [header[0].toLowerCase(), header] as const));
  for (const name of patch.deleteHeaders ?? []) merged.delete(name.toLowerCase());
  for (const [name, value] of Object.entries(patch.headers)) {
    if (value === null) {
      merged.delete(name.toLowerCase());
      continue;
    }
    checkHeader(name, value, loc);
    merged.set(name.toLowerCase(), [name, value]);
  }
  checkCount(merged.size, loc);
  return [...merged.values()];
}

/** Values of sensitive headers are never shown, only their names. */
export function renderHeaders(headers: CustomHeaders) {
  const isSensitive = (name: string) => SENSITIVE.has(name.toLowerCase()) || /^proxy-/i.test(name);
  return {
    headers: Object.fromEntries(headers.filter(([name]) => !isSensitive(name))),
    sensitive: headers.map(([name]) => name).filter(isSensitive),
  };
}

function checkCount(count: number, loc: readonly string[]): void {
  if (count > CUSTOM_HEADERS_MAX) {
    throw invalid(loc, `${count} headers are too many: keep them to ${CUSTOM_HEADERS_MAX}.`);
  }
}

function checkHeader(name: string, value: string, loc: readonly string[]): void {
  const lower = name.toLowerCase();
  if (name.length > HEADER_NAME_CHARS_MAX || !TOKEN.test(name)) {
    throw invalid(
      [...loc, name.slice(0, HEADER_NAME_CHARS_MAX)],
      'This is no header name: use letters, digits and "-".',
    );
  }
  if (FORBIDDEN.has(lower) || FORBIDDEN_PREFIXES.some((prefix) => lower.startsWith(prefix))) {
    throw invalid(
      [...loc, name],
      `"${name}" cannot be set: it belongs to the delivery itself or to a platform. Choose another name.`,
    );
  }
  if (value.length > HEADER_VALUE_CHARS_MAX) {
    throw invalid(
      [...loc, name],
      `The value is ${value.length} characters: keep it to ${HEADER_VALUE_CHARS_MAX}.`,
    );
  }
  if (!FIELD_VALUE.test(value)) {
    throw invalid(
      [...loc, name],
      'The value holds characters that a header cannot carry: use printable ASCII.',
    );
  }
}
