/**
 * Tells other nodes of lanes with new work. What comes while a NOTIFY is under way or was sent just now goes with the
 * next, so that many commits make one. It is a transaction of its own, after the commit that it tells of: NOTIFY holds a
 * lock of the whole server until its transaction is over, which is at once when there is nothing to write to disk, and
 * would make all commits wait for each other when there is.
 */
import type { DestinationId, OrganizationId } from '../../core/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { LaneKey } from '../../ports/queue.ts';
import type { ClusterConnection } from './cluster-connection.ts';
import { ALL_LANES, lanePayloads } from './notices.ts';

/**
 * Between two NOTIFYs, for each member: as each wakes a connection of every node, they would otherwise cost the database
 * the square of the number of nodes.
 */
const GAP_MS_PER_MEMBER = 2;
const RETRY_MS = 200;
/** More of them while the database is away are told as "any lane". */
const LANES_MAX = 50_000;

const NOTIFY = {
  name: 'posthorn-notify',
  text: 'SELECT pg_notify(posthorn_channel(), payload) FROM unnest($1::text[]) AS payload',
};

type LaneSets = Map<OrganizationId, Set<DestinationId>>;

export interface WakesOptions {
  readonly connection: Pick<ClusterConnection, 'isOpen' | 'query'>;
  readonly members: () => number;
  readonly clock: Clock;
  readonly log: Log;
}

export class Wakes {
  readonly #options: WakesOptions;
  #lanes: LaneSets = new Map();
  #count = 0;
  #isAll = false;
  #sending: Promise<void> | null = null;

  constructor(options: WakesOptions) {
    this.#options = options;
  }

  add(lanes: Iterable<LaneKey>): void {
    for (const { organization, destinationId } of lanes) this.#add(organization, destinationId);
    this.send();
  }

  /** Call it when the connection is open again: until then all wait. */
  send(): void {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = null;
      // Some came when the last were already known to be the last.
      if (this.#hasSome && this.#options.connection.isOpen) this.send();
    });
  }

  /** Resolves when all are sent, or cannot be now. */
  async flush(): Promise<void> {
    this.send();
    await this.#sending;
  }

  get #hasSome(): boolean {
    return this.#count > 0 || this.#isAll;
  }

  #add(organization: OrganizationId, id: DestinationId): void {
    if (this.#isAll) return;
    const ids = this.#lanes.get(organization) ?? new Set();
    if (ids.size === 0) this.#lanes.set(organization, ids);
    if (ids.has(id)) return;
    ids.add(id);
    if (++this.#count > LANES_MAX) this.#addAll();
  }

  #addAll(): void {
    this.#take();
    this.#isAll = true;
  }

  #take(): { readonly lanes: LaneSets; readonly isAll: boolean } {
    const taken = { lanes: this.#lanes, isAll: this.#isAll };
    this.#lanes = new Map();
    this.#count = 0;
    this.#isAll = false;
    return taken;
  }

  /** Never rejects. */
  async #sendAll(): Promise<void> {
    const { connection, members, log } = this.#options;
    // Not within the call that added them: those of one turn go together.
    await Promise.resolve();
    while (this.#hasSome && connection.isOpen) {
      const taken = this.#take();
      try {
        await connection.query(NOTIFY, [payloadsOf(taken)]);
        await this.#pause(GAP_MS_PER_MEMBER * members());
      } catch (cause) {
        this.#putBack(taken);
        if (!connection.isOpen) return;
        log.error('cluster.wakes-failed', cause);
        await this.#pause(RETRY_MS);
      }
    }
  }

  #putBack({ lanes, isAll }: { readonly lanes: LaneSets; readonly isAll: boolean }): void {
    if (isAll) this.#addAll();
    for (const [organization, ids] of lanes) for (const id of ids) this.#add(organization, id);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.after(ms, resolve));
  }
}

function payloadsOf({ lanes, isAll }: { readonly lanes: LaneSets; readonly isAll: boolean }): string[] {
  if (isAll) return [ALL_LANES];
  return [...lanes].flatMap(([organization, ids]) => lanePayloads(organization, ids));
}
