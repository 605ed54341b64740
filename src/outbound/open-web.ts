/**
 * Asking strangers: polls, feeds, hubs. The connections are those of the wire (guard, proxy, pinned addresses, TLS),
 * but an answer is read whole up to the caller's bound and unpacked, and redirects are followed where asked for.
 *
 * A redirect's every hop goes through the guard. On another origin only headers that describe the question are sent
 * again: a key may stand in a header of any name. A body is not sent there at all; the redirect is then the answer.
 */
import type { Dispatcher } from 'undici';
import type { Web, WebAnswer, WebRequest } from '../ports/web.ts';
import type { ConnectionOptions } from '../ports/wire.ts';
import { requestFailure } from './connect-failure.ts';
import { ACCEPTED_CODINGS, decodeAnswer } from './decode-answer.ts';
import { openPools, type WireOptions } from './open-wire.ts';
import { type Pools, targetName } from './pools.ts';
import { refusedByProxy } from './proxy.ts';

/** Per origin, and with them requests under way: a guest should not be a flood. */
const CONNECTIONS_MAX = 32;
const CONNECTION: ConnectionOptions = Object.freeze({ tls: null, allowHttp2: false });
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
/** Sent again on another origin. */
const HARMLESS: readonly string[] = ['accept', 'accept-encoding', 'accept-language', 'user-agent'];
/** Made from the request: a length that is not the body's is request smuggling. */
const OURS: readonly string[] = ['host', 'content-length', 'transfer-encoding', 'connection'];

const CLOSED = unanswered('This node is shutting down');

/** Throws Problem `validation` when a setting cannot be used. Close it, or its idle connections stay for a while. */
export function openWeb(options: WireOptions): Web {
  const pools = openPools({ ...options, limits: { connectionsPerPool: CONNECTIONS_MAX, ...options.limits } });
  let isClosed = false;
  return {
    ask: async (request) => {
      const first = firstHop(request);
      if ('kind' in first) return first;
      return follow(request, first, async (hop, signal) =>
        isClosed ? CLOSED : askOnce(pools, hop, { request, signal }),
      );
    },
    resolve: (host) => addressOf(pools, host),
    close: async () => {
      isClosed = true;
      await pools.close();
    },
  };
}

async function addressOf(pools: Pools, host: string): Promise<{ address: string } | { refused: string }> {
  try {
    const [first] = await pools.resolve(host.replace(/^\[|\]$/g, ''));
    return first === undefined ? { refused: `${host} has no address in DNS` } : { address: first.address };
  } catch (error) {
    return { refused: requestFailure(error, false).detail };
  }
}

interface Hop {
  readonly method: string;
  readonly url: URL;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
}

/** User and password in the URL become a header; what cannot be sent is refused. */
function firstHop(request: WebRequest): Hop | WebAnswer {
  const url = URL.canParse(request.url) ? new URL(request.url) : null;
  if (url === null || !isHttp(url)) return unanswered('The URL must be http:// or https://');
  const headers: Record<string, string> = { 'accept-encoding': ACCEPTED_CODINGS };
  for (const [name, value] of Object.entries(request.headers)) headers[name.toLowerCase()] = value;
  const ours = OURS.find((name) => headers[name] !== undefined);
  if (ours !== undefined) return unanswered(`The header ${ours} is made from the request and cannot be set`);
  if (url.username !== '' || url.password !== '') {
    headers.authorization ??= `Basic ${Buffer.from(`${userinfo(url.username)}:${userinfo(url.password)}`).toString('base64')}`;
    url.username = '';
    url.password = '';
  }
  return { method: request.method.toUpperCase(), url, headers, body: request.body };
}

async function follow(
  request: WebRequest,
  first: Hop,
  ask: (hop: Hop, signal: AbortSignal) => Promise<WebAnswer>,
): Promise<WebAnswer> {
  const signal = AbortSignal.timeout(request.timeoutMs);
  let hop = first;
  for (let redirects = 0; ; redirects++) {
    const answer = await ask(hop, signal);
    const next = request.redirectsMax > 0 && answer.kind === 'answered' ? nextHop(hop, answer) : null;
    if (next === null) return answer;
    if (redirects >= request.redirectsMax)
      return unanswered(`${targetName(first.url)} redirects more than ${request.redirectsMax} times`);
    hop = next;
  }
}

/** Where a redirect leads and what is sent there (RFC 9110 §15.4); null = the answer is no redirect to follow. */
function nextHop(
  hop: Hop,
  answer: { readonly status: number; readonly headers: Readonly<Record<string, string>> },
): Hop | null {
  const { location } = answer.headers;
  if (!REDIRECTS.includes(answer.status) || location === undefined || !URL.canParse(location, hop.url.href))
    return null;
  const url = new URL(location, hop.url);
  if (!isHttp(url)) return null;
  // From a stranger, and so nobody's credentials.
  url.username = '';
  url.password = '';
  const becomesGet =
    (answer.status === 303 && hop.method !== 'HEAD') || (answer.status < 303 && hop.method === 'POST');
  const method = becomesGet ? 'GET' : hop.method;
  const body = becomesGet ? null : hop.body;
  const isElsewhere = url.origin !== hop.url.origin;
  if (isElsewhere && body !== null) return null;
  const headers = Object.fromEntries(
    Object.entries(hop.headers).filter(
      ([name]) => !(isElsewhere && !HARMLESS.includes(name)) && !(becomesGet && name.startsWith('content-')),
    ),
  );
  return { method, url, headers, body };
}

interface Asking {
  readonly signal: AbortSignal;
  readonly request: WebRequest;
}

async function askOnce(pools: Pools, hop: Hop, { signal, request }: Asking): Promise<WebAnswer> {
  let isAnswering = false;
  try {
    const lane = pools.lane(CONNECTION, hop.url, performance.now());
    const response = await lane.dispatcher.request({
      path: lane.pathPrefix + hop.url.pathname + hop.url.search,
      method: hop.method as Dispatcher.HttpMethod,
      headers: [...Object.entries(hop.headers).flat(), ...lane.extraHeaders],
      body: hop.body === null || hop.body.length === 0 ? null : hop.body,
      signal,
    });
    isAnswering = true;
    if (response.statusCode === 407 && lane.forwarder !== null) {
      response.body.on('error', () => undefined).destroy();
      throw refusedByProxy(lane.forwarder, targetName(hop.url), response.statusCode);
    }
    return await readWhole(response, hop, request.answerBytesMax);
  } catch (error) {
    if (signal.aborted)
      return unanswered(`${targetName(hop.url)} did not answer within ${request.timeoutMs / 1000} s`);
    return unanswered(requestFailure(error, isAnswering).detail);
  }
}

async function readWhole(response: Dispatcher.ResponseData, hop: Hop, bytesMax: number): Promise<WebAnswer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    // Leaving the loop ends the connection.
    if (bytes > bytesMax) return unanswered(`The answer is larger than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  const { 'content-encoding': coding = '', 'content-length': _length, ...headers } = joined(response.headers);
  const decoded = await decodeAnswer(Buffer.concat(chunks), coding, bytesMax);
  if ('refused' in decoded) return unanswered(decoded.refused);
  return {
    kind: 'answered',
    status: response.statusCode,
    headers,
    body: decoded.body,
    url: hop.url.href,
  };
}

function joined(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

function isHttp(url: URL): boolean {
  return url.protocol === 'https:' || url.protocol === 'http:';
}

function userinfo(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function unanswered(detail: string): Extract<WebAnswer, { kind: 'unanswered' }> {
  return { kind: 'unanswered', detail };
}
