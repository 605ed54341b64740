/**
 * `ANY /in/{token}[/…]`: the URLs of sources. No operation: any method, any content type, any body; what comes is
 * handed to the engine as it stood on the wire.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sourceTokenHash } from '../core/received/source-token.ts';
import type { HttpAnswer } from '../core/verification/verifier.ts';
import type { Engine, IncomingCall } from '../engine/engine.ts';
import type { HandledBodies } from './body-budget.ts';
import type { RouteMetrics } from './metrics.ts';

export const SOURCE_PATH = '/in/';
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
const ANY_TYPE = 'application/octet-stream';
const JSON_TYPE = 'application/json; charset=utf-8';
const NO_BYTES = Buffer.alloc(0);
const ALLOWED_HEADERS_MAX = 2048;

export interface SourceRouteParts {
  readonly engine: Engine;
  readonly publicUrl: string;
  readonly bodyBytesMax: number;
  readonly metrics: RouteMetrics;
  readonly bodies: HandledBodies;
  /** Answers with a problem. */
  readonly fail: (
    error: unknown,
    exchange: { request: FastifyRequest; reply: FastifyReply; asText: boolean },
  ) => void;
}

export function addSourceRoute(app: FastifyInstance, parts: SourceRouteParts): void {
  for (const url of [`${SOURCE_PATH}:token`, `${SOURCE_PATH}:token/*`]) {
    app.route({
      method: [...METHODS],
      url,
      bodyLimit: parts.bodyBytesMax,
      // What the sender calls its bytes is no reason to refuse them: the header is read from the raw ones.
      onRequest: (request, _reply, done) => {
        if (request.headers['content-type'] !== undefined) request.headers['content-type'] = ANY_TYPE;
        done();
      },
      handler: (request, reply) => answer(parts, request, reply),
    });
  }
}

/** The source that a URL names, as the engine knows it. */
export function tokenHashOf(url: string): string {
  const token = /^\/in\/([^/?#]*)/.exec(url)?.[1] ?? '';
  return sourceTokenHash(token);
}

async function answer(parts: SourceRouteParts, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const startedAt = performance.now();
  const wantsText = prefersText(request.headers.accept);
  let taken = 0;
  try {
    if (isPreflight(request)) {
      sendPreflight(request, reply);
    } else {
      const body = (request.body as Buffer | undefined) ?? NO_BYTES;
      taken = parts.bodies.take(body);
      send(reply, await parts.engine.receive(callOf(parts, request, { body, wantsText })));
    }
  } catch (error) {
    parts.fail(error, { request, reply, asText: wantsText });
  } finally {
    parts.bodies.giveBack(taken);
  }
  parts.metrics.answered(reply.statusCode, performance.now() - startedAt);
}

function callOf(
  { publicUrl }: SourceRouteParts,
  request: FastifyRequest,
  { body, wantsText }: { body: Buffer; wantsText: boolean },
): IncomingCall {
  const { headers, url } = request;
  const pairs = rawPairs(request.raw.rawHeaders);
  const queryAt = url.indexOf('?');
  const path = queryAt < 0 ? url : url.slice(0, queryAt);
  const subAt = path.indexOf('/', SOURCE_PATH.length);
  const base = subAt < 0 ? path : path.slice(0, subAt);
  return {
    tokenHash: tokenHashOf(url),
    method: request.method,
    url: publicUrl + url,
    sub: subAt < 0 ? '' : path.slice(subAt),
    query: queryAt < 0 ? '' : url.slice(queryAt + 1),
    headers: pairs,
    contentType: pairs.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '',
    body,
    isEncoded: headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity',
    peer: request.ip,
    wantsText,
    isTest: headers['posthorn-test'] !== undefined,
    statusUrl: `${publicUrl}${base}/events`,
  };
}

export function rawPairs(flat: readonly string[]): (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  for (let i = 0; i < flat.length; i += 2) pairs.push([flat[i]!, flat[i + 1]!]);
  return pairs;
}

/** Only when text stands first: "anything", as curl sends it by itself, gets JSON. */
function prefersText(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  const first = accept.split(',', 1)[0]!.split(';', 1)[0]!.trim().toLowerCase();
  return first === 'text/plain' || first === 'text/*';
}

/** A browser asks before it sends what a page of another site gave it (Fetch §4.8). */
function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

function sendPreflight({ headers }: FastifyRequest, reply: FastifyReply): void {
  const asked = headers['access-control-request-headers'];
  reply
    .code(204)
    .header('access-control-allow-origin', '*')
    .header('access-control-allow-methods', METHODS.join(', '))
    .header('access-control-allow-headers', asked?.slice(0, ALLOWED_HEADERS_MAX) ?? '*')
    .header('access-control-max-age', '86400')
    .send();
}

function send(reply: FastifyReply, { status, headers, body }: HttpAnswer): void {
  reply.code(status).header('access-control-allow-origin', '*');
  // What a source answers may hold what its sender said: no page of our own origin is made of it.
  if (headers['content-type'] !== JSON_TYPE)
    reply.headers({ 'x-content-type-options': 'nosniff', 'content-security-policy': 'sandbox' });
  reply.headers(headers);
  if (headers['content-type'] === undefined && body !== '')
    reply.header('content-type', 'text/plain; charset=utf-8');
  reply.send(body === '' ? undefined : body);
}
