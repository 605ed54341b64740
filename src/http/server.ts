/**
 * The HTTP server: routes made from the list of operations, and the few pages that are none. Bodies reach a handler
 * as the bytes that came; answers leave as text.
 */
import { randomBytes } from 'node:crypto';
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { Principal } from '../core/access/access.ts';
import type { OrganizationId } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import type { Reply } from '../engine/engine.ts';
import { createAuthenticator } from './authenticate.ts';
import { addBodyBudget, HANDLED_BYTES_MAX, HandledBodies, LARGE_BODY_BYTES_MAX } from './body-budget.ts';
import { answerClientError } from './client-error.ts';
import type { Operation } from './define-operation.ts';
import { createMetrics, type RouteMetrics } from './metrics.ts';
import { OPERATIONS } from './operations/index.ts';
import { addPages } from './pages.ts';
import { renderProblem, unexpected } from './problem.ts';
import type { QueryText } from './read-query.ts';
import { type Incoming, operationRunner, type RunOperation, type ServerParts } from './run-operation.ts';
import { addSaveSignalRoute, SAVE_SIGNAL_PATH } from './save-signal-route.ts';
import { addSourceRoute, SOURCE_PATH, tokenHashOf } from './source-route.ts';
import { Streams } from './streams.ts';
import { explainUnknownRoute } from './unknown-route.ts';

/** From the first byte of a request to its last. */
const REQUEST_TIMEOUT_MS = 60_000;
const SLOW_LOOK_MS = 5_000;
/** Between requests of one connection. Longer than usual proxies keep theirs, so that they close first. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;
/** All headers of a request, and how many of them. */
const HEADER_BYTES_MAX = 16 * 1024;
const HEADERS_MAX = 100;
/** Open connections; more are closed at once. */
const CONNECTIONS_MAX = 16_384;
/** Characters of one path parameter, percent-encoded: a uid of 256 takes at most three times as many. */
const PARAMETER_CHARS_MAX = 1024;
const JSON_TYPE = 'application/json; charset=utf-8';
const NO_BYTES = Buffer.alloc(0);
/** Streams that need no token. */
const NOBODYS = '' as OrganizationId;

export function createServer(parts: ServerParts): FastifyInstance {
  const app = openFastify(parts);
  const authenticator = createAuthenticator({ ...parts, jwtSecrets: parts.settings.jwtSecrets });
  addBodyBudget(app, {
    bodyBytesMax: parts.settings.bodyBytesMax,
    budgetBytes: LARGE_BODY_BYTES_MAX,
    shareOf: ({ url }) => (url.startsWith(SOURCE_PATH) ? tokenHashOf(url) : null),
    admit: ({ url, headers }) =>
      url.startsWith(SOURCE_PATH)
        ? knownSource(parts, url)
        : authenticator.authenticate(headers.authorization),
  });
  const metrics = createMetrics(parts);
  const bodies = new HandledBodies(HANDLED_BYTES_MAX);
  const streams = new Streams(parts);
  app.addHook('preClose', async () => streams.close());
  for (const operation of OPERATIONS) {
    const route: Route = {
      operation,
      parts,
      run: operationRunner(operation, parts, authenticator),
      metrics: metrics.route(operation.method, operation.path),
      bodies,
      streams,
    };
    app.route({
      method: operation.method,
      url: operation.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      handler: (request, reply) => answer(route, request, reply),
    });
  }
  const fail = (error: unknown, exchange: Omit<Failing, 'parts'>): void =>
    void sendError(error, { ...exchange, parts });
  addSourceRoute(app, {
    engine: parts.engine,
    publicUrl: parts.settings.publicUrl,
    bodyBytesMax: parts.settings.sourceBodyBytesMax,
    metrics: metrics.route('ANY', `${SOURCE_PATH}{token}`),
    bodies,
    fail,
  });
  addSaveSignalRoute(app, { ...parts, metrics: metrics.route('ANY', SAVE_SIGNAL_PATH), fail });
  addPages(app, { settings: parts.settings, metrics });
  app.setNotFoundHandler((request, reply) => {
    const { problem, allow } = explainUnknownRoute(request.method, request.url, OPERATIONS);
    if (allow !== null) reply.header('allow', allow);
    sendError(problem, { request, reply, parts });
  });
  return app;
}

function openFastify(parts: ServerParts): FastifyInstance {
  const prefix = randomBytes(4).toString('hex');
  let requests = 0;
  const app = fastify({
    logger: false,
    bodyLimit: parts.settings.bodyBytesMax,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // Node looks for requests that take too long only so often.
    http: { maxHeaderSize: HEADER_BYTES_MAX, connectionsCheckingInterval: SLOW_LOOK_MS },
    clientErrorHandler: answerClientError,
    // What arrives on an open connection while the server stops is still served: the engine stops after it.
    return503OnClosing: false,
    genReqId: () => `req_${prefix}${(++requests).toString(36)}`,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: PARAMETER_CHARS_MAX },
    frameworkErrors: (error, request, reply) => sendError(error, { request, reply, parts }),
  });
  app.server.maxHeadersCount = HEADERS_MAX;
  app.server.maxConnections = CONNECTIONS_MAX;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, request, reply) => sendError(error as FastifyError, { request, reply, parts }));
  return app;
}

interface Route {
  readonly operation: Operation;
  readonly parts: ServerParts;
  readonly run: RunOperation;
  readonly metrics: RouteMetrics;
  readonly bodies: HandledBodies;
  readonly streams: Streams;
}

