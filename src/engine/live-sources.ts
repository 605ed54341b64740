/** Live sources and flow conditions, each compiled once. */
import { LRUCache } from 'lru-cache';
import { atRate, newBucket, type TokenBucket, take } from '../core/delivery/rate.ts';
import { Problem } from '../core/problem.ts';
import type { Expression } from '../ports/expressions.ts';
import type { CachedDirectory } from './directory.ts';
import type { EngineParts, FoundSource, Vault } from './engine.ts';
import { growingTo } from './growing-to.ts';
import { type LiveSource, liveSource } from './live-source.ts';

const LIVE_MAX = 20_000;
const CONDITIONS_MAX = 10_000;

export class LiveSources {
  readonly vault: Vault;
  readonly #parts: EngineParts;
  readonly #directory: CachedDirectory;
  readonly #live = new LRUCache<string, LiveSource>(growingTo(LIVE_MAX));
  readonly #buckets = new LRUCache<string, TokenBucket>(growingTo(LIVE_MAX));
  readonly #conditions = new LRUCache<string, Expression>(growingTo(CONDITIONS_MAX));

  constructor(parts: EngineParts, options: { vault: Vault; directory: CachedDirectory }) {
    this.#parts = parts;
    this.vault = options.vault;
    this.#directory = options.directory;
  }

  /** Throws Problem not_found. Synchronous when known. */
  byToken(tokenHash: string): LiveSource | Promise<LiveSource> {
    const found = this.#directory.source(tokenHash, this.#parts.clock.now());
    return found instanceof Promise ? found.then((source) => this.#of(source)) : this.#of(found);
  }

  /** The source as it is now. */
  async again({ source }: LiveSource): Promise<LiveSource> {
    return this.byToken(source.tokenHash);
  }

  /** Whether nothing is known to have changed it. */
  isCurrent({ source }: LiveSource): boolean {
    const found = this.#directory.source(source.tokenHash, this.#parts.clock.now());
    return !(found instanceof Promise) && found?.source.version === source.version;
  }

  /** Throws Problem unavailable when it cannot be used. */
  live(found: FoundSource): LiveSource {
    const { id, version } = found.source;
    const now = this.#parts.clock.now();
    const known = this.#live.get(id);
    if (known !== undefined && known.source.version === version && now < known.until) return known;
    const { expressions, providers } = this.#parts;
    let live: LiveSource;
    try {
      live = liveSource(found, { vault: this.vault, expressions, providers }, now);
    } catch (cause) {
      // It takes nothing rather than anything: a source that cannot verify what it should is closed.
      throw cause instanceof Problem && cause.code === 'validation' ? unusable(found, cause) : cause;
    }
    this.#live.set(id, live);
    return live;
  }

  /** One call more: throws Problem too_many_requests when the source's rate has no room for it. */
  count({ source }: LiveSource): void {
    if (source.rateLimit === null) return;
    const now = this.#parts.clock.now();
    const known = this.#buckets.get(source.id);
    const bucket = known === undefined ? newBucket(source.rateLimit) : atRate(known, source.rateLimit);
    const taken = take(bucket, now);
    if (taken.ok) {
      this.#buckets.set(source.id, taken.bucket);
      return;
    }
    throw new Problem('too_many_requests', 'This source takes no more calls just now: send it again later.', {
      retryAfterSeconds: Math.ceil(taken.waitMs / 1000),
    });
  }

  /** A flow's condition, which was checked when the flow was written. */
  condition(text: string): Expression {
    const known = this.#conditions.get(text);
    if (known !== undefined) return known;
    const compiled = this.#parts.expressions.compile(text);
    this.#conditions.set(text, compiled);
    return compiled;
  }

  #of(found: FoundSource | null): LiveSource {
    if (found === null || found.source.disabled)
      throw new Problem(
        'not_found',
        'There is no source at this URL: check it, or ask its owner whether it is enabled.',
      );
    return this.live(found);
  }
}

function unusable({ source }: FoundSource, cause: Problem): Problem {
  return new Problem(
    'unavailable',
    'This source cannot take calls just now: its owner has to mend its settings.',
    { cause: new Error(`source ${source.id}: ${cause.message}`) },
  );
}
