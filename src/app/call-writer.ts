/** Writes into a call where a selector of a provider reads: the way back of core/verification/selector.ts. */
import { isObject } from '../core/is-object.ts';
import type { ListSyntax, Selector } from '../core/verification/provider.ts';
import type { ReceivedCall } from '../core/verification/verifier.ts';

const COMMA_LIST: ListSyntax = { between: ',', pair: '=' };
/** A place, a name, a key of a list; pipes that let pass what is written. */
const WRITABLE = /^(header|query|form|json):([^[\]|]+)(?:\[([^\]]+)\])?(?:\|(?:only:.*|lower|trim))*$/;

export class CallWriter {
  readonly #config: Readonly<Record<string, string>>;
  readonly #headers = new Map<string, { readonly name: string; readonly value: string }>();
  #call: ReceivedCall;

  constructor(given: ReceivedCall, config: Readonly<Record<string, string>>) {
    this.#call = given;
    this.#config = config;
  }

  /** False = nobody can write there: what is read is made of what stands there, or the body is no such document. */
  write(selector: Selector, value: string, list: ListSyntax = COMMA_LIST): boolean {
    const found = WRITABLE.exec(selector);
    if (found === null) return false;
    const [, place, written, key] = found as unknown as [string, string, string, string | undefined];
    // Numbered headers begin with 1.
    const name = this.#configured(written).replace(/\*$/, '1');
    if (name === '' || (key !== undefined && place !== 'header')) return false;
    if (place === 'header') return this.#writeHeader(name, value, key === undefined ? null : { key, list });
    if (place === 'query') return this.#writeQuery(name, value);
    const body =
      place === 'json' ? withMember(this.#call.body, name, value) : withField(this.#call, name, value);
    if (body === null) return false;
    this.#call = { ...this.#call, body };
    return true;
  }

  call(): ReceivedCall {
    const kept = this.#call.headers.filter(([name]) => !this.#headers.has(name.toLowerCase()));
    const written = [...this.#headers.values()].map(({ name, value }) => [name, value] as const);
    return { ...this.#call, headers: [...kept, ...written] };
  }

  #writeHeader(name: string, value: string, entry: { key: string; list: ListSyntax } | null): true {
    const before = this.#headers.get(name.toLowerCase())?.value;
    const text = entry === null ? value : `${this.#configured(entry.key)}${entry.list.pair}${value}`;
    const isListed = entry !== null && before !== undefined;
    this.#headers.set(name.toLowerCase(), {
      name,
      value: isListed ? `${before}${entry.list.between[0]}${text}` : text,
    });
    return true;
  }

  #writeQuery(name: string, value: string): true {
    const [address = '', query = ''] = this.#call.url.split('?', 2);
    const kept = query
      .split('&')
      .filter((part) => part !== '' && part.split('=')[0] !== encodeURIComponent(name));
    const written = `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
    this.#call = { ...this.#call, url: `${address}?${[...kept, written].join('&')}` };
    return true;
  }

  #configured(name: string): string {
    return name.startsWith('@') ? (this.#config[name.slice(1)] ?? '') : name;
  }
}

/** A member by its dotted path; what was a number stays one. null = the body is no JSON object. */
function withMember(body: Uint8Array, path: string, value: string): Uint8Array | null {
  if (path.includes('*') || /(^|\.)__proto__(\.|$)/.test(path)) return null;
  const document = objectIn(Buffer.from(body).toString('utf8'));
  const last = path.split('.').pop()!;
  let at: Record<string, unknown> | null = document;
  for (const step of path.split('.').slice(0, -1)) {
    if (at === null) return null;
    at[step] ??= {};
    at = isObject(at[step]) ? at[step] : null;
  }
  if (at === null) return null;
  at[last] = typeof at[last] === 'number' ? Number(value) : value;
  return Buffer.from(JSON.stringify(document));
}

function withField({ body, headers }: ReceivedCall, name: string, value: string): Uint8Array | null {
  const type = headers.find(([each]) => each.toLowerCase() === 'content-type')?.[1] ?? '';
  if (!/^\s*application\/x-www-form-urlencoded/i.test(type)) return null;
  const fields = new URLSearchParams(Buffer.from(body).toString('utf8'));
  fields.set(name, value);
  return Buffer.from(fields.toString());
}

function objectIn(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
