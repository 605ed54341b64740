/** The request of one attempt to deliver what a source received: as it came, or a call of another app's API. */
import type { DestinationRequest, Sealed } from '../core/catalog/resources.ts';
import type { Event } from '../core/event/event.ts';
import { type OrganizationId, renderId } from '../core/ids.ts';
import {
  appendablePath,
  forwardedHeaders,
  hopsOf,
  oneLine,
  TRACE_HEADER,
  traceOf,
} from '../core/received/forwarding.ts';
import type { Template } from '../ports/expressions.ts';
import type { WireRequest } from '../ports/wire.ts';
import type { CompiledDestination } from './compile-destination.ts';
import type { EngineParts, Vault } from './engine.ts';
import { showCredentials } from './hide-credentials.ts';
import { readsBody } from './live-source.ts';
import { Reading } from './reading.ts';
import { requestOf } from './request.ts';

type Forward = Extract<DestinationRequest, { kind: 'forward' }>;
export type CompiledCall = {
  readonly url: Template | null;
  readonly headers: readonly (readonly [string, Template])[];
  readonly body: Template | null;
};

export interface ReceivedRequestOptions {
  readonly organization: OrganizationId;
  readonly event: Event;
  readonly content: Uint8Array;
  readonly now: number;
  readonly accessToken: string | null;
}

/** A template that failed: the request cannot be made, now or later. */
export class Unrenderable extends Error {}

export class ReceivedRequests {
  readonly #parts: Pick<EngineParts, 'formats' | 'expressions'>;
  readonly #vault: Vault;
  readonly #calls = new WeakMap<DestinationRequest, CompiledCall>();

  constructor(parts: Pick<EngineParts, 'formats' | 'expressions'>, vault: Vault) {
    this.#parts = parts;
    this.#vault = vault;
  }

  /** Throws Unrenderable. */
  async make(compiled: CompiledDestination, options: ReceivedRequestOptions): Promise<WireRequest> {
    const { request } = compiled.destination;
    const { received } = options.event;
    if (received === null) return requestOf(compiled, options);
    const made =
      request == null
        ? requestOf(compiled, options)
        : request.kind === 'forward'
          ? this.#forward(compiled, request, options)
          : await this.#call(compiled, request, options);
    const headers = [...made.headers];
    setOnly(headers, TRACE_HEADER, traceOf(hopsOf(received.headers) + 1));
    return { ...made, headers };
  }

  #forward(compiled: CompiledDestination, request: Forward, options: ReceivedRequestOptions): WireRequest {
    const { event, organization } = options;
    const received = event.received!;
    const open = (sealed: Sealed): string => this.#vault.open(organization, event.id, sealed);
    const base = requestOf(compiled, { ...options, isSigned: request.signed });
    const { headers: all, query } = showCredentials(received, open);
    const headers = forwardedHeaders(all).flat();
    // Headers of a mail are about the mail's body, and what is sent is the mail.
    if (received.via !== 'http')
      setOnly(headers, 'Content-Type', event.contentType || 'application/octet-stream');
    addOwn(headers, base, { signed: request.signed, event });
    const url = withAppended(compiled.url, {
      sub: request.appendPath ? received.sub : '',
      query: request.appendQuery ? query : '',
    });
    return { ...base, url, headers };
  }

  async #call(
    compiled: CompiledDestination,
    request: Extract<DestinationRequest, { kind: 'call' }>,
    options: ReceivedRequestOptions,
  ): Promise<WireRequest> {
    const { event, content, now } = options;
    const call = this.#compiledCall(request);
    const reading = new Reading(event, content, {
      formats: this.#parts.formats,
      secrets: {},
      now,
    });
    const templates = [call.url, call.body, ...call.headers.map(([, template]) => template)];
    if (templates.some((template) => template !== null && readsBody(template))) await reading.parse();
    const render = (what: string, template: Template): string => {
      const rendered = reading.render(template, event.type);
      if (rendered.ok) return rendered.value;
      throw new Unrenderable(`The ${what} of the request cannot be made: ${rendered.detail}`);
    };
    const body = call.body === null ? content : new TextEncoder().encode(render('body', call.body));
    const base = requestOf(compiled, { ...options, content: body, isSigned: request.signed });
    const type = request.contentType || (call.body === null ? event.contentType : JSON_TYPE);
    const headers = ['Content-Type', type];
    addOwn(headers, base, { signed: request.signed, event });
    for (const [name, template] of call.headers)
      setOnly(headers, name, oneLine(render(`header ${name}`, template)));
    const url = call.url === null ? compiled.url : sameOrigin(compiled.url, render('URL', call.url));
    const isBodyless = request.method === 'GET';
    return { ...base, method: request.method, url, headers, body: isBodyless ? NO_BYTES : body };
  }

  #compiledCall(request: Extract<DestinationRequest, { kind: 'call' }>): CompiledCall {
    const known = this.#calls.get(request);
    if (known !== undefined) return known;
    const make = (text: string): Template => this.#parts.expressions.template(text);
    const compiled: CompiledCall = {
      url: request.url === null ? null : make(request.url),
      headers: request.headers.map(([name, text]) => [name, make(text)]),
      body: request.body === null ? null : make(request.body),
    };
    this.#calls.set(request, compiled);
    return compiled;
  }
}

const JSON_TYPE = 'application/json';
const NO_BYTES = new Uint8Array(0);
const SIGNATURE_HEADERS = /^(webhook|svix)-(id|timestamp|signature)$/i;

function withAppended(own: URL, { sub, query }: { sub: string; query: string }): URL {
  if (sub === '' && query === '') return own;
  const url = new URL(own);
  if (sub !== '') url.pathname = url.pathname.replace(/\/$/, '') + appendablePath(sub);
  if (query !== '') url.search = url.search === '' ? query : `${url.search}&${query}`;
  return url;
}

/** The destination's own headers go over what came; signature headers only where they are asked for. */
function addOwn(
  headers: string[],
  base: WireRequest,
  { signed, event }: { signed: boolean; event: Event },
): void {
  for (let i = 0; i < base.headers.length; i += 2) {
    const name = base.headers[i]!;
    const isSignature = SIGNATURE_HEADERS.test(name);
    if (isSignature && !signed) continue;
    const lower = name.toLowerCase();
    const isUsual = lower === 'content-type' || lower === 'user-agent' || lower === 'accept';
    if (isUsual && (hasHeader(headers, lower) || lower === 'content-type')) continue;
    setOnly(headers, name, base.headers[i + 1]!);
  }
  setOnly(headers, 'Posthorn-Event-Id', renderId(event.id, 'event'));
}

/** The only one of its name: a second one that came along would stand beside ours. */
function setOnly(headers: string[], name: string, value: string): void {
  const lower = name.toLowerCase();
  for (let i = headers.length - 2; i >= 0; i -= 2)
    if (headers[i]!.toLowerCase() === lower) headers.splice(i, 2);
  headers.push(name, value);
}

function hasHeader(headers: readonly string[], lower: string): boolean {
  for (let i = 0; i < headers.length; i += 2) if (headers[i]!.toLowerCase() === lower) return true;
  return false;
}

function sameOrigin(own: URL, text: string): URL {
  const url = URL.canParse(text, own.href) ? new URL(text, own.href) : null;
  if (url === null)
    throw new Unrenderable(`The URL of the request cannot be made: ${text.slice(0, 200)} is none.`);
  if (url.origin !== own.origin)
    throw new Unrenderable(
      `The URL of the request leads to another origin than the destination's: ${url.origin}.`,
    );
  return url;
}
