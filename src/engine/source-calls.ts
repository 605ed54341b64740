/** A call of a source's URL: limits, verification, handshakes, and the log of those that were refused. */

import { LRUCache } from 'lru-cache';
import { newBucket, type TokenBucket, take } from '../core/delivery/rate.ts';
import { newId, renderId } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import { HOPS_MAX, hopsOf } from '../core/received/forwarding.ts';
import type { RawHeaders } from '../core/received/received.ts';
import type {
  Ask,
  HttpAnswer,
  ReceivedCall,
  Verification,
  Verifier,
  VerifierContext,
} from '../core/verification/verifier.ts';
import type { Rejection } from '../ports/rejections.ts';
import type { EngineMetrics, EngineParts, IncomingCall } from './engine.ts';
import { growingTo } from './growing-to.ts';
import { HubCalls } from './hub-calls.ts';
import type { LiveSource } from './live-source.ts';
import type { LiveSources } from './live-sources.ts';
import type { Receipt, Receiver } from './receiver.ts';
import { sourceStatus } from './source-status.ts';

const RANDOM_ID_BYTES = 15;
/** Refused calls that a source keeps. */
const REJECTIONS_KEPT = 200;
/** Refused calls that are written down per second, all together: whoever floods us writes no more than this. */
const REJECTIONS_PER_SECOND = 20;
/** Of one source, so that others' are seen while it is flooded. */
const SOURCE_REJECTIONS_PER_SECOND = 5;
const FLOODED_MAX = 10_000;
const BODY_START_BYTES = 4096;
const SHOWN_HEADERS_MAX = 100;
const ASK_TIMEOUT_MS = 5_000;
/** Questions to strangers that the calls of one source have under way: whoever floods us floods nobody through us. */
const ASKS_AT_ONCE_MAX = 32;
const ASK_ANSWER_BYTES = 256 * 1024;
const NOTHING_TO_SAY: HttpAnswer = { status: 204, headers: {}, body: '' };
const JSON_TYPE = 'application/json; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=utf-8';

export interface SourceCallsOptions {
  readonly sources: LiveSources;
  readonly receiver: Receiver;
  readonly hub: HubCalls;
  readonly metrics: EngineMetrics;
  /** Keeps a secret that the sender announced; false = another one was kept. */
  readonly capture: (live: LiveSource, secret: string) => Promise<boolean>;
}

type Refused = Pick<Rejection, 'reason' | 'expected' | 'got'>;

export class SourceCalls {
  readonly #parts: EngineParts;
  readonly #options: SourceCallsOptions;
  readonly #askStranger: Ask;
  /** By source. */
  readonly #asking = new Map<string, number>();
  #rejections: TokenBucket = newBucket(REJECTIONS_PER_SECOND);
  readonly #rejectionsOf = new LRUCache<string, TokenBucket>(growingTo(FLOODED_MAX));

  constructor(parts: EngineParts, options: SourceCallsOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#askStranger = askOf(parts);
  }

  /** The answer to give. Problem not_found | authentication_failed | loop_detected | method_not_allowed | payload_too_large | too_many_requests | unavailable | generic_error. */
  async receive(call: IncomingCall): Promise<HttpAnswer> {
    const found = this.#options.sources.byToken(call.tokenHash);
    const live = found instanceof Promise ? await found : found;
    this.#options.sources.count(live);
    if (live.source.answer.kind === 'poll') {
      const status = await sourceStatus(live, call, this.#parts.storage.history);
      if (status !== null) return status;
    }
    const bytesMax = live.source.bodyBytesMax;
    if (bytesMax !== null && call.body.length > bytesMax)
      throw new Problem(
        'payload_too_large',
        `This source takes bodies of at most ${bytesMax} bytes: send less.`,
      );
    if (hopsOf(call.headers) > HOPS_MAX)
      throw new Problem(
        'loop_detected',
        `This call was passed on more than ${HOPS_MAX} times: look for a flow that leads back to its own source.`,
      );
    if (live.source.kind !== 'http') return this.#ofHub(live, call);
    return this.#ofSender(live, call, live.verifier);
  }

  /** A source that fetches or listens by itself takes no calls, but for those of its hub. */
  async #ofHub(live: LiveSource, call: IncomingCall): Promise<HttpAnswer> {
    if (!HubCalls.isFor(live)) throw new Problem('not_found', 'This source takes no calls: see its kind.');
    const { hub } = this.#options;
    return (await hub.challenge(live, call)) ?? this.#ofSender(live, call, await hub.verifier(live));
  }

