/** One HTTP call with exactly these headers and bytes: what `fetch` would tidy up, a signature may be over. */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

export interface CallToSend {
  readonly method: string;
  readonly url: URL;
  /** Path and query as they are to stand on the wire; not said: the URL's. */
  readonly target?: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
  readonly signal: AbortSignal;
}

export interface CallAnswer {
  readonly status: number;
  readonly ms: number;
  readonly text: string;
}

/** `failed`: no answer came, and why; `unsendable`: none ever will. */
export type CallOutcome = CallAnswer | { readonly failed: string } | { readonly unsendable: string };

const ANSWER_MS_MAX = 30_000;
const TEXT_BYTES_MAX = 64 * 1024;
/** Those of one connection (RFC 9110 §7.6.1), and those that this call has of its own. */
const NOT_FORWARDED: ReadonlySet<string> = new Set([
  ...[
    'connection',
    'keep-alive',
    'proxy-connection',
    'proxy-authenticate',
    'proxy-authorization',
    'te',
    'trailer',
  ],
  ...['transfer-encoding', 'upgrade', 'expect', 'host', 'content-length'],
]);

/** The headers of a call that was received, as they can be sent on. */
export function forwardable(headers: readonly (readonly [string, string])[]): [string, string][] {
  const named = headers
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map((token) => token.trim().toLowerCase()));
  return headers
    .filter(([name]) => !NOT_FORWARDED.has(name.toLowerCase()) && !named.includes(name.toLowerCase()))
    .map(([name, value]) => [name, value]);
}

/** What cannot be sent is an outcome, too. */
export function sendCall({ method, url, target, headers, body, signal }: CallToSend): Promise<CallOutcome> {
  const startedAt = performance.now();
  const flat = ['Host', url.host, ...headers.flat()];
  if (body.length > 0 || !/^(GET|HEAD|OPTIONS|DELETE)$/.test(method))
    flat.push('Content-Length', String(body.length));
  const options = {
    method,
    headers: flat,
    agent: false as const,
    signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]),
    ...(target === undefined ? {} : { path: target }),
  };
  return new Promise((resolve) => {
    const fail = (cause: Error & { code?: string }): void => {
      const isLate =
        cause.name === 'TimeoutError' || (cause.cause as Error | undefined)?.name === 'TimeoutError';
      resolve({
        failed: isLate ? `no answer within ${ANSWER_MS_MAX / 1000} s` : (cause.code ?? cause.message),
      });
    };
    try {
      const sent = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, options, (answer) => {
        const chunks: Buffer[] = [];
        let size = 0;
        answer.on('data', (chunk: Buffer) => {
          if (size < TEXT_BYTES_MAX) chunks.push(chunk);
          size += chunk.length;
        });
        answer.on('error', fail);
        answer.on('end', () => {
          const text = Buffer.concat(chunks).subarray(0, TEXT_BYTES_MAX).toString('utf8');
          resolve({ status: answer.statusCode!, ms: Math.round(performance.now() - startedAt), text });
        });
      });
      sent.on('error', fail);
      sent.end(body);
    } catch (cause) {
      // A header or a path that HTTP does not allow.
      resolve({ unsendable: (cause as Error).message });
    }
  });
}