async function answer(route: Route, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const startedAt = performance.now();
  let incoming: Incoming | undefined;
  let refused: string | undefined;
  let taken = 0;
  try {
    incoming = incomingOf(request);
    taken = route.bodies.take(incoming.raw);
    const made = await route.run(incoming);
    if (made.stream === undefined) sendReply(made, reply);
    else route.streams.send(made, reply, incoming.principal?.organization ?? NOBODYS);
  } catch (error) {
    refused = sendError(error, { request, reply, parts: route.parts });
  } finally {
    route.bodies.giveBack(taken);
  }
  const durationMs = performance.now() - startedAt;
  route.metrics.answered(reply.statusCode, durationMs);
  const principal = incoming?.principal ?? null;
  logAnswer(route, { request, status: reply.statusCode, durationMs, principal, refused });
}

function incomingOf(request: FastifyRequest): Incoming {
  const { headers } = request;
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new Problem(
      'unsupported_media_type',
      'Send the body without Content-Encoding; it is not decompressed here.',
    );
  }
  return {
    url: request.url,
    params: request.params as Readonly<Record<string, string>>,
    query: request.query as QueryText,
    headers: headers as Readonly<Record<string, string | undefined>>,
    raw: (request.body as Buffer | undefined) ?? NO_BYTES,
    principal: null,
  };
}

function sendReply(answer: Reply, reply: FastifyReply): void {
  reply.statusCode = answer.status;
  if (answer.headers !== undefined) reply.headers(answer.headers);
  if (answer.body === undefined || answer.status === 204) {
    reply.send();
    return;
  }
  if (answer.headers?.['content-type'] === undefined) reply.header('content-type', JSON_TYPE);
  reply.send(answer.raw === true ? (answer.body as string | Buffer) : JSON.stringify(answer.body));
}

/** Throws Problem not_found: nobody holds memory by sending to URLs that are none. */
async function knownSource({ engine, clock }: ServerParts, url: string): Promise<void> {
  if ((await engine.directory.source(tokenHashOf(url), clock.now())) === null)
    throw new Problem('not_found', 'There is no source at this URL: check it.');
}

interface Failing {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly parts: ServerParts;
  /** One line for people and old devices instead of a document. */
  readonly asText?: boolean;
}

/** Answers with a problem document and returns its code. */
function sendError(error: unknown, { request, reply, parts, asText }: Failing): string {
  const problem = toProblem(error, request, parts);
  const answer = renderProblem(problem, {
    url: request.url,
    requestId: request.id,
    publicUrl: parts.settings.publicUrl,
  });
  const isText = asText === true;
  reply
    .code(answer.status)
    .headers(answer.headers)
    .header('content-type', isText ? 'text/plain; charset=utf-8' : answer.contentType)
    .send(isText ? `ERROR:${problem.code} ${problem.message}` : answer.body);
  return problem.code;
}

/** Refusals pass, Fastify's own become ours, and anything else is a bug: logged with its cause, answered without. */
function toProblem(error: unknown, request: FastifyRequest, parts: ServerParts): Problem {
  if (error instanceof Problem) {
    // While the store is away each request is refused for the same reason: a line each, without a stack.
    if (error.code === 'unavailable' && error.cause instanceof Error)
      parts.log.warn('operation.refused', { requestId: request.id, reason: error.cause.message });
    else if (error.cause !== undefined)
      parts.log.error('operation.refused', error.cause, { requestId: request.id });
    return error;
  }
  const { statusCode, code } = error as Partial<FastifyError>;
  if (statusCode === 413) {
    return new Problem(
      'payload_too_large',
      request.url.startsWith(SOURCE_PATH)
        ? `The body is larger than ${parts.settings.sourceBodyBytesMax} bytes: send less, or have POSTHORN_SOURCE_BODY_LIMIT raised.`
        : `The body is larger than ${parts.settings.bodyBytesMax} bytes. Send less, or raise POSTHORN_BODY_LIMIT.`,
    );
  }
  if (statusCode === 415)
    return new Problem('unsupported_media_type', 'The Content-Type header is malformed.');
  // `aborted`: the connection broke while the body was read; nobody waits for the answer.
  const isAborted = code === 'ECONNRESET' && statusCode === 400;
  if (isAborted || (code?.startsWith('FST_') === true && statusCode !== undefined && statusCode < 500)) {
    return new Problem(
      'generic_error',
      'The request is malformed: check its path, its headers and its length.',
    );
  }
  parts.log.error('operation.failed', error, { requestId: request.id, method: request.method });
  return unexpected(request.id);
}

interface LogLine {
  readonly request: FastifyRequest;
  readonly status: number;
  readonly durationMs: number;
  readonly principal: Principal | null;
  readonly refused: string | undefined;
}

/** One wide line per answer. A published event has its own line (`event.accepted`), so success on raw routes has none. */
function logAnswer(route: Route, line: LogLine): void {
  const { operation } = route;
  // A publish has a line of its own, and probes come every second from every load balancer.
  if ((operation.reads === 'raw' || operation.tag === 'Health') && line.status < 300) return;
  route.parts.log.info('operation.answered', {
    requestId: line.request.id,
    operation: operation.id,
    organization: line.principal?.organization,
    actor: line.principal?.actorId,
    status: line.status,
    code: line.refused,
    durationMs: Math.round(line.durationMs * 100) / 100,
    peer: line.request.ip,
  });
}
