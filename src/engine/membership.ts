/**
 * This node as a member of the cluster: does with lanes, tasks and outbox what it is told of shards, wakes and changes.
 *
 *   gained ──> held: every lane with work is listed and met, tasks are resumed
 *   giveUp ──> nothing more begins, what is under way is recorded, lanes are forgotten, ways in have stopped
 *   lost   ──> lanes are forgotten at once; what is under way will be refused, or was recorded in time
 */
import type { OrganizationId } from '../core/ids.ts';
import type { Member } from '../ports/cluster.ts';
import type { LaneKey } from '../ports/queue.ts';
import type { Receiving } from './create-receiving.ts';
import type { CachedDirectory } from './directory.ts';
import type { EngineParts } from './engine.ts';
import { CHORES_SHARD, filterOf, type HeldShards } from './held-shards.ts';
import type { Lanes } from './lanes.ts';
import type { Outbox } from './outbox.ts';
import { GIVEN_UP, type Retrier } from './retrier.ts';
import type { RunningTasks } from './tasks.ts';

const LANES_PER_PAGE = 1_000;

export interface MembershipOptions {
  readonly held: HeldShards;
  readonly lanes: Lanes;
  readonly receiving: Pick<Receiving, 'giveUp'>;
  readonly directory: CachedDirectory;
  readonly outbox: Outbox;
  readonly tasks: RunningTasks;
  readonly retrier: Retrier;
}

export class Membership implements Member {
  readonly #parts: EngineParts;
  readonly #options: MembershipOptions;
  /** Shards whose lanes are to be listed. */
  #unseen = new Set<number>();
  #looking: Promise<void> | null = null;
  #isStarted = false;
  #isStopped = false;

  constructor(parts: EngineParts, options: MembershipOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** Joins and takes up the work there is; rejects when the store cannot be read. */
  async start(): Promise<void> {
    await this.#parts.storage.cluster.join(this);
    await this.#lookOnce();
    this.#isStarted = true;
    this.#look(new Set());
  }

  /** Call it when nothing is under way any more. Never rejects. */
  async leave(): Promise<void> {
    this.#isStopped = true;
    try {
      await this.#parts.storage.cluster.leave();
    } catch (cause) {
      this.#parts.log.error('cluster.leave-failed', cause);
    }
  }

  gained(shards: ReadonlySet<number>): void {
    this.#options.held.gain(shards);
    this.#look(shards);
  }

  async giveUp(shards: ReadonlySet<number>): Promise<void> {
    const { held, lanes, receiving } = this.#options;
    held.giveUp(shards);
    await Promise.all([receiving.giveUp(shards), lanes.close(shards)]);
  }

  lost(): void {
    this.#options.held.giveUpAll();
    const atWork = this.#options.lanes.forgetAll();
    this.#parts.log.warn('cluster.lost', { lanes: atWork.length });
    // Their new holders may have read them before our last commits.
    if (atWork.length > 0) this.#parts.storage.cluster.wake(atWork);
  }

  woken(lanes: readonly LaneKey[]): void {
    for (const key of lanes) this.#options.lanes.woken(key);
  }

  missed(): void {
    this.#look(this.#options.held.all);
  }

  outboxFilled(): void {
    this.#options.outbox.filled();
  }

  catalogChanged(organization: OrganizationId, version: number): void {
    this.#options.directory.sawVersion(organization, version);
  }

  #look(shards: ReadonlySet<number>): void {
    for (const shard of shards) this.#unseen.add(shard);
    if (!this.#isStarted || this.#isStopped || this.#unseen.size === 0) return;
    this.#looking ??= this.#lookUntilDone().finally(() => {
      this.#looking = null;
      this.#look(new Set());
    });
  }

  /** Never rejects. */
  async #lookUntilDone(): Promise<void> {
    const looked = await this.#options.retrier.untilDone('lanes.list', {}, () => this.#lookOnce());
    if (looked === GIVEN_UP) this.#isStopped = true;
  }

  /** What was not seen because the store failed is looked at the next time. */
  async #lookOnce(): Promise<void> {
    const shards = this.#unseen;
    this.#unseen = new Set();
    try {
      await this.#meetLanes(shards);
      await this.#options.tasks.resume();
    } catch (cause) {
      for (const shard of shards) this.#unseen.add(shard);
      throw cause;
    }
    if (shards.has(CHORES_SHARD) && this.#parts.storage.cluster.isShared) this.#options.outbox.filled();
  }

  /** Its cost follows the number of lanes, not of deliveries. */
  async #meetLanes(shards: ReadonlySet<number>): Promise<void> {
    const { lanes } = this.#options;
    const { queue } = this.#parts.storage;
    const filter = filterOf(shards);
    for (let after: LaneKey | null = null; !this.#isStopped; ) {
      const page = await queue.lanes(after, LANES_PER_PAGE, filter);
      for (const summary of page) {
        // What it is told of a lane that is here already is no news of its health, but may be of its deliveries.
        if (lanes.find(summary.destinationId) !== undefined) lanes.woken(summary);
        else lanes.meet(summary);
      }
      if (page.length < LANES_PER_PAGE) return;
      after = page.at(-1)!;
    }
  }
}
