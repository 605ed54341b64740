/** Public keys that are fetched from the provider, kept for a while, and asked for at a bounded rate. */
import type { CallView } from './call-view.ts';
import { atPath } from './call-view.ts';
import type { KeySource } from './provider.ts';
import { type PublicKey, parsePublicKeys } from './public-keys.ts';
import { type Asked, compileQuestion } from './question.ts';
import { type Refused, refuse } from './refusal.ts';
import { type CompileContext, compileSelector, only } from './selector.ts';
import type { VerifierContext } from './verifier.ts';

export type Keys = readonly PublicKey[] | Refused;
export type FindKeys = (view: CallView, context: VerifierContext) => Keys | Promise<Keys>;

const KEPT_MAX = 16;
const KEPT_MS = 3_600_000;
/** A sender who names new keys all the time makes us ask this often at most. */
const ASKS_MAX = 10;
const ASKS_WINDOW_MS = 60_000;

interface Kept {
  readonly keys: readonly PublicKey[];
  readonly at: number;
}

export function compileKeySource(source: KeySource, context: CompileContext): FindKeys {
  const question = compileQuestion(source, context);
  const takeKid = source.kid === undefined ? null : compileSelector(source.kid, context);
  const ring = new KeyRing(source.member);
  return (view, verifierContext) => {
    const kid = takeKid === null ? undefined : only(takeKid(view));
    if (takeKid !== null) {
      if (kid === undefined) return refuse('key-unknown', 'the name of the key', 'nothing');
      view.made.kid = kid;
    }
    const asked = question(view);
    if ('kind' in asked) return asked;
    return ring.find(asked, kid ?? null, verifierContext);
  };
}

/** The keys of one source. What is being asked already is not asked a second time. */
class KeyRing {
  readonly #member: string | undefined;
  readonly #kept = new Map<string, Kept>();
  readonly #asking = new Map<string, Promise<Keys>>();
  #asks: number[] = [];

  constructor(member: string | undefined) {
    this.#member = member;
  }

  find(asked: Asked, kid: string | null, context: VerifierContext): Keys | Promise<Keys> {
    const name = `${asked.url}\n${asked.body === null ? '' : Buffer.from(asked.body).toString('utf8')}`;
    const kept = this.#kept.get(name);
    if (kept !== undefined && context.now - kept.at < KEPT_MS) {
      const keys = named(kept.keys, kid, context.now);
      if (keys.length > 0) {
        // Those that are used stay: the oldest of the map goes first.
        this.#kept.delete(name);
        this.#kept.set(name, kept);
        return keys;
      }
    }
    const running = this.#asking.get(name) ?? this.#ask(name, asked, context);
    return running.then((keys) => {
      if ('kind' in keys) return keys;
      const found = named(keys, kid, context.now);
      return found.length > 0
        ? found
        : refuse('key-unknown', 'a key that the provider publishes', 'none of that name');
    });
  }

  #ask(name: string, asked: Asked, context: VerifierContext): Promise<Keys> {
    this.#asks = this.#asks.filter((at) => context.now - at < ASKS_WINDOW_MS);
    if (this.#asks.length >= ASKS_MAX) {
      // Who makes us ask for what is not there must not shut out those whose key we had.
      const kept = this.#kept.get(name);
      if (kept !== undefined) return Promise.resolve(kept.keys);
      return Promise.resolve(
        refuse('sender-unreachable', 'a key that is known', 'too many unknown keys within a minute'),
      );
    }
    this.#asks.push(context.now);
    const running = this.#request(name, asked, context).finally(() => this.#asking.delete(name));
    this.#asking.set(name, running);
    return running;
  }

  async #request(name: string, asked: Asked, context: VerifierContext): Promise<Keys> {
    const answer = await context.ask(asked);
    if ('failed' in answer) return refuse('sender-unreachable', 'the provider’s key', answer.failed);
    if (answer.status !== 200)
      return refuse('sender-unreachable', 'the provider’s key', `status ${answer.status}`);
    const keys = this.#keysIn(Buffer.from(answer.body).toString('utf8'));
    if (keys.length === 0) return refuse('key-unknown', 'a public key', 'an answer without one');
    if (this.#kept.size >= KEPT_MAX) this.#kept.delete(this.#kept.keys().next().value!);
    this.#kept.set(name, { keys, at: context.now });
    return keys;
  }

  #keysIn(text: string): readonly PublicKey[] {
    if (this.#member === undefined) return parsePublicKeys(text);
    try {
      const value = atPath(JSON.parse(text), this.#member, 0);
      return parsePublicKeys(typeof value === 'string' ? value : JSON.stringify(value));
    } catch {
      return [];
    }
  }
}

/** A key without a name may be any. */
function named(keys: readonly PublicKey[], kid: string | null, now: number): readonly PublicKey[] {
  return keys.filter(
    (key) =>
      (key.expiresAt === null || key.expiresAt > now) &&
      (kid === null || key.kid === null || key.kid === kid),
  );
}
