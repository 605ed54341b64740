/** What can be read in a call, each part parsed when it is first asked for. Lives for one call. */

import type { ReceivedCall } from './verifier.ts';
import { xmlTexts } from './xml-text.ts';

/** Form fields and query parameters that are read. */
const FIELDS_MAX = 5000;
/** A header longer than this is as good as none. */
const HEADER_VALUE_MAX = 16_384;
const HEADER_VALUES_MAX = 64;
const JSON_PATH_MAX = 32;
const PLUS = 0x2b;
const SPACE = 0x20;

/** Values that are made while a call is verified, read as selectors of the same name. */
export interface Made {
  timestamp?: string;
  id?: string;
  kid?: string;
  secret?: string;
  /** Of a handshake or an acknowledgement. */
  signed?: string;
  reply?: string;
}

export class CallView {
  readonly call: ReceivedCall;
  readonly made: Made = {};
  /** Of the item that `each` is at: what `*` means in a JSON path. */
  index = 0;
  /** Of a JWT: unproven until the verifier has proven it. */
  claims: unknown;
  #text: string | undefined;
  #json: { readonly value: unknown } | undefined;
  #form: readonly (readonly [string, string])[] | undefined;
  #query: readonly (readonly [string, string])[] | undefined;

  constructor(call: ReceivedCall) {
    this.call = call;
  }

  get text(): string {
    this.#text ??= bytesOf(this.call.body).toString('utf8');
    return this.#text;
  }

  /** The values of a header, by its name in lower case; `x-sig-*` = of all whose names begin so. */
  header(name: string): readonly string[] {
    const values: string[] = [];
    const begins = name.endsWith('*') ? name.slice(0, -1) : null;
    for (const [other, value] of this.call.headers) {
      if (begins === null ? other.length !== name.length : other.length < begins.length) continue;
      const lower = other.toLowerCase();
      if (begins === null ? lower !== name : !lower.startsWith(begins)) continue;
      if (value.length > HEADER_VALUE_MAX || values.length >= HEADER_VALUES_MAX) continue;
      values.push(value);
    }
    return values;
  }

  get query(): readonly (readonly [string, string])[] {
    if (this.#query === undefined) {
      const { url } = this.call;
      const from = url.indexOf('?');
      const end = url.indexOf('#');
      this.#query = from < 0 ? [] : fieldsOf(url.slice(from + 1, end < from ? url.length : end));
    }
    return this.#query;
  }

  get form(): readonly (readonly [string, string])[] {
    this.#form ??= this.#readForm();
    return this.#form;
  }

  /** undefined = the body is not JSON. */
  get json(): unknown {
    if (this.#json === undefined) {
      try {
        this.#json = { value: JSON.parse(this.text) as unknown };
      } catch {
        this.#json = { value: undefined };
      }
    }
    return this.#json.value;
  }

  xml(path: string): readonly string[] {
    return xmlTexts(this.text, path);
  }

  /** Path and query, as in the request line. */
  get path(): string {
    const { url } = this.call;
    const host = url.indexOf('://');
    const from = url.indexOf('/', host < 0 ? 0 : host + 3);
    return from < 0 ? '/' : url.slice(from);
  }

  #readForm(): readonly (readonly [string, string])[] {
    const type = this.header('content-type')[0] ?? '';
    if (/^\s*multipart\/form-data/i.test(type)) return multipartFields(this.text, type);
    return type === '' || /x-www-form-urlencoded/i.test(type) ? fieldsOf(this.text) : [];
  }
}

export function bytesOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * As `URLSearchParams` reads them, whose time grows with the square of the number of fields: a sender nobody knows yet
 * could stop the process with ten megabytes of `a&a&a`.
 */
export function fieldsOf(text: string): readonly (readonly [string, string])[] {
  const fields: (readonly [string, string])[] = [];
  for (let at = 0; at < text.length && fields.length < FIELDS_MAX; ) {
    const next = text.indexOf('&', at);
    const end = next < 0 ? text.length : next;
    const mark = text.slice(at, end).indexOf('=');
    const nameEnd = mark < 0 ? end : at + mark;
    if (end > at) fields.push([unescaped(text.slice(at, nameEnd)), unescaped(text.slice(nameEnd + 1, end))]);
    at = end + 1;
  }
  return fields;
}

function unescaped(text: string): string {
  const spaced = text.includes('+') ? withSpaces(text) : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    // Escapes that are none stay, and bytes that are no UTF-8 are replaced.
    return new URLSearchParams(`_=${spaced.replaceAll('&', '%26')}`).get('_') ?? '';
  }
}

/** Over bytes: texts take seconds for millions of replacements. */
function withSpaces(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  for (let at = bytes.indexOf(PLUS); at >= 0 && at < bytes.length; at++)
    if (bytes[at] === PLUS) bytes[at] = SPACE;
  return bytes.toString('utf8');
}

/** Text fields of a multipart body (RFC 7578); files are passed over. */
function multipartFields(text: string, type: string): readonly (readonly [string, string])[] {
  const boundary = /boundary="?([^";\s]{1,70})"?/i.exec(type)?.[1];
  if (boundary === undefined) return [];
  const fields: (readonly [string, string])[] = [];
  for (const part of text.split(`--${boundary}`, FIELDS_MAX).slice(1)) {
    const end = part.indexOf('\r\n\r\n');
    if (end < 0) continue;
    const head = part.slice(0, end);
    const name = /;\s*name="([^"]*)"/i.exec(head)?.[1];
    if (name === undefined || /;\s*filename/i.test(head)) continue;
    fields.push([name, part.slice(end + 4).replace(/\r\n$/, '')]);
  }
  return fields;
}

/** What a dotted path leads to; own members only. `*` = `index`. */
export function atPath(value: unknown, path: string, index: number): unknown {
  let at = value;
  if (path === '') return at;
  for (const step of path.split('.', JSON_PATH_MAX)) {
    if (typeof at !== 'object' || at === null) return undefined;
    const key = step === '*' ? String(index) : step;
    at = Object.hasOwn(at, key) ? (at as Record<string, unknown>)[key] : undefined;
  }
  return at;
}

/** As text: what is neither a string, a number nor a boolean has none. */
export function scalarText(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'number' || typeof value === 'boolean' ? [String(value)] : [];
}
