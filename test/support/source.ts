/** A source made through the API, and calls of its URL as strangers make them. */
import { createHmac } from 'node:crypto';
import { request } from 'node:http';
import type { TestPosthorn } from './posthorn.ts';

export interface SentCall {
  readonly method?: string;
  /** Behind the token: `/a/b?x=1`. */
  readonly path?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | Uint8Array;
}

export interface SourceAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape.
  readonly json: any;
}

export interface TestSource {
  readonly id: string;
  /** `/in/{token}`. */
  readonly path: string;
  send(call?: SentCall): Promise<SourceAnswer>;
}

export async function makeSource(
  posthorn: TestPosthorn,
  given: Readonly<Record<string, unknown>> = {},
): Promise<TestSource> {
  const made = await posthorn.call('POST', '/api/v1/source', { body: { name: 'a source', ...given } });
  if (made.status !== 201) throw new Error(`The source was not made: ${made.status} ${made.text}`);
  const path = new URL(made.json.url).pathname;
  return { id: made.json.id, path, send: (call = {}) => send(posthorn.url + path, call) };
}

/** A destination at this URL and a flow to it from every source. */
export async function makeFlow(
  posthorn: TestPosthorn,
  url: string,
  given: {
    destination?: Readonly<Record<string, unknown>>;
    flow?: Readonly<Record<string, unknown>>;
  } = {},
): Promise<{ destination: string; flow: string }> {
  const destination = await posthorn.call('POST', '/api/v1/destination', {
    body: { url, ...given.destination },
  });
  if (destination.status !== 201) throw new Error(destination.text);
  const body = { name: 'a flow', destinations: [destination.json.id], ...given.flow };
  const flow = await posthorn.call('POST', '/api/v1/flow', { body });
  if (flow.status !== 201) throw new Error(flow.text);
  return { destination: destination.json.id, flow: flow.json.id };
}

/** Headers of a call that GitHub signed. */
export function signedByGithub(body: string | Uint8Array, secret: string): [string, string][] {
  const digest = createHmac('sha256', secret).update(body).digest('hex');
  return [
    ['Content-Type', 'application/json'],
    ['X-GitHub-Event', 'push'],
    ['X-Hub-Signature-256', `sha256=${digest}`],
  ];
}

function send(
  base: string,
  { method = 'POST', path = '', headers = [], body }: SentCall,
): Promise<SourceAnswer> {
  const url = new URL(base + path);
  const flat = headers.flat();
  if (!headers.some(([name]) => name.toLowerCase() === 'host')) flat.unshift('Host', url.host);
  const hasLength = headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name));
  if (body !== undefined && !hasLength) flat.push('Content-Length', `${Buffer.byteLength(body)}`);
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers: flat, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: answer.statusCode!, headers: answer.headers, text, json: jsonOf(text) });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
