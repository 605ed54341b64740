/**
 * GETs of another server's API, for an operator's own command. The operator named the server, so it may be at any
 * address; the connections are those of the wire (proxy, TLS, time limits), but the answer is read whole up to a bound
 * of its own. Redirects are not followed: the token goes to the origin that was named and nowhere else.
 */
import type { Dispatcher } from 'undici';
import type { ConnectionOptions } from '../ports/wire.ts';
import { requestFailure } from './connect-failure.ts';
import { openPools, type WireOptions } from './open-wire.ts';
import type { Pools } from './pools.ts';

export type ApiOutcome =
  | {
      readonly kind: 'answered';
      readonly statusCode: number;
      /** As they came; null = there was none. */
      readonly contentType: string | null;
      readonly location: string | null;
      readonly retryAfter: string | null;
      readonly body: Uint8Array;
    }
  /** `detail` is a sentence for people; it holds no secret. */
  | { readonly kind: 'unanswered'; readonly detail: string };

export interface ApiReader {
  /** Never rejects. */
  get(url: URL, headers: Readonly<Record<string, string>>): Promise<ApiOutcome>;
  close(): Promise<void>;
}

export type ApiReaderOptions = Pick<WireOptions, 'proxyUrl' | 'noProxy'> & {
  readonly timeoutMs?: number;
  readonly answerBytesMax?: number;
};

/** All together: waiting for a connection, connecting, and the whole answer. */
const TIMEOUT_MS = 60_000;
/** A page of 250 event types may carry their schemas. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
/** Connections, and with them requests under way, at most: a guest should not be a flood. */
const CONNECTIONS_MAX = 8;
const ANY_ADDRESS = ['0.0.0.0/0', '::/0'];
const CONNECTION: ConnectionOptions = Object.freeze({ tls: null, allowHttp2: false });

/** Throws Problem `validation` when the proxy's settings cannot be used. */
export function openApiReader(options: ApiReaderOptions): ApiReader {
  const { proxyUrl, noProxy, timeoutMs = TIMEOUT_MS, answerBytesMax = ANSWER_BYTES_MAX } = options;
  const limits = { connectionsPerPool: CONNECTIONS_MAX };
  const pools = openPools({ allowSubnets: ANY_ADDRESS, proxyUrl, noProxy, limits });
  return {
    async get(url, headers) {
      const signal = AbortSignal.timeout(timeoutMs);
      let isAnswering = false;
      try {
        const response = await send(pools, { url, headers, signal });
        isAnswering = true;
        return await readWhole(response, answerBytesMax);
      } catch (error) {
        if (signal.aborted) return unanswered(`${url.host} did not answer within ${timeoutMs / 1000} s`);
        return unanswered(requestFailure(error, isAnswering).detail);
      }
    },
    close: () => pools.close(),
  };
}

interface Request {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

function send(pools: Pools, { url, headers, signal }: Request): Promise<Dispatcher.ResponseData> {
  const lane = pools.lane(CONNECTION, url, performance.now());
  return lane.dispatcher.request({
    path: lane.pathPrefix + url.pathname + url.search,
    method: 'GET',
    headers: [...Object.entries(headers).flat(), ...lane.extraHeaders],
    signal,
  });
}

async function readWhole(response: Dispatcher.ResponseData, bytesMax: number): Promise<ApiOutcome> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    // Leaving the loop ends the connection.
    if (bytes > bytesMax) return unanswered(`The answer is larger than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  const header = (name: string): string | null => {
    const value = response.headers[name];
    return (Array.isArray(value) ? value[0] : value) ?? null;
  };
  return {
    kind: 'answered',
    statusCode: response.statusCode,
    contentType: header('content-type'),
    location: header('location'),
    retryAfter: header('retry-after'),
    body: Buffer.concat(chunks),
  };
}

function unanswered(detail: string): ApiOutcome {
  return { kind: 'unanswered', detail };
}
