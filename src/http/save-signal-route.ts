/**
 * `GET|POST /save-signal/?api_id=…&receiver_name=…&anything=…`: the call of AlertGrid, for programs that still make it
 * and for whoever has no more than a line of shell. `api_id` is the token of a source (what follows `/in/` in its URL);
 * the event is a form of all the parameters but that. Answered in AlertGrid's manner: 200, `OK:<id>` or `ERROR:<code>`.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../core/problem.ts';
import type { RawHeaders } from '../core/received/received.ts';
import { sourceTokenHash } from '../core/received/source-token.ts';
import type { Engine, IncomingCall } from '../engine/engine.ts';
import type { Clock } from '../ports/clock.ts';
import { LARGE_BODY_BYTES } from './body-budget.ts';
import type { HttpSettings } from './http-settings.ts';
import type { RouteMetrics } from './metrics.ts';
import { rawPairs, SOURCE_PATH, type SourceRouteParts } from './source-route.ts';

export const SAVE_SIGNAL_PATH = '/save-signal/';
/** Below what is counted before its sender is known: parameters, not documents. */
const BODY_BYTES_MAX = LARGE_BODY_BYTES - 1;
const FORM = 'application/x-www-form-urlencoded';
const ANY_TYPE = 'application/octet-stream';

/** AlertGrid's codes. Its 21, "unknown receiver", never comes: every name is taken. */
const CODES = { noReceiverName: 11, noApiId: 12, disabled: 22, badApiId: 31 } as const;

export interface SaveSignalRouteParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly settings: Pick<HttpSettings, 'publicUrl'>;
  readonly metrics: RouteMetrics;
  readonly fail: SourceRouteParts['fail'];
}

export function addSaveSignalRoute(app: FastifyInstance, parts: SaveSignalRouteParts): void {
  app.route({
    method: ['GET', 'POST'],
    url: SAVE_SIGNAL_PATH,
    exposeHeadRoute: false,
    bodyLimit: BODY_BYTES_MAX,
    onRequest: (request, _reply, done) => {
      if (request.headers['content-type'] !== undefined) request.headers['content-type'] = ANY_TYPE;
      done();
    },
    handler: (request, reply) => answer(parts, request, reply),
  });
}

async function answer(
  parts: SaveSignalRouteParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const startedAt = performance.now();
  try {
    const saved = await save(parts, request);
    if (typeof saved === 'number') sendText(reply, `ERROR:${saved}`);
    else sendText(reply.header('posthorn-event-id', saved), `OK:${saved}`);
  } catch (error) {
    if (error instanceof Problem && error.code === 'authentication_failed')
      sendText(reply, `ERROR:${CODES.badApiId}`);
    else parts.fail(error, { request, reply, asText: true });
  }
  parts.metrics.answered(reply.statusCode, performance.now() - startedAt);
}

function sendText(reply: FastifyReply, text: string): void {
  reply.code(200).header('access-control-allow-origin', '*').type('text/plain; charset=utf-8').send(text);
}

/** The id of the event, or AlertGrid's code. */
async function save(parts: SaveSignalRouteParts, request: FastifyRequest): Promise<string | number> {
  const { engine, clock } = parts;
  const signal = signalOf(request);
  if (signal.receiverName === '') return CODES.noReceiverName;
  if (signal.apiId === '') return CODES.noApiId;
  const tokenHash = sourceTokenHash(signal.apiId);
  const found = await engine.directory.source(tokenHash, clock.now());
  if (found === null) return CODES.badApiId;
  if (found.source.disabled) return CODES.disabled;
  const { headers } = await engine.receive(callOf(parts, request, { signal, tokenHash }));
  return headers['posthorn-event-id'] ?? CODES.badApiId;
}

interface Signal {
  readonly apiId: string;
  readonly receiverName: string;
  /** All parameters but `api_id`, as they were written. */
  readonly form: string;
  /** Of the body, or of what would have been one. */
  readonly contentType: string;
}

/** A parameter in the query stands for all of that name in the body. */
function signalOf(request: FastifyRequest): Signal {
  const contentType = rawPairs(request.raw.rawHeaders).find(([name]) => isContentType(name))?.[1] ?? FORM;
  const body = ((request.body as Buffer | undefined) ?? Buffer.alloc(0)).toString('latin1');
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (body !== '' && (!contentType.toLowerCase().startsWith(FORM) || encoding !== 'identity'))
    throw new Problem('unsupported_media_type', 'Send the parameters as a plain form or in the query.');
  const asked = piecesOf(request.url.slice(request.url.indexOf('?') + 1 || request.url.length));
  const names = new Set(asked.map(({ name }) => name));
  const all = [...asked, ...piecesOf(body).filter(({ name }) => !names.has(name))];
  const first = (wanted: string): string => all.find(({ name }) => name === wanted)?.value ?? '';
  return {
    apiId: first('api_id'),
    receiverName: first('receiver_name'),
    form: all.flatMap(({ name, text }) => (name === 'api_id' ? [] : [text])).join('&'),
    contentType: body === '' ? FORM : contentType,
  };
}

interface Piece {
  readonly name: string;
  readonly value: string;
  readonly text: string;
}

function piecesOf(text: string): Piece[] {
  return text.split('&').flatMap((piece) => {
    const [pair] = [...new URLSearchParams(piece)];
    return pair === undefined ? [] : [{ name: pair[0], value: pair[1], text: piece }];
  });
}

/** A signal is a POST of a form, whichever way its parameters came: one shape for rules, history and destinations. */
function callOf(
  { settings }: SaveSignalRouteParts,
  request: FastifyRequest,
  { signal, tokenHash }: { readonly signal: Signal; readonly tokenHash: string },
): IncomingCall {
  const { publicUrl } = settings;
  const { contentType } = signal;
  const kept = rawPairs(request.raw.rawHeaders).filter(
    ([name]) => !isContentType(name) && !/^content-length$/i.test(name),
  );
  const headers: RawHeaders = [...kept, ['Content-Type', contentType]];
  return {
    ...{ tokenHash, method: 'POST', url: publicUrl + SAVE_SIGNAL_PATH, sub: '', query: '' },
    ...{ headers, contentType, type: signal.receiverName, body: Buffer.from(signal.form, 'latin1') },
    ...{ isEncoded: false, peer: request.ip, wantsText: true },
    isTest: request.headers['posthorn-test'] !== undefined,
    statusUrl: `${publicUrl}${SOURCE_PATH}${signal.apiId}/events`,
  };
}

function isContentType(name: string): boolean {
  return name.toLowerCase() === 'content-type';
}
