/** Forwards received calls to a server nearby: the same method, path, query, headers and bytes. */

import type { TailedEvent } from '../client/create-client.ts';
import { pause } from '../client/pause.ts';
import { appendablePath } from '../contract/event.ts';
import { type CallAnswer, type CallOutcome, forwardable, sendCall } from './send-call.ts';

export interface ForwarderOptions {
  /** What the event's own path and query are put behind. */
  readonly base: URL;
  /** No answer: go on instead of trying again. */
  readonly skipsFailed: boolean;
  /** Begins no other try. */
  readonly signal: AbortSignal;
  /** Cuts off what is under way. */
  readonly cut: AbortSignal;
  /** The server nearby gives no answer, or does again. Told when it changes. */
  readonly onState: (state: { readonly refuses: string } | { readonly answersAfterMs: number }) => void;
}

/** null = it ended before there was an answer: the event is still to be forwarded. */
export type Forwarded = CallAnswer | { readonly skipped: string } | null;

const PAUSE_MS_FIRST = 250;
const PAUSE_MS_MAX = 3_000;
const METHOD = /^[A-Z]{3,20}$/;

export class Forwarder {
  readonly #options: ForwarderOptions;
  #refusesSince: number | null = null;

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /** Any answer is an answer, also one that says 500. */
  async forward({ raw }: TailedEvent): Promise<Forwarded> {
    if (raw === undefined || raw.bodyBase64 === null) return { skipped: 'its content is gone' };
    const { signal, skipsFailed } = this.#options;
    for (let failures = 0; ; failures++) {
      const outcome = await this.#send(raw, Buffer.from(raw.bodyBase64, 'base64'));
      if ('unsendable' in outcome) return { skipped: outcome.unsendable };
      if ('status' in outcome) {
        this.#answers();
        return outcome;
      }
      if (this.#options.cut.aborted) return null;
      this.#refuses(outcome.failed);
      if (skipsFailed) return { skipped: outcome.failed };
      await pause(Math.min(PAUSE_MS_MAX, PAUSE_MS_FIRST * 2 ** failures), signal);
      if (signal.aborted) return null;
    }
  }

  #send(raw: NonNullable<TailedEvent['raw']>, body: Uint8Array): Promise<CallOutcome> {
    const { base, cut } = this.#options;
    const method = METHOD.test(raw.method) ? raw.method : 'POST';
    return sendCall({
      method,
      url: base,
      target: targetOf(base, raw),
      headers: forwardable(raw.headers),
      body,
      signal: cut,
    });
  }

  #refuses(why: string): void {
    if (this.#refusesSince !== null) return;
    this.#refusesSince = Date.now();
    this.#options.onState({ refuses: why });
  }

  #answers(): void {
    if (this.#refusesSince === null) return;
    this.#options.onState({ answersAfterMs: Date.now() - this.#refusesSince });
    this.#refusesSince = null;
  }
}

/** The event's path behind the base's, and its query behind the base's; steps back in the path end where it begins. */
export function targetOf(base: URL, raw: { readonly path: string; readonly query: string }): string {
  const path = raw.path === '' ? base.pathname : base.pathname.replace(/\/$/, '') + appendablePath(raw.path);
  const query = [base.search.slice(1), raw.query].filter((part) => part !== '').join('&');
  return query === '' ? path : `${path}?${query}`;
}