  async #ofSender(live: LiveSource, call: IncomingCall, verifier: Verifier): Promise<HttpAnswer> {
    const seen: ReceivedCall = { method: call.method, url: call.url, headers: call.headers, body: call.body };
    const context = { now: this.#parts.clock.now(), ask: this.#askFor(live) };
    const judged = verifier.verify(seen, context);
    let verification = judged instanceof Promise ? await judged : judged;
    if (verification.kind === 'refused' && call.isEncoded)
      verification = await this.#verifyDecoded(verifier, { seen, context, refused: verification });
    if (verification.kind === 'handshake') return this.#shakeHands(live, call, verification);
    if (verification.kind === 'refused') throw await this.#refuse(live, call, verification);
    // They ask about the URL and bring nothing.
    if (call.method === 'HEAD' || call.method === 'OPTIONS') return NOTHING_TO_SAY;
    if (live.source.methods !== null && !live.source.methods.includes(call.method)) {
      const expected = live.source.methods.join(', ');
      await this.#keep(live, call, { reason: 'method', expected, got: call.method });
      throw new Problem('method_not_allowed', `This source takes ${expected}: use one of them.`);
    }
    if (live.source.kind === 'feed') return this.#options.hub.poke(live);
    const receipt = await this.#take(live, call, { seen, verification });
    return this.#answer(live, call, { seen, receipt });
  }

