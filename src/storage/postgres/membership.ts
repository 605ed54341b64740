/**
 * The life of a node in the cluster: one loop, a turn every RENEWAL_MS or as soon as a notice says that there is news.
 *
 *   connect, LISTEN ──> join ──> renew ──> follow ──> assign ──> pause ──┐
 *     ^                  ^         ^                                     │
 *     │                  │         ├─────────────────────────────────────┘
 *     │                  └─ lost() ┤ its row is gone
 *     └──────────── then missed() ─┘ the connection broke
 *
 *   join:    a row in `node`, under a new epoch
 *   renew:   the lease; the answer says whose the shards are, which catalogs changed and whose lease has run out
 *   follow:  gained(); giveUp(), and what is drained goes with the next renewal
 *   assign:  declares the lapsed dead, gives away what nobody holds, marks what somebody shall give
 *   leave(): deletes the row and tells the others
 *
 * Any node assigns what it sees, one at a time; the database refuses what another was first with.
 */
import { assignShards, type ShardState } from '../../core/cluster/assign-shards.ts';
import { Holdings } from '../../core/cluster/holdings.ts';
import { Lease, RENEWAL_MS } from '../../core/cluster/lease.ts';
import { jittered } from '../../core/delivery/backoff.ts';
import { shardOf } from '../../core/shard.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Member } from '../../ports/cluster.ts';
import type { Log } from '../../ports/log.ts';
import type { ClusterConnection } from './cluster-connection.ts';
import { lostStore } from './errors.ts';
import { InterruptiblePause } from './interruptible-pause.ts';
import * as statements from './membership-statements.ts';
import { parseNotice } from './notices.ts';

/** Doubling; everybody is back within a lease of the first. */
const RETRY_MS = 100;
const RETRY_MS_MAX = 1_000;
/** A node that joins waits so often for the shards to be assigned before it begins without. */
const UNASSIGNED_TURNS_MAX = 5;

export interface MembershipOptions extends statements.Joining {
  readonly connection: ClusterConnection;
  /** Its timers only. */
  readonly clock: Clock;
  /** Ms of a clock that is never set. */
  readonly uptime: () => number;
  readonly uniform: () => number;
  readonly log: Log;
  /** The database's clock said this between two instants of `uptime`. */
  readonly toldTime: (sentAt: number, databaseNow: number, receivedAt: number) => void;
  /** The connection is open, again or for the first time. */
  readonly opened: () => void;
}

export class Membership {
  readonly #options: MembershipOptions;
  readonly #pause: InterruptiblePause;
  readonly #lease = new Lease();
  readonly #isIn = Promise.withResolvers<void>();
  #member: Member | null = null;
  #epoch = 0;
  /** Of this membership; null = none. */
  #holdings: Holdings | null = null;
  #decidedBelow: number | null = null;
  #unassignedTurns = 0;
  #size = 1;
  #running: Promise<void> | null = null;
  #isLeaving = false;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#pause = new InterruptiblePause(options.clock);
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Members at the last renewal. */
  get size(): number {
    return this.#size;
  }

  holds(shard: number): boolean {
    return this.#holdings?.holds(shard) ?? false;
  }

  /** The lease lasts longer than what is known is fresh. */
  mayBegin(): boolean {
    return this.#holdings !== null && this.#lease.isFresh(this.#options.uptime());
  }

  /** Never rejects: as long as the database is away, it goes on trying. */
  async join(member: Member): Promise<void> {
    this.#member = member;
    this.#running ??= this.#run();
    await this.#isIn.promise;
  }

