/**
 * A cluster that a test scripts: several engines over one store in memory, each told what it holds, wakes and changes
 * carried between them (or lost), and records of a membership that has ended refused.
 */
import { SHARDS, shardOf } from '../../src/core/shard.ts';
import type { Cluster, Member, NodeState } from '../../src/ports/cluster.ts';
import type { LaneKey, Queue, Taken } from '../../src/ports/queue.ts';
import type { Storage } from '../../src/ports/storage.ts';

export const ALL_SHARDS: ReadonlySet<number> = new Set(Array.from({ length: SHARDS }, (_, shard) => shard));

type TakeTokens = Cluster['takeTokens'];

export class ScriptedCluster {
  readonly nodes: ScriptedNode[] = [];
  /** False: nobody hears of wakes and changes, as when a connection is lost. */
  isHeard = true;
  /** Rows from this seq on count as not decided. */
  undecidedFrom = Number.POSITIVE_INFINITY;
  /** Of the memberships that have not ended. */
  readonly epochs = new Set<number>();
  #lastEpoch = 0;
  #lastSeq = 0;

  /** A node that gets these shards whenever it joins. */
  node(shards: ReadonlySet<number>): ScriptedNode {
    const node = new ScriptedNode(this, shards);
    this.nodes.push(node);
    return node;
  }

  newEpoch(): number {
    this.epochs.add(++this.#lastEpoch);
    return this.#lastEpoch;
  }

  /** Moves shards between living nodes. */
  async move(shards: ReadonlySet<number>, from: ScriptedNode, to: ScriptedNode): Promise<void> {
    await from.giveUp(shards);
    to.gain(shards);
  }

  /** The store as a node sees it. */
  storage(inner: Storage, node: ScriptedNode): Storage {
    return {
      ...inner,
      cluster: node,
      intake: {
        ...inner.intake,
        accept: async (acceptance) => {
          const result = await inner.intake.accept(acceptance);
          if (result.kind === 'accepted') this.#lastSeq = Math.max(this.#lastSeq, result.seq);
          return result;
        },
      },
      queue: this.#queue(inner.queue),
      catalog: {
        ...inner.catalog,
        write: async (change) => {
          const result = await inner.catalog.write(change);
          if (result.kind === 'done') this.#tellOthers(node, change.organization, result.catalogVersion);
          return result;
        },
      },
    };
  }

  wake(lanes: readonly LaneKey[]): void {
    if (!this.isHeard) return;
    queueMicrotask(() => {
      for (const node of this.nodes) node.woken(lanes);
    });
  }

  #tellOthers(writer: ScriptedNode, ...change: Parameters<Member['catalogChanged']>): void {
    if (!this.isHeard) return;
    for (const node of this.nodes) if (node !== writer) node.member?.catalogChanged(...change);
  }

  #queue(inner: Queue): Queue {
    return {
      ...inner,
      record: async (record) => (this.epochs.has(record.epoch) ? inner.record(record) : 'fenced'),
      takeFresh: (lane, options) =>
        this.#decide(() => inner.takeFresh(lane, options), options.afterSeq, options.decidedOnly),
      takeInOrder: (lane, options) =>
        this.#decide(() => inner.takeInOrder(lane, options), options.afterSeq, true),
    };
  }

  /** The store has one writer: what was committed before a read is all there is up to it. */
  async #decide(read: () => Promise<Taken>, afterSeq: number, decidedOnly: boolean): Promise<Taken> {
    const before = this.#lastSeq;
    const { rows } = await read();
    const shown = Math.max(before, afterSeq, rows.at(-1)?.seq ?? 0);
    const decidedBelow = Math.min(shown + 1, this.undecidedFrom);
    const decided = decidedOnly ? rows.filter(({ seq }) => seq < decidedBelow) : rows;
    return { rows: decided, decidedBelow, hasUndecided: decided.length < rows.length };
  }
}

export class ScriptedNode implements Cluster {
  readonly isShared = true;
  epoch = 0;
  /** null = it is no member. */
  member: Member | null = null;
  isLeaseValid = true;
  takeTokens: TakeTokens = async (_owner, { wanted }) => ({ granted: wanted, waitMs: 0 });
  readonly woke: LaneKey[] = [];
  readonly #cluster: ScriptedCluster;
  readonly #given: ReadonlySet<number>;
  readonly #shards = new Set<number>();

  constructor(cluster: ScriptedCluster, shards: ReadonlySet<number>) {
    this.#cluster = cluster;
    this.#given = shards;
  }

  async join(member: Member): Promise<void> {
    this.epoch = this.#cluster.newEpoch();
    this.member = member;
    if (this.#given.size > 0) this.gain(this.#given);
  }

  async leave(): Promise<void> {
    this.#cluster.epochs.delete(this.epoch);
    this.member = null;
    this.#shards.clear();
  }

  holds(shard: number): boolean {
    return this.#shards.has(shard);
  }

  mayBegin(): boolean {
    return this.isLeaseValid;
  }

  wake(lanes: readonly LaneKey[]): void {
    this.woke.push(...lanes);
    this.#cluster.wake(lanes);
  }

  async nodes(): Promise<readonly NodeState[]> {
    return [];
  }

  woken(lanes: readonly LaneKey[]): void {
    const here = lanes.filter(({ destinationId }) => this.#shards.has(shardOf(destinationId)));
    if (here.length > 0) this.member?.woken(here);
  }

  gain(shards: ReadonlySet<number>): void {
    for (const shard of shards) this.#shards.add(shard);
    this.member?.gained(shards);
  }

  async giveUp(shards: ReadonlySet<number>): Promise<void> {
    await this.member?.giveUp(shards);
    for (const shard of shards) this.#shards.delete(shard);
  }

  /** Another node declares this one dead, which it does not know yet. */
  die(): void {
    this.#cluster.epochs.delete(this.epoch);
  }

  /** It hears that it is dead, and joins anew; what it had is another's. */
  hearOfDeath(): void {
    this.#cluster.epochs.delete(this.epoch);
    this.#shards.clear();
    this.member?.lost();
    this.epoch = this.#cluster.newEpoch();
  }
}
