/**
 * Answers that are sent bit by bit: exports and tails. What is sent is made no faster than the reader takes it, so a slow
 * reader costs no memory; one that takes nothing at all loses its connection, and comes back with its cursor.
 */
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { OrganizationId } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import type { Reply } from '../engine/engine.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';

/** Streams of one organization on one node, and of all. */
const PER_ORGANIZATION_MAX = 50;
const STREAMS_MAX = 1_000;
/** A reader that takes nothing for so long is gone. */
const STALL_MS = 30_000;
const RETRY_AFTER_SECONDS = 5;

export interface StreamsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly perOrganizationMax?: number;
  readonly stallMs?: number;
}

export class Streams {
  readonly #options: Required<StreamsOptions>;
  readonly #open = new Map<AbortController, OrganizationId>();

  constructor(options: StreamsOptions) {
    this.#options = { perOrganizationMax: PER_ORGANIZATION_MAX, stallMs: STALL_MS, ...options };
  }

  /** Begins to answer and returns. Problem too_many_requests. */
  send(answer: Reply, reply: FastifyReply, organization: OrganizationId): void {
    const { stream } = answer;
    if (stream === undefined) throw new Error('This answer is no stream.');
    this.#refuseTooMany(organization);
    const { raw } = reply;
    reply.hijack();
    // The connection ends with it: a server that stops does not wait for what might come next on it.
    raw.writeHead(answer.status, { ...answer.headers, connection: 'close' });
    raw.flushHeaders();
    if (reply.request.method === 'HEAD') {
      raw.end();
      return;
    }
    const controller = new AbortController();
    this.#open.set(controller, organization);
    raw.once('close', () => controller.abort());
    this.#pump(stream(controller.signal), raw, controller.signal)
      .catch((cause: unknown) => {
        // Cut short in the middle, so that nobody takes a part for the whole.
        raw.destroy();
        this.#options.log.warn('stream.failed', { organization, reason: String(cause) });
      })
      .finally(() => {
        this.#open.delete(controller);
        controller.abort();
      });
  }

  /** Ends all of them after what is being sent. */
  close(): void {
    for (const controller of this.#open.keys()) controller.abort();
  }

  async #pump(
    chunks: AsyncIterable<string | Uint8Array>,
    raw: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    for await (const chunk of chunks) {
      if (raw.destroyed) return;
      if (!raw.write(chunk)) await this.#drained(raw, signal);
      if (signal.aborted) break;
    }
    if (signal.aborted) raw.destroy();
    else raw.end();
  }

  #drained(raw: ServerResponse, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        raw.off('drain', done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.#options.clock.after(this.#options.stallMs, () => {
        raw.destroy();
        done();
      });
      raw.once('drain', done);
      signal.addEventListener('abort', done);
    });
  }

  #refuseTooMany(organization: OrganizationId): void {
    const own = [...this.#open.values()].filter((of) => of === organization).length;
    if (own < this.#options.perOrganizationMax && this.#open.size < STREAMS_MAX) return;
    throw new Problem(
      'too_many_requests',
      'Too many exports and tails are open: close one, or try again later.',
      { retryAfterSeconds: RETRY_AFTER_SECONDS },
    );
  }
}