  /** Never rejects: when the database is away, the lease runs out by itself. */
  async leave(): Promise<void> {
    const { connection, tag, log } = this.#options;
    this.#isLeaving = true;
    this.#pause.cutShort();
    await this.#running;
    this.#isIn.resolve();
    if (this.#holdings === null) return;
    this.#holdings = null;
    try {
      await statements.leave(connection, this.#epoch, tag);
      log.info('cluster.left', { epoch: this.#epoch });
    } catch (cause) {
      log.warn('cluster.left-without-saying', { epoch: this.#epoch, reason: reasonOf(cause) });
    }
  }

  /** Of the connection: look at once what has changed. */
  disturbed(): void {
    this.#pause.cutShort();
  }

  heard(payload: string): void {
    const notice = parseNotice(payload);
    if (notice === undefined) return;
    if (notice.kind === 'members') this.#pause.cutShort();
    else if (notice.kind === 'catalog')
      this.#tell((member) => member.catalogChanged(notice.organization, notice.version));
    else if (this.#holdings === null) return;
    else if (notice.kind === 'outbox') this.#tell((member) => member.outboxFilled());
    else if (notice.kind === 'all-lanes') this.#tell((member) => member.missed());
    else {
      const lanes = notice.lanes.filter(({ destinationId }) => this.holds(shardOf(destinationId)));
      if (lanes.length > 0) this.#tell((member) => member.woken(lanes));
    }
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { uniform, log } = this.#options;
    for (let failures = 0; !this.#isLeaving; ) {
      try {
        await this.#turn();
        if (failures > 0) log.info('cluster.going-on', { failures });
        failures = 0;
      } catch (cause) {
        if (lostStore(cause) === undefined) log.error('cluster.turn-failed', cause);
        else if (failures === 0) log.warn('cluster.turn-failed', { reason: reasonOf(cause) });
        failures++;
      }
      const pauseMs =
        failures === 0 ? RENEWAL_MS : Math.min(RETRY_MS * 2 ** Math.min(failures, 10), RETRY_MS_MAX);
      if (!this.#isLeaving) await this.#pause.wait(jittered(pauseMs, uniform()));
    }
  }

  async #turn(): Promise<void> {
    if (!this.#options.connection.isOpen) await this.#connect();
    this.#holdings ??= await this.#enter();
    const standing = await this.#renew(this.#holdings);
    if (!standing.isMember) return this.#lose();
    this.#follow(this.#holdings, standing.shards);
    if (standing.hasOutbox) this.#tell((member) => member.outboxFilled());
    await this.#assign(standing);
  }

  async #connect(): Promise<void> {
    await this.#options.connection.open();
    this.#options.opened();
    if (this.#holdings !== null) this.#tell((member) => member.missed());
  }

  async #enter(): Promise<Holdings> {
    const { connection, log, name } = this.#options;
    this.#epoch = await statements.join(connection, this.#options);
    log.info('cluster.joined', { epoch: this.#epoch, name });
    return new Holdings(this.#epoch);
  }

  async #renew(holdings: Holdings): Promise<statements.Standing> {
    const { connection, tag, uptime, toldTime } = this.#options;
    const sentAt = uptime();
    const standing = await statements.renew(
      connection,
      { epoch: holdings.epoch, tag },
      { given: holdings.drained, known: this.#decidedBelow },
    );
    toldTime(sentAt, standing.now, uptime());
    // Before the lease, so that nothing begins in between.
    for (const { organization, version } of standing.changedCatalogs)
      this.#tell((member) => member.catalogChanged(organization, version));
    this.#decidedBelow = standing.decidedBelow;
    this.#size = standing.members.length;
    if (standing.isMember) this.#lease.answered(sentAt, standing.now);
    return standing;
  }

  #lose(): void {
    this.#holdings = null;
    this.#lease.end();
    this.#tell((member) => member.lost());
    this.#pause.cutShort();
  }

  #follow(holdings: Holdings, shards: readonly ShardState[]): void {
    const { gained, wanted, taken } = holdings.see(shards);
    if (gained.size > 0) this.#tell((member) => member.gained(gained));
    if (taken.size > 0) void this.#drain(taken);
    // One by one, so that each goes as soon as its own attempts are over.
    for (const shard of wanted)
      void this.#drain(new Set([shard])).then(() => {
        holdings.hasDrained(shard);
        this.#pause.cutShort();
      });
    const { log } = this.#options;
    if (gained.size + wanted.size + taken.size > 0)
      log.info('cluster.shards-changed', { gained: gained.size, wanted: wanted.size, taken: taken.size });
  }

  /** Never rejects. */
  async #drain(shards: ReadonlySet<number>): Promise<void> {
    try {
      await this.#member!.giveUp(shards);
    } catch (cause) {
      this.#options.log.error('cluster.member-failed', cause);
    }
  }

  async #assign({ members, lapsed, shards }: statements.Standing): Promise<void> {
    const { connection, log } = this.#options;
    const dead = this.#lease.mayJudge ? lapsed : [];
    const changes = assignShards(
      shards,
      members.filter((member) => !dead.includes(member)),
    );
    const isInOrder = dead.length + changes.length === 0;
    if (isInOrder || ++this.#unassignedTurns >= UNASSIGNED_TURNS_MAX) this.#isIn.resolve();
    if (isInOrder) return;
    for (const epoch of await statements.assign(connection, dead, changes))
      log.warn('cluster.node-died', { epoch });
  }

  #tell(what: (member: Member) => void): void {
    try {
      what(this.#member!);
    } catch (cause) {
      this.#options.log.error('cluster.member-failed', cause);
    }
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