  async #take(
    live: LiveSource,
    call: IncomingCall,
    { seen, verification }: { seen: ReceivedCall; verification: Extract<Verification, { kind: 'verified' }> },
  ): Promise<Receipt> {
    const { type, deliveryId } = live.verifier.describe(seen);
    const { replay } = verification;
    try {
      return await this.#options.receiver.take(live, {
        type: call.type ?? type,
        method: call.method,
        contentType: call.contentType,
        sub: call.sub,
        query: call.query,
        headers: call.headers,
        body: call.body,
        peer: call.peer,
        proof: verification.scheme === 'none' ? null : { scheme: verification.scheme, key: verification.key },
        orderingKey: null,
        unique: replay ?? (deliveryId === null ? null : { id: deliveryId, until: 0 }),
        isTest: call.isTest,
        meta: null,
      });
    } catch (cause) {
      if (cause instanceof Problem && cause.code === 'generic_error')
        await this.#keep(live, call, {
          reason: 'unreadable',
          expected: call.contentType,
          got: cause.message,
        });
      throw cause;
    }
  }

  #answer(
    live: LiveSource,
    call: IncomingCall,
    { seen, receipt }: { seen: ReceivedCall; receipt: Receipt },
  ): HttpAnswer {
    const id = renderId(receipt.event.id, 'event');
    const { answered } = receipt;
    if (answered.kind === 'failed')
      this.#parts.log.warn('source.answer-failed', {
        organization: live.organization,
        sourceId: live.source.id,
        eventId: receipt.event.id,
        detail: answered.detail,
      });
    const answer =
      answered.kind === 'rendered'
        ? answered.answer
        : answered.kind === 'failed' && answered.status !== undefined
          ? { ...plainAnswer(id, call), status: answered.status }
          : (live.verifier.acknowledge(seen, '') ?? plainAnswer(id, call));
    const headers: Record<string, string> = { ...answer.headers, 'posthorn-event-id': id };
    if (receipt.kind === 'duplicate') headers['posthorn-duplicate'] = 'true';
    if (live.source.answer.kind === 'poll') headers.location = `${call.statusUrl}/${id}`;
    return { ...answer, headers };
  }

  /** Some proxies compress what a sender signed before it was compressed. */
  async #verifyDecoded(
    verifier: Verifier,
    { seen, context, refused }: { seen: ReceivedCall; context: VerifierContext; refused: Verification },
  ): Promise<Verification> {
    const body = await this.#decoded(seen);
    if (body === seen.body) return refused;
    return verifier.verify({ ...seen, body }, context);
  }

  /** Problem unavailable when too many are under way. */
  #askFor({ source: { id } }: LiveSource): Ask {
    return async (question) => {
      const asking = this.#asking.get(id) ?? 0;
      if (asking >= ASKS_AT_ONCE_MAX)
        throw new Problem('unavailable', 'Too many calls are being confirmed: send it again shortly.');
      this.#asking.set(id, asking + 1);
      try {
        return await this.#askStranger(question);
      } finally {
        const left = this.#asking.get(id)! - 1;
        if (left === 0) this.#asking.delete(id);
        else this.#asking.set(id, left);
      }
    };
  }

  /** What cannot be decompressed is refused for its proof, as it came. */
  async #decoded({ headers, body }: ReceivedCall): Promise<Uint8Array> {
    try {
      return await this.#parts.formats.decode(headers, body);
    } catch (cause) {
      if (cause instanceof Problem) return body;
      throw cause;
    }
  }

  async #shakeHands(
    live: LiveSource,
    call: IncomingCall,
    { answer, capture }: Extract<Verification, { kind: 'handshake' }>,
  ): Promise<HttpAnswer> {
    if (capture !== null && !(await this.#options.capture(live, capture))) {
      const expected = 'the first secret that is announced';
      throw await this.#refuse(live, call, { reason: 'handshake-refused', expected, got: 'a later one' });
    }
    return answer;
  }

  async #refuse(live: LiveSource, call: IncomingCall, refused: Refused): Promise<Problem> {
    await this.#keep(live, call, refused);
    return new Problem(
      'authentication_failed',
      `Not accepted: ${refused.reason}. Expected ${refused.expected}.`,
    );
  }

  #hasRoom(sourceId: string, now: number): boolean {
    const known = this.#rejectionsOf.get(sourceId) ?? newBucket(SOURCE_REJECTIONS_PER_SECOND);
    const ofSource = take(known, now);
    if (!ofSource.ok) return false;
    const ofAll = take(this.#rejections, now);
    if (!ofAll.ok) return false;
    this.#rejectionsOf.set(sourceId, ofSource.bucket);
    this.#rejections = ofAll.bucket;
    return true;
  }

  /** Best effort: whoever is refused is refused also when the log cannot be written. */
  async #keep(live: LiveSource, call: IncomingCall, refused: Refused): Promise<void> {
    const now = this.#parts.clock.now();
    const { rejectedByReason } = this.#options.metrics;
    rejectedByReason.set(refused.reason, (rejectedByReason.get(refused.reason) ?? 0) + 1);
    if (!this.#hasRoom(live.source.id, now)) return;
    const rejection: Rejection = {
      id: newId(now, this.#parts.dice.bytes(RANDOM_ID_BYTES)),
      organization: live.organization,
      sourceId: live.source.id,
      at: now,
      ...refused,
      method: call.method,
      path: call.sub,
      peer: call.peer,
      headers: masked(call.headers, live.hidden.headers),
      bodyStart: call.body.subarray(0, BODY_START_BYTES),
      bodyBytes: call.body.length,
    };
    try {
      await this.#parts.storage.rejections.add(rejection, REJECTIONS_KEPT);
    } catch (cause) {
      this.#parts.log.warn('rejection.not-kept', { sourceId: live.source.id, reason: String(cause) });
    }
  }
}

/** `OK:<id>` for people at a terminal and old devices, JSON for everybody else. */
function plainAnswer(id: string, { wantsText }: IncomingCall): HttpAnswer {
  if (wantsText) return { status: 202, headers: { 'content-type': TEXT_TYPE }, body: `OK:${id}` };
  return { status: 202, headers: { 'content-type': JSON_TYPE }, body: `{"id":"${id}"}` };
}

function masked(headers: RawHeaders, hidden: ReadonlySet<string>): RawHeaders {
  return headers
    .slice(0, SHOWN_HEADERS_MAX)
    .map(([name, value]) => [name, hidden.has(name.toLowerCase()) ? '***' : value] as const);
}

function askOf({ web }: EngineParts): Ask {
  return async ({ method, url, headers, body }) => {
    const answer = await web.ask({
      ...{ method, url, headers, body },
      timeoutMs: ASK_TIMEOUT_MS,
      answerBytesMax: ASK_ANSWER_BYTES,
      redirectsMax: 0,
    });
    return answer.kind === 'answered'
      ? { status: answer.status, body: answer.body }
      : { failed: answer.detail };
  };
}
