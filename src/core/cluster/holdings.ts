/**
 * The shards of one membership. The table says whose they are; this says what may be done with them here.
 *
 *   ours in the table ──> held ──wanted by another──> draining ──hasDrained()──> drained ──another's in the table──> gone
 *                           ^                                                       │
 *                           └──────────────── nobody wants it any more ─────────────┘
 */
import type { ShardState } from './assign-shards.ts';

export interface HoldingsChange {
  /** Held from now on. */
  readonly gained: ReadonlySet<number>;
  /** Not held from now on: to be drained, then `hasDrained`. */
  readonly wanted: ReadonlySet<number>;
  /** Not held from now on, and another's already: the table forgot that we got them (a failover). */
  readonly taken: ReadonlySet<number>;
}

export class Holdings {
  readonly epoch: number;
  readonly #places = new Map<number, 'held' | 'draining' | 'drained'>();

  constructor(epoch: number) {
    this.epoch = epoch;
  }

  holds(shard: number): boolean {
    return this.#places.get(shard) === 'held';
  }

  /** What may go to those who want it. */
  get drained(): readonly number[] {
    return [...this.#places].filter(([, place]) => place === 'drained').map(([shard]) => shard);
  }

  hasDrained(shard: number): void {
    if (this.#places.get(shard) === 'draining') this.#places.set(shard, 'drained');
  }

  /** `shards`: as the table has them, by number; read after `drained` was told to it. */
  see(shards: readonly ShardState[]): HoldingsChange {
    const gained = new Set<number>();
    const wanted = new Set<number>();
    const taken = new Set<number>();
    shards.forEach(({ holder, taker }, shard) => {
      const place = this.#places.get(shard);
      if (holder !== this.epoch) {
        if (place === 'held') taken.add(shard);
        this.#places.delete(shard);
      } else if (taker === 0) {
        if (place === 'held' || place === 'draining') return;
        this.#places.set(shard, 'held');
        gained.add(shard);
      } else if (place === 'held') {
        this.#places.set(shard, 'draining');
        wanted.add(shard);
      } else if (place === undefined) {
        this.#places.set(shard, 'drained');
      }
    });
    return { gained, wanted, taken };
  }
}
