/**
 * The steady chores: deleting what has expired, folding back the log of the store, and looking whether a lane or a task
 * in the table is one that nobody here knows of. Each turn does a bounded piece. Deleting is done by one node for all.
 */
import type { LaneKey } from '../ports/queue.ts';
import type { EngineParts } from './engine.ts';
import { CHORES_SHARD, filterOf, type HeldShards } from './held-shards.ts';
import type { Lanes } from './lanes.ts';
import type { RunningTasks } from './tasks.ts';

const TURN_MS = 30_000;
/** While there is more to delete than one turn deletes. */
const BUSY_TURN_MS = 250;
const PRUNED_PER_TURN = 500;
const LANES_PER_TURN = 250;

export interface SweepOptions {
  readonly lanes: Lanes;
  readonly held: HeldShards;
  readonly tasks: Pick<RunningTasks, 'resume'>;
}

export class Sweep {
  readonly #parts: EngineParts;
  readonly #lanes: Lanes;
  readonly #held: HeldShards;
  readonly #tasks: Pick<RunningTasks, 'resume'>;
  #cancelTimer: (() => void) | null = null;
  #turn: Promise<void> = Promise.resolve();
  #after: LaneKey | null = null;
  #isStopped = false;

  constructor(parts: EngineParts, { lanes, held, tasks }: SweepOptions) {
    this.#parts = parts;
    this.#lanes = lanes;
    this.#held = held;
    this.#tasks = tasks;
  }

  start(): void {
    this.#arm(TURN_MS);
  }

  /** Waits for the turn under way. */
  stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer?.();
    return this.#turn;
  }

  #arm(delayMs: number): void {
    if (this.#isStopped) return;
    this.#cancelTimer = this.#parts.clock.after(delayMs, () => {
      this.#turn = this.#take().then((isBusy) => this.#arm(isBusy ? BUSY_TURN_MS : TURN_MS));
    });
  }

  /** Never rejects; true when there is more to delete. */
  async #take(): Promise<boolean> {
    const { clock, log, storage, settings } = this.#parts;
    try {
      const now = clock.now();
      this.#lanes.dropIdle(now);
      await this.#meetLanes();
      // A node that does not know yet that it has lost the shard may have taken one in.
      if (storage.cluster.isShared) await this.#tasks.resume();
      if (!this.#held.has(CHORES_SHARD)) return false;
      const historyBefore = now - settings.historyRetentionMs;
      const pruned = await storage.upkeep.prune({ now, historyBefore, limit: PRUNED_PER_TURN });
      await storage.upkeep.checkpoint();
      if (pruned > 0) log.info('store.pruned', { rows: pruned });
      return pruned >= PRUNED_PER_TURN;
    } catch (cause) {
      log.error('sweep.failed', cause);
      return false;
    }
  }

  async #meetLanes(): Promise<void> {
    if (this.#held.all.size === 0) return;
    const page = await this.#parts.storage.queue.lanes(this.#after, LANES_PER_TURN, filterOf(this.#held.all));
    for (const summary of page) this.#lanes.meet(summary);
    this.#after = page.length < LANES_PER_TURN ? null : page.at(-1)!;
  }
}
