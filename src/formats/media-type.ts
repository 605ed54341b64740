/** Media types (RFC 9110 §8.3.1) and which reader reads them. */
import type { RawHeaders } from '../core/received/received.ts';

export interface MediaType {
  /** `type/subtype` in lower case; '' when missing or no media type at all. */
  readonly essence: string;
  readonly parameters: ReadonlyMap<string, string>;
}

export type Kind =
  | 'json'
  | 'ndjson'
  | 'form'
  | 'multipart'
  | 'xml'
  | 'csv'
  | 'text'
  | 'jwt'
  | 'email'
  | 'cloudevent'
  | 'cloudevents'
  | 'binary'
  | 'unknown';

const NONE: ReadonlyMap<string, string> = new Map();
const TYPE_MAX = 1024;
const PARAMETER = /;\s*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/g;

export function parseMediaType(text: string | null): MediaType {
  if (text === null || text.length > TYPE_MAX) return { essence: '', parameters: NONE };
  const semicolon = text.indexOf(';');
  const essence = (semicolon < 0 ? text : text.slice(0, semicolon)).trim().toLowerCase();
  if (!/^[^\s/]+\/[^\s/]+$/.test(essence)) return { essence: '', parameters: NONE };
  if (semicolon < 0) return { essence, parameters: NONE };
  const parameters = new Map<string, string>();
  for (const [, name, quoted, plain] of text.slice(semicolon).matchAll(PARAMETER))
    parameters.set(name!.toLowerCase(), quoted === undefined ? plain! : quoted.replace(/\\(.)/g, '$1'));
  return { essence, parameters };
}

/** The first of a name; a sender that repeats `Content-Type` is believed once. null = not there. */
export function firstHeader(headers: RawHeaders, name: string): string | null {
  for (const [given, value] of headers)
    if (given.length === name.length && given.toLowerCase() === name) return value;
  return null;
}

const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['application/json', 'json'],
  ['text/json', 'json'],
  ['application/x-json', 'json'],
  ['text/x-json', 'json'],
  ['application/csp-report', 'json'],
  ['application/x-ndjson', 'ndjson'],
  ['application/ndjson', 'ndjson'],
  ['application/jsonl', 'ndjson'],
  ['application/x-jsonlines', 'ndjson'],
  ['application/jsonlines', 'ndjson'],
  ['application/json-seq', 'ndjson'],
  ['application/x-www-form-urlencoded', 'form'],
  ['application/xml', 'xml'],
  ['text/xml', 'xml'],
  ['text/csv', 'csv'],
  ['application/csv', 'csv'],
  ['text/tab-separated-values', 'csv'],
  ['application/jwt', 'jwt'],
  ['application/jose', 'jwt'],
  ['message/rfc822', 'email'],
  ['application/cloudevents+json', 'cloudevent'],
  ['application/cloudevents-batch+json', 'cloudevents'],
  ['application/octet-stream', 'unknown'],
  ['binary/octet-stream', 'unknown'],
]);

export function kindOf(essence: string): Kind {
  const known = KINDS.get(essence);
  if (known) return known;
  if (essence.endsWith('+json')) return 'json';
  if (essence.endsWith('+xml')) return 'xml';
  if (essence.endsWith('+jwt')) return 'jwt';
  if (essence.startsWith('multipart/')) return 'multipart';
  if (essence.startsWith('text/')) return 'text';
  return /^(image|audio|video|font|model)\//.test(essence) ? 'binary' : 'unknown';
}
