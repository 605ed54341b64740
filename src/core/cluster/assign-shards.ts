/**
 * Which shard goes to whom. A shard that nobody living holds is given at once. One that is held is never taken: it is
 * marked as wanted, and its holder gives it away when what it had begun is done.
 */

/** An epoch (ports/cluster.ts), or 0 = nobody. One that is no member's counts as nobody too. */
export type Holder = number;

export interface ShardState {
  readonly holder: Holder;
  /** Who shall get it. */
  readonly taker: Holder;
}

export interface ShardChange {
  readonly shard: number;
  readonly from: ShardState;
  readonly to: ShardState;
}

/**
 * What is to change so that every shard is held and no member has two more than another; shards on their way count to
 * their taker. Moves no shard without need, and what is in order stays as it is. `shards`: by number.
 */
export function assignShards(
  shards: readonly ShardState[],
  members: readonly number[],
): readonly ShardChange[] {
  if (members.length === 0) return [];
  const plan = new Plan(shards, members);
  plan.giveFree();
  plan.level();
  return plan.changes(shards);
}

interface Place {
  holder: Holder;
  taker: Holder;
}

class Plan {
  readonly #shards: readonly Place[];
  /** Shards that each member has or shall get; members by epoch, so that the eldest comes first. */
  readonly #due: Map<Holder, Place[]>;

  constructor(shards: readonly ShardState[], members: readonly number[]) {
    this.#due = new Map(members.toSorted((a, b) => a - b).map((member) => [member, []]));
    this.#shards = shards.map(({ holder, taker }) => {
      const to = this.#due.has(taker) && taker !== holder ? taker : 0;
      return this.#due.has(holder) ? { holder, taker: to } : { holder: to, taker: 0 };
    });
    for (const shard of this.#shards) this.#due.get(shard.taker || shard.holder)?.push(shard);
  }

  giveFree(): void {
    for (const shard of this.#shards) {
      if (shard.holder !== 0) continue;
      const [poorest, has] = this.#poorest();
      shard.holder = poorest;
      has.push(shard);
    }
  }

  level(): void {
    for (;;) {
      const [, most] = this.#richest();
      const [poorest, fewest] = this.#poorest();
      if (most.length - fewest.length <= 1) return;
      const shard = cheapest(most, poorest);
      most.splice(most.indexOf(shard), 1);
      fewest.push(shard);
      shard.taker = shard.holder === poorest ? 0 : poorest;
    }
  }

  changes(before: readonly ShardState[]): readonly ShardChange[] {
    return this.#shards.flatMap(({ holder, taker }, shard) => {
      const from = before[shard]!;
      const isSame = from.holder === holder && from.taker === taker;
      return isSame ? [] : [{ shard, from, to: { holder, taker } }];
    });
  }

  #poorest(): [Holder, Place[]] {
    return [...this.#due].reduce((best, each) => (each[1].length < best[1].length ? each : best));
  }

  #richest(): [Holder, Place[]] {
    return [...this.#due].reduce((best, each) => (each[1].length > best[1].length ? each : best));
  }
}

/** Of the richest's shards: one that need not move after all, else one that moves anyway, else any. */
function cheapest(most: readonly Place[], poorest: Holder): Place {
  return (
    most.find(({ holder }) => holder === poorest) ?? most.find(({ taker }) => taker !== 0) ?? most.at(-1)!
  );
}
