/** The shards that this node works on. Membership changes them; publishers, lanes and tasks ask. */
import { SHARDS, shardOf } from '../core/shard.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { EngineMetrics } from './engine.ts';

/** Whoever holds it does what one node does for all: the outbox, deleting what has expired. */
export const CHORES_SHARD = 0;

export class HeldShards {
  readonly #cluster: Pick<Cluster, 'holds'>;
  readonly #metrics: Pick<EngineMetrics, 'shardsHeld'>;
  readonly #shards = new Set<number>();

  constructor(cluster: Pick<Cluster, 'holds'>, metrics: Pick<EngineMetrics, 'shardsHeld'>) {
    this.#cluster = cluster;
    this.#metrics = metrics;
  }

  has(shard: number): boolean {
    return this.#shards.has(shard) && this.#cluster.holds(shard);
  }

  /** Whether the work of this key (a destination, a background task) is done here. */
  hasKey(id: string): boolean {
    return this.has(shardOf(id));
  }

  get all(): ReadonlySet<number> {
    return this.#shards;
  }

  gain(shards: ReadonlySet<number>): void {
    for (const shard of shards) this.#shards.add(shard);
    this.#metrics.shardsHeld = this.#shards.size;
  }

  giveUp(shards: ReadonlySet<number>): void {
    for (const shard of shards) this.#shards.delete(shard);
    this.#metrics.shardsHeld = this.#shards.size;
  }

  giveUpAll(): void {
    this.giveUp(new Set(this.#shards));
  }
}

/** As `Queue.lanes` takes them: null = every shard, which costs no look at each lane. A copy, since reads take a while. */
export function filterOf(shards: ReadonlySet<number>): ReadonlySet<number> | null {
  return shards.size === SHARDS ? null : new Set(shards);
}
