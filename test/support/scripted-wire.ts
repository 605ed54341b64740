/** A network whose answers come from a function of the request. It keeps every call, and waits on the clock it is given. */
import type { Outcome, Unanswered } from '../../src/core/outcome.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { ConnectionOptions, Wire, WireRequest } from '../../src/ports/wire.ts';

/** What a receiver does with one request. It answers after `afterMs`, or lets the request hang until its deadline. */
export type Reaction =
  | { readonly kind: 'answer'; readonly outcome: Outcome; readonly afterMs: number }
  | { readonly kind: 'hang' };

export interface WireCall {
  readonly request: WireRequest;
  readonly sentAt: number;
  /** null while it is in flight (or for ever, when the process died meanwhile). */
  endedAt: number | null;
  outcome: Outcome | null;
}

export type React = (request: WireRequest, call: WireCall) => Reaction;

export class ScriptedWire implements Wire {
  readonly calls: WireCall[] = [];
  readonly forgotten: ConnectionOptions[] = [];
  readonly #clock: Clock;
  readonly #react: React;
  readonly #onEnd: (call: WireCall) => void;
  readonly #running = new Map<WireCall, () => void>();

  constructor(clock: Clock, react: React, onEnd: (call: WireCall) => void = () => {}) {
    this.#clock = clock;
    this.#react = react;
    this.#onEnd = onEnd;
  }

  send(request: WireRequest): Promise<Outcome> {
    const call: WireCall = { request, sentAt: this.#clock.now(), endedAt: null, outcome: null };
    this.calls.push(call);
    const reaction = this.#react(request, call);
    const late = reaction.kind === 'hang' || reaction.afterMs >= request.timeoutMs;
    const delayMs = late ? request.timeoutMs : reaction.afterMs;
    return new Promise((resolve) => {
      const end = (outcome: Outcome): void => {
        this.#running.delete(call);
        call.endedAt = this.#clock.now();
        call.outcome = { ...outcome, durationMs: call.endedAt - call.sentAt };
        this.#onEnd(call);
        resolve(call.outcome);
      };
      const cancel = this.#clock.after(delayMs, () => end(late ? timedOut() : reaction.outcome));
      this.#running.set(call, () => {
        cancel();
        end(unanswered('unreachable', 'The wire was closed.'));
      });
    });
  }

  forget(connection: ConnectionOptions): void {
    this.forgotten.push(connection);
  }

  async close(): Promise<void> {
    for (const end of [...this.#running.values()]) end();
  }

  get inFlight(): number {
    return this.#running.size;
  }
}

/** An answer with this status. */
export function answers(
  statusCode: number,
  options: { readonly body?: string; readonly retryAfter?: string; readonly afterMs?: number } = {},
): Reaction {
  const outcome: Outcome = {
    kind: 'answered',
    statusCode,
    body: new TextEncoder().encode(options.body ?? ''),
    retryAfter: options.retryAfter,
    durationMs: 0,
  };
  return { kind: 'answer', outcome, afterMs: options.afterMs ?? 1 };
}

/** No complete answer. */
export function fails(kind: Unanswered['kind'], afterMs = 1): Reaction {
  return { kind: 'answer', outcome: unanswered(kind, `The script says ${kind}.`), afterMs };
}

/** No answer at all before the request's deadline. */
export function hangs(): Reaction {
  return { kind: 'hang' };
}

/** The value of a header of a request; `name` in lower case. Empty when it has none. */
export function headerOf(headers: readonly string[], name: string): string {
  for (let i = 0; i < headers.length; i += 2)
    if (headers[i]!.toLowerCase() === name) return headers[i + 1] ?? '';
  return '';
}

function timedOut(): Outcome {
  return unanswered('timed-out', 'No answer within the timeout.');
}

function unanswered(kind: Unanswered['kind'], detail: string): Outcome {
  return { kind, detail, durationMs: 0 };
}
