/** Calls of a WebSub hub at the URL of a source that has subscribed to one (kinds `websub` and `feed`). */
import { Problem } from '../core/problem.ts';
import { answerHubChallenge, hubSecrets, notePoke } from '../core/received/hub-subscription.ts';
import { compileVerifier } from '../core/verification/compile-verifier.ts';
import type { HttpAnswer, Verifier } from '../core/verification/verifier.ts';
import type { EngineParts, IncomingCall } from './engine.ts';
import type { LiveSource } from './live-source.ts';
import type { SourceStates } from './source-states.ts';

const HUB_PROVIDER = 'websub';
const TEXT_TYPE = 'text/plain; charset=utf-8';

export class HubCalls {
  readonly #parts: EngineParts;
  readonly #states: SourceStates;

  constructor(parts: EngineParts, states: SourceStates) {
    this.#parts = parts;
    this.#states = states;
  }

  static isFor({ source }: LiveSource): boolean {
    return source.kind === 'websub' || source.kind === 'feed';
  }

  /** Is the subscription meant, or is it refused? Written before it is answered. null = the call is no such question. */
  async challenge(live: LiveSource, call: IncomingCall): Promise<HttpAnswer | null> {
    if (call.method !== 'GET') return null;
    const query = new URLSearchParams(call.query);
    let answer: HttpAnswer = { status: 404, headers: {}, body: '' };
    const now = this.#parts.clock.now();
    await this.#states.changeCursor(live, (cursor) => {
      const { status, body, cursor: after } = answerHubChallenge(cursor, query, now);
      answer = { status, headers: { 'content-type': TEXT_TYPE, 'x-content-type-options': 'nosniff' }, body };
      return after;
    });
    return answer;
  }

  /** Verifies what the hub pushes, with the secret of the subscription. */
  async verifier(live: LiveSource): Promise<Verifier> {
    const provider = this.#parts.providers.get(HUB_PROVIDER);
    if (provider === undefined) throw new Error('There is no provider websub.');
    const state = await this.#states.read(live);
    const secrets = hubSecrets(state?.cursor ?? null);
    if (secrets.length === 0)
      throw new Problem('not_found', 'This source has subscribed to nothing: it takes no calls.');
    return compileVerifier(provider, { secrets, config: {}, toleranceSeconds: null, allowCapture: false });
  }

  /** The hub says that there is something new, and the feed looks for itself. */
  async poke(live: LiveSource): Promise<HttpAnswer> {
    await this.#states.changeCursor(live, notePoke);
    return { status: 202, headers: {}, body: '' };
  }
}
