/** How attempts ended in the last 60 s: six buckets of 10 s in memory. A restart forgets them; `Health` is what lasts. */

const BUCKET_MS = 10_000;
const BUCKETS = 6;

/**
 * Counted in place by its one owner, the destination's lane, because a new value for each of thousands of successes a
 * second would be garbage and nothing else.
 */
export class OutcomeWindow {
  readonly #attempts = new Uint32Array(BUCKETS);
  readonly #failures = new Uint32Array(BUCKETS);
  /** The 10 s that the newest bucket stands for, counted from the epoch. */
  #newest = 0;

  count(now: number, delivered: boolean): void {
    this.#advance(now);
    const at = this.#newest % BUCKETS;
    this.#attempts[at] = this.#attempts[at]! + 1;
    if (!delivered) this.#failures[at] = this.#failures[at]! + 1;
  }

  totals(now: number): { readonly attempts: number; readonly failures: number } {
    this.#advance(now);
    let attempts = 0;
    let failures = 0;
    for (let i = 0; i < BUCKETS; i++) {
      attempts += this.#attempts[i]!;
      failures += this.#failures[i]!;
    }
    return { attempts, failures };
  }

  clear(): void {
    this.#attempts.fill(0);
    this.#failures.fill(0);
  }

  /** Empties the buckets between the newest and now. A clock that went back counts in the newest. */
  #advance(now: number): void {
    const bucket = Math.floor(now / BUCKET_MS);
    if (bucket <= this.#newest) return;
    const from = Math.max(this.#newest + 1, bucket - BUCKETS + 1);
    for (let b = from; b <= bucket; b++) {
      this.#attempts[b % BUCKETS] = 0;
      this.#failures[b % BUCKETS] = 0;
    }
    this.#newest = bucket;
  }
}
