/**
 * One request, one outcome. This is the hot path: one object, one promise and one timer per request beside undici's
 * own work.
 *
 *   dispatched ──request starts──> sent ──status line──> reading ──end──> answered
 *       │                           │                       ├──cap──> oversized      (connection dropped)
 *       └── failure or deadline ────┴───────────────────────┴───────> unanswered     (connection dropped)
 *
 * A request that could have been read by the receiver is never sent twice here: a connection which breaks before the
 * answer is `unreachable`, and the retry schedule decides. undici sends by itself only what was never written: when an
 * idle connection turns out to be closed before the first byte, it makes another one.
 */
import type { Dispatcher } from 'undici';
import {
  type Outcome,
  RESPONSE_BYTES_READ,
  RESPONSE_BYTES_STORED,
  type Unanswered,
} from '../core/outcome.ts';
import type { WireRequest } from '../ports/wire.ts';
import { requestFailure } from './connect-failure.ts';
import type { Lane, Pools } from './pools.ts';
import { targetName } from './pools.ts';
import { refusedByProxy } from './proxy.ts';

/** Never rejects, never throws. */
export function sendRequest(pools: Pools, request: WireRequest): Promise<Outcome> {
  const startedAt = performance.now();
  const objection = objectionTo(request);
  if (objection !== null) return Promise.resolve(unanswered('unrenderable', objection, startedAt));
  return new Promise((resolve) => {
    const { url, method, body, headers } = request;
    const lane = pools.lane(request.connection, url, startedAt);
    const exchange = new Exchange(request, lane, { resolve, startedAt });
    lane.dispatcher.dispatch(
      {
        path: lane.pathPrefix + url.pathname + url.search,
        method: method as Dispatcher.HttpMethod,
        headers: lane.extraHeaders.length === 0 ? (headers as string[]) : [...headers, ...lane.extraHeaders],
        body: body.length === 0 ? null : body,
      },
      exchange,
    );
  });
}

/** What undici would not refuse by itself. */
function objectionTo({ url, headers }: WireRequest): string | null {
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return `The URL must be http or https, not ${url.protocol}`;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    // Host decides the TLS server name, too; a length that is not the body's is request smuggling.
    if (name.length !== 4 && name.length !== 14) continue;
    const lower = name.toLowerCase();
    if (lower === 'host' || lower === 'content-length') {
      return `The header ${name} is made from the request and cannot be set; remove it from the endpoint's headers`;
    }
  }
  return null;
}

function unanswered(kind: Unanswered['kind'], detail: string, startedAt: number): Unanswered {
  return { kind, detail, durationMs: elapsedSince(startedAt) };
}

function elapsedSince(startedAt: number): number {
  return Math.round(performance.now() - startedAt);
}

interface Answer {
  readonly resolve: (outcome: Outcome) => void;
  readonly startedAt: number;
}

const NOTHING = new Uint8Array(0);
const ABANDONED = new Error('abandoned');

class Exchange implements Dispatcher.DispatchHandler {
  private readonly request: WireRequest;
  private readonly lane: Lane;
  private readonly answer: Answer;
  private readonly timer: NodeJS.Timeout;
  private controller: Dispatcher.DispatchController | null = null;
  private settled = false;
  private statusCode = 0;
  private retryAfter: string | undefined = undefined;
  private stored = NOTHING;
  private bytesStored = 0;
  private bytesRead = 0;

  constructor(request: WireRequest, lane: Lane, answer: Answer) {
    this.request = request;
    this.lane = lane;
    this.answer = answer;
    this.timer = setTimeout(expire, request.timeoutMs, this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // The deadline passed while the connection was being made: nothing of it is written.
    if (this.settled) controller.abort(ABANDONED);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: Record<string, unknown>,
  ): void {
    if (statusCode < 200) return;
    this.statusCode = statusCode;
    const retryAfter = headers['retry-after'];
    if (retryAfter !== undefined)
      this.retryAfter = String(Array.isArray(retryAfter) ? retryAfter[0] : retryAfter);
    const { forwarder } = this.lane;
    if (statusCode === 407 && forwarder !== null) {
      this.fail(refusedByProxy(forwarder, targetName(this.request.url), statusCode));
      this.controller?.abort(ABANDONED);
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.settled) return;
    this.bytesRead += chunk.length;
    if (this.bytesStored < RESPONSE_BYTES_STORED) this.store(chunk);
    if (this.bytesRead > RESPONSE_BYTES_READ) {
      this.finish('oversized');
      this.controller?.abort(ABANDONED);
    }
  }

  onResponseEnd(): void {
    this.finish('answered');
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.fail(error);
  }

  /** Called by the timer. */
  expire(): void {
    const phase =
      this.controller === null
        ? `no connection to ${targetName(this.request.url)}`
        : this.statusCode === 0
          ? 'no answer'
          : `status ${this.statusCode}, but the answer did not end`;
    this.settle(
      unanswered('timed-out', `After ${this.request.timeoutMs} ms: ${phase}`, this.answer.startedAt),
    );
    this.controller?.abort(ABANDONED);
  }

  /**
   * Copies: a chunk is a view of the socket's 64 KB read buffer, which history must not hold on to. The first piece,
   * mostly the only one, gets an array of its size; a body in thousands of pieces doubles it up to the cap.
   */
  private store(chunk: Buffer): void {
    const piece = chunk.subarray(0, RESPONSE_BYTES_STORED - this.bytesStored);
    const size = this.bytesStored + piece.length;
    if (size > this.stored.length) {
      const room =
        this.bytesStored === 0
          ? size
          : Math.min(RESPONSE_BYTES_STORED, Math.max(size, 2 * this.stored.length));
      const larger = new Uint8Array(room);
      larger.set(this.stored);
      this.stored = larger;
    }
    this.stored.set(piece, this.bytesStored);
    this.bytesStored = size;
  }

  private finish(kind: 'answered' | 'oversized'): void {
    const body =
      this.bytesStored === this.stored.length ? this.stored : this.stored.slice(0, this.bytesStored);
    const durationMs = elapsedSince(this.answer.startedAt);
    this.settle({ kind, statusCode: this.statusCode, body, retryAfter: this.retryAfter, durationMs });
  }

  private fail(error: Error): void {
    if (this.settled) return;
    const { kind, detail } = requestFailure(error, this.statusCode !== 0);
    this.settle(unanswered(kind, detail, this.answer.startedAt));
  }

  private settle(outcome: Outcome): void {
    if (this.settled) return;
    this.settled = true;
    clearTimeout(this.timer);
    this.answer.resolve(outcome);
  }
}

function expire(exchange: Exchange): void {
  exchange.expire();
}
