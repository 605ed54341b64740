/**
 * Bodies take memory before anybody decides about them. Large ones that are being received or handled are counted;
 * over the budget further ones are told to come back, so a burst of uploads costs time and not the process.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { Problem } from '../core/problem.ts';

/** Bytes of large bodies in memory at once. */
export const LARGE_BODY_BYTES_MAX = 256 * 1024 * 1024;
/** Smaller bodies are not counted: the number of connections bounds them. */
export const LARGE_BODY_BYTES = 16 * 1024;

/** Whose URL anybody may know takes no more than this part of the budget, so that the others can go on. */
const SHARE = 1 / 4;

export interface BudgetLimits {
  readonly bodyBytesMax: number;
  readonly budgetBytes: number;
  /** Requests of one text have one share together; null = all of the budget, as whoever has a token. */
  readonly shareOf?: (request: { readonly url: string }) => string | null;
  /**
   * Throws or rejects unless who sends this is known, or where it is sent to. Without this anybody could fill the
   * budget with bodies that never end.
   */
  readonly admit: (request: { readonly url: string; readonly headers: IncomingHttpHeaders }) => unknown;
}

export function addBodyBudget(app: FastifyInstance, limits: BudgetLimits): void {
  let taken = 0;
  const shares = new Map<string, number>();
  app.addHook('onRequest', (request, reply, done) => {
    const bytes = expectedBytes(request.headers, request.routeOptions.bodyLimit ?? limits.bodyBytesMax);
    if (bytes < LARGE_BODY_BYTES) return done();
    const take = (): void => {
      // Who went away meanwhile closes no more.
      if (reply.raw.destroyed) return;
      const share = limits.shareOf?.(request) ?? null;
      const ofShare = share === null ? 0 : (shares.get(share) ?? 0);
      const isOverShare = ofShare > 0 && ofShare + bytes > limits.budgetBytes * SHARE;
      if (taken + bytes > limits.budgetBytes || isOverShare) {
        done(new Problem('unavailable', TOO_MANY));
        return;
      }
      const count = (more: number): void => {
        taken += more;
        if (share === null) return;
        const left = (shares.get(share) ?? 0) + more;
        if (left === 0) shares.delete(share);
        else shares.set(share, left);
      };
      count(bytes);
      // `close` comes once, however the exchange ends.
      reply.raw.once('close', () => count(-bytes));
      done();
    };
    const admitted = async (): Promise<unknown> => limits.admit(request);
    admitted().then(take, done);
  });
}

/** Bytes of bodies that handlers have. */
export const HANDLED_BYTES_MAX = 256 * 1024 * 1024;

/**
 * The bodies that handlers have. A caller who goes away frees its connection but ends no handler, which may wait for a
 * store that stands still: callers who come again and again would otherwise fill the memory with what each left behind.
 */
export class HandledBodies {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Returns what to give back when the handler has ended. */
  take({ length }: Uint8Array): number {
    if (this.#bytes + length > this.#bytesMax) throw new Problem('unavailable', TOO_MANY);
    this.#bytes += length;
    return length;
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes;
  }
}

const TOO_MANY = 'Too many large bodies are on their way; send it again shortly.';

/** A body without a length may grow to the limit; one over the limit is refused before it is read. */
function expectedBytes(headers: IncomingHttpHeaders, max: number): number {
  if (headers['transfer-encoding'] !== undefined) return max;
  const length = headers['content-length'];
  return length === undefined ? 0 : Math.min(Number(length), max);
}
