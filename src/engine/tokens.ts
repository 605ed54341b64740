/** OAuth2 access tokens of destinations, kept until they end; concurrent attempts wait for one fetch. */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../ports/clock.ts';
import type { Wire } from '../ports/wire.ts';
import type { CompiledDestination, Oauth2Auth } from './compile-destination.ts';
import type { FetchToken, TokenAnswer } from './engine.ts';
import { growingTo } from './growing-to.ts';

const TOKENS_MAX = 10_000;

interface Kept {
  /** Tokens of an older version of the destination are not used: its credentials may have changed. */
  readonly version: number;
  readonly answer: Promise<TokenAnswer>;
  usableUntil: number;
}

export class Tokens {
  readonly #fetchToken: FetchToken;
  readonly #wire: Wire;
  readonly #clock: Clock;
  readonly #kept = new LRUCache<string, Kept>(growingTo(TOKENS_MAX));

  constructor(options: { fetchToken: FetchToken; wire: Wire; clock: Clock }) {
    this.#fetchToken = options.fetchToken;
    this.#wire = options.wire;
    this.#clock = options.clock;
  }

  get({ destination }: CompiledDestination, auth: Oauth2Auth): Promise<TokenAnswer> {
    const kept = this.#kept.get(destination.id);
    if (kept?.version === destination.version && this.#clock.now() < kept.usableUntil) return kept.answer;
    const fetched: Kept = {
      version: destination.version,
      answer: this.#fetchToken(this.#wire, auth, { now: this.#clock.now() }),
      usableUntil: Number.POSITIVE_INFINITY,
    };
    this.#kept.set(destination.id, fetched);
    return fetched.answer.then((answer) => {
      fetched.usableUntil = answer.kind === 'granted' ? answer.expiresAt : 0;
      return answer;
    });
  }

  /** The receiver refused the token: the next attempt gets a new one. */
  forget({ destination }: CompiledDestination): void {
    this.#kept.delete(destination.id);
  }
}
