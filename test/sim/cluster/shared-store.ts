/**
 * The one store of all nodes, as a driver shows it that lets several processes write: what is recorded under an epoch
 * that has ended is refused, and commits become visible in another order than that of their seqs.
 */
import type { Cluster } from '../../../src/ports/cluster.ts';
import type { Acceptance } from '../../../src/ports/intake.ts';
import type { LaneSummary, Queue, QueuedDelivery, Taken } from '../../../src/ports/queue.ts';
import type { Storage } from '../../../src/ports/storage.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import type { SeededDice } from '../../support/seeded-dice.ts';
import type { ClusterSabotage } from './sabotage.ts';
import type { SimDatabase } from './sim-database.ts';

/** Room in a page for what is hidden in it. */
const BYTES_PER_HIDDEN = 1_000;
const LANE_ROWS_MAX = 1_000;

export interface SharedStoreParts {
  readonly store: Storage;
  readonly database: SimDatabase;
  readonly clock: FakeClock;
  readonly dice: SeededDice;
  readonly undecidedMs: number;
  readonly sabotage: ClusterSabotage;
}

export class SharedStore {
  readonly #parts: SharedStoreParts;
  /** Seq of what is not visible yet -> the instant from which it is. */
  readonly #hidden = new Map<number, number>();
  readonly #visibleAt = new WeakMap<Acceptance, number>();
  #lastSeq = 0;

  constructor(parts: SharedStoreParts) {
    this.#parts = parts;
  }

  /** The instant from which the acceptance may be answered. */
  visibleAt(acceptance: Acceptance): number {
    return this.#visibleAt.get(acceptance) ?? 0;
  }

  forNode(cluster: Cluster): Storage {
    const { store, database } = this.#parts;
    const queue = Object.create(store.queue) as Queue;
    const catalog = Object.create(store.catalog) as Storage['catalog'];
    const intake = Object.create(store.intake) as Storage['intake'];
    return {
      ...store,
      cluster,
      intake: Object.assign(intake, {
        accept: (acceptance: Acceptance) => this.#accept(acceptance),
      }),
      queue: Object.assign(queue, this.#queue(store.queue)),
      catalog: Object.assign(catalog, {
        write: async (change: Parameters<Storage['catalog']['write']>[0]) => {
          const result = await store.catalog.write(change);
          if (result.kind === 'done') database.catalogChanged(change.organization, result.catalogVersion);
          return result;
        },
      }),
    };
  }

  async #accept(acceptance: Acceptance) {
    const { clock, dice, store, undecidedMs } = this.#parts;
    const result = await store.intake.accept(acceptance);
    if (result.kind !== 'accepted') return result;
    const visibleAt = clock.now() + dice.between(0, undecidedMs);
    this.#visibleAt.set(acceptance, visibleAt);
    if (visibleAt > clock.now()) this.#hidden.set(result.seq, visibleAt);
    this.#lastSeq = Math.max(this.#lastSeq, result.seq);
    return result;
  }

  #queue(inner: Queue): Partial<Queue> {
    const { database, sabotage } = this.#parts;
    return {
      record: async (record) => {
        const isFenced = !database.isMember(record.epoch) && sabotage.recordsAfterDeath !== true;
        return isFenced ? 'fenced' : inner.record(record);
      },
      takeFresh: (lane, options) =>
        this.#take(options, options.decidedOnly, (wider) =>
          inner.takeFresh(lane, { ...options, ...wider, decidedOnly: false }),
        ),
      takeInOrder: (lane, options) =>
        this.#take(options, true, (wider) => inner.takeInOrder(lane, { ...options, ...wider })),
      takeDue: async (lane, options) => {
        const isVisible = this.#snapshot();
        const rows = await inner.takeDue(lane, { ...options, ...this.#wider(options) });
        return rows.filter(isVisible).slice(0, options.limit);
      },
      lanes: async (after, limit, shards) => {
        const page = await inner.lanes(after, limit, shards);
        return Promise.all(page.map((summary) => this.#summary(inner, summary)));
      },
    };
  }

  async #take(
    options: { limit: number; bytesMax: number },
    decidedOnly: boolean,
    read: (wider: { limit: number; bytesMax: number }) => Promise<Taken>,
  ): Promise<Taken> {
    const decidedBelow = this.#decidedBelow();
    const isVisible = this.#snapshot();
    const { rows } = await read(this.#wider(options));
    const visible = rows.filter(isVisible).slice(0, options.limit);
    const taken = decidedOnly ? visible.filter(({ seq }) => seq < decidedBelow) : visible;
    return { rows: taken, decidedBelow, hasUndecided: taken.length < visible.length };
  }

  #decidedBelow(): number {
    if (this.#parts.sabotage.decidesTooEarly === true) return this.#lastSeq + 1;
    return Math.min(this.#lastSeq + 1, ...this.#hiddenNow());
  }

  /** What a statement sees that begins now. */
  #snapshot(): (row: Pick<QueuedDelivery, 'seq'>) => boolean {
    const hidden = new Set(this.#hiddenNow());
    const newest = this.#lastSeq;
    return ({ seq }) => seq <= newest && !hidden.has(seq);
  }

  #hiddenNow(): number[] {
    const now = this.#parts.clock.now();
    for (const [seq, visibleAt] of this.#hidden) if (visibleAt <= now) this.#hidden.delete(seq);
    return [...this.#hidden.keys()];
  }

  #wider({ limit, bytesMax }: { limit: number; bytesMax: number }): { limit: number; bytesMax: number } {
    const hidden = this.#hiddenNow().length;
    return { limit: limit + hidden, bytesMax: bytesMax + hidden * BYTES_PER_HIDDEN };
  }

  async #summary(inner: Queue, summary: LaneSummary): Promise<LaneSummary> {
    const isVisible = this.#snapshot();
    if (summary.newestFreshSeq === 0 || isVisible({ seq: summary.newestFreshSeq })) return summary;
    const { rows } = await inner.takeFresh(summary, {
      ...{ afterSeq: 0, limit: LANE_ROWS_MAX, bytesMax: Number.MAX_SAFE_INTEGER, decidedOnly: false },
    });
    return { ...summary, newestFreshSeq: rows.filter(isVisible).at(-1)?.seq ?? 0 };
  }
}
