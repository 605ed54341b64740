/**
 * Gives every lane its turn. A turn is one attempt at most, so that a lane with a million deliveries and a lane with
 * one get the same. When few slots are free, a lane may have no more attempts in flight than there are free slots:
 * lanes whose receivers never answer share what there is and always leave some for the others.
 *
 * There are lanes of the shards that this node holds, and they begin nothing while its lease may be out of date.
 */
import { admission, HEALTHY, probing } from '../core/delivery/health.ts';
import type { DestinationId } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import type { LaneKey, LaneSummary, QueuedDelivery } from '../ports/queue.ts';
import { Alarms } from './alarms.ts';
import { Budget } from './budget.ts';
import type { Canceler } from './canceler.ts';
import { Doubts } from './doubts.ts';
import type { EngineMetrics, EngineParts } from './engine.ts';
import { Fifo } from './fifo.ts';
import { fittingSupply, parallelSupply } from './fitting-supply.ts';
import type { HeldShards } from './held-shards.ts';
import { Lane } from './lane.ts';
import { LaneLoader } from './lane-loader.ts';
import { LaneReader } from './lane-reader.ts';
import type { LaneRunner } from './lane-runner.ts';
import type { RateLimits } from './rate-limits.ts';
import { NEVER } from './supply.ts';
import type { Target, Targets } from './targets.ts';

/** A lane that sleeps longer gives back what it holds in memory. */
const RELEASE_AFTER_MS = 1_000;
/** Pause after a failed read or a main secret that does not fit; doubles up to the longest. */
const TROUBLE_FIRST_MS = 200;
const TROUBLE_LONGEST_MS = 30_000;
/** How often a lane looks at most for what other nodes made due. */
const DUE_LOOK_MS = 1_000;
/** While nothing may begin. */
const LOOK_AGAIN_MS = 50;
/** Idle lanes are forgotten after this; their health is in the store. */
const IDLE_MS = 60_000;

export interface LanesOptions {
  readonly targets: Targets;
  readonly runner: LaneRunner;
  readonly canceler: Canceler;
  readonly rates: RateLimits;
  readonly metrics: EngineMetrics;
  readonly held: HeldShards;
}

export class Lanes {
  readonly #parts: EngineParts;
  readonly #options: LanesOptions;
  readonly #metrics: EngineMetrics;
  readonly #lanes = new Map<DestinationId, Lane>();
  readonly #ready = new Fifo<Lane>();
  readonly #alarms: Alarms<Lane>;
  readonly #reader: LaneReader;
  readonly #loader: LaneLoader;
  readonly #doubts: Doubts;
  /** Attempts begun and not yet recorded. */
  #running = 0;
  #whenDrained: (() => void) | null = null;
  #isPumpAsked = false;
  #isStopped = false;

  constructor(parts: EngineParts, options: LanesOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#metrics = options.metrics;
    this.#alarms = new Alarms(parts.clock, (lane) => this.wake(lane));
    this.#reader = new LaneReader({
      queue: parts.storage.queue,
      clock: parts.clock,
      wake: (lane) => this.wake(lane),
      fail: (lane, cause) => this.#rest(lane, cause),
    });
    this.#doubts = new Doubts(parts.clock, (keys) => this.#rereadDoubtful(keys));
    this.#loader = new LaneLoader({
      queue: parts.storage.queue,
      targets: options.targets,
      wake: (lane) => this.wake(lane),
      fail: (lane, cause) => this.#rest(lane, cause),
      gone: (lane) => this.#cancel(lane),
    });
  }

  /** The lane of a destination, made when there is none; undefined when it is another node's. */
  here(key: LaneKey): Lane | undefined {
    const { destinationId } = key;
    if (this.#lanes.has(destinationId)) return this.find(destinationId);
    return this.#options.held.hasKey(destinationId) ? this.#make(key) : undefined;
  }

  #make(key: LaneKey): Lane {
    const { clock, settings, storage } = this.#parts;
    const lane = new Lane(key, storage.cluster, new Budget(settings, this.#metrics));
    lane.usedAt = clock.now();
    this.#lanes.set(key.destinationId, lane);
    this.#metrics.lanes = this.#lanes.size;
    return lane;
  }

  find(id: DestinationId): Lane | undefined {
    const lane = this.#lanes.get(id);
    return lane?.isShut === true ? undefined : lane;
  }

  all(): Iterable<Lane> {
    return this.#lanes.values();
  }

  /** A delivery of a commit just made. Calls come in order of `seq`. */
  hand(lane: Lane, delivery: QueuedDelivery): void {
    lane.supply.hand(delivery);
    this.wake(lane);
  }

  /** What the table says about a lane: at the start for every lane, later only for those that seem idle. */
  meet(summary: LaneSummary): void {
    const known = this.find(summary.destinationId);
    if (known !== undefined) {
      const isUnaware = summary.newestFreshSeq > 0 && known.holdsNothing && !known.isBlocked;
      if (known.isIdle || isUnaware) this.reread(known);
      return;
    }
    const lane = this.here(summary);
    if (lane === undefined) return;
    lane.health = summary.health ?? HEALTHY;
    lane.isHealthKnown = true;
    if (summary.newestFreshSeq > 0) lane.supply.mark();
    if (summary.nextDueAt !== null) lane.supply.markDue(summary.nextDueAt);
    this.wake(lane);
  }

  /** Another node says that there is something new in the table. */
  woken(key: LaneKey): void {
    const lane = this.here(key);
    if (lane === undefined) return;
    lane.supply.mark();
    const now = this.#parts.clock.now();
    if (lane.dueLookAt <= now) {
      lane.dueLookAt = Math.max(now, lane.dueLookAt + DUE_LOOK_MS);
      lane.supply.lookForDue(lane.dueLookAt);
    }
    this.wake(lane);
  }

  doubt(key: LaneKey): void {
    this.#doubts.add(key);
  }

  /** Reads the lane from its start, leaving out what is being attempted. */
  reread(lane: Lane): void {
    lane.supply.reset();
    this.wake(lane);
  }

  /** A person changed or re-enabled the destination: what was held against it no longer counts. */
  forgive(lane: Lane): void {
    lane.health = HEALTHY;
    lane.window.clear();
    lane.restsUntil = 0;
    this.wake(lane);
  }

  wake(lane: Lane): void {
    if (this.#isStopped) return;
    this.#again(lane);
    if (this.#isPumpAsked) return;
    this.#isPumpAsked = true;
    // After the acceptances that were answered together: they are handed over before the first attempt starts.
    queueMicrotask(() => this.#pump());
  }

  /** Forgets lanes that have been idle for a while. */
  dropIdle(now: number): void {
    for (const lane of this.#lanes.values()) {
      const { isIdle, isQueued, usedAt, destinationId } = lane;
      if (isIdle && !isQueued && usedAt <= now - IDLE_MS && !this.#doubts.has(destinationId))
        this.#forget(lane);
    }
  }

  /** Begins nothing more in these shards; resolves when what was under way is recorded, and their lanes are forgotten. */
  async close(shards: ReadonlySet<number>): Promise<void> {
    const closing = [...this.#lanes.values()].filter(({ shard }) => shards.has(shard));
    for (const lane of closing) this.#shut(lane);
    await Promise.all(closing.map((lane) => this.#drained(lane)));
    for (const lane of closing) this.#forget(lane);
  }

  /** Forgets every lane at once, and tells which were at work: what they were handed lately may be news to others. */
  forgetAll(): LaneKey[] {
    const atWork: LaneKey[] = [];
    for (const lane of this.#lanes.values()) {
      if (!lane.isShut && !lane.isIdle) atWork.push(lane);
      this.#forget(lane);
    }
    return atWork;
  }

  /** The store refused to record under the lane's epoch: until it is forgotten, nothing more is sent from here. */
  fenced(lane: Lane): void {
    if (lane.isShut) return;
    this.#shut(lane);
    this.#parts.storage.cluster.wake([lane]);
  }

  #shut(lane: Lane): void {
    lane.isShut = true;
    this.#alarms.set(lane, NEVER);
    this.#block(lane, false);
    lane.supply.release();
    // A read that is under way must not fill it again.
    lane.supply = parallelSupply(lane);
  }

  #forget(lane: Lane): void {
    if (!lane.isShut) this.#shut(lane);
    if (this.#lanes.get(lane.destinationId) === lane) this.#lanes.delete(lane.destinationId);
    this.#metrics.lanes = this.#lanes.size;
  }

  #drained(lane: Lane): Promise<void> | undefined {
    if (lane.running === 0) return undefined;
    return new Promise((resolve) => {
      lane.onDrained = resolve;
    });
  }

  /** Starts nothing any more and waits for what is running, at most until `deadline` resolves. */
  async stop(deadline: Promise<void>): Promise<void> {
    this.#isStopped = true;
    this.#alarms.stop();
    if (this.#running === 0) return;
    const drained = new Promise<void>((resolve) => {
      this.#whenDrained = resolve;
    });
    await Promise.race([deadline, drained]);
  }

  #pump(): void {
    this.#isPumpAsked = false;
    if (this.#isStopped) return;
    if (!this.#parts.storage.cluster.mayBegin()) {
      this.#isPumpAsked = true;
      this.#parts.clock.after(LOOK_AGAIN_MS, () => this.#pump());
      return;
    }
    const now = this.#parts.clock.now();
    const { concurrencyTotal } = this.#parts.settings;
    while (this.#metrics.inFlight < concurrencyTotal && !this.#isStopped) {
      const lane = this.#ready.shift();
      if (lane === undefined) return;
      lane.isQueued = false;
      if (this.#tryVisit(lane, now)) this.#again(lane);
    }
  }

  /** A bug that one lane brings out must not stop the others. */
  #tryVisit(lane: Lane, now: number): boolean {
    try {
      return this.#visit(lane, now);
    } catch (cause) {
      this.#rest(lane, cause);
      return false;
    }
  }

  #again(lane: Lane): void {
    if (lane.isQueued) return;
    lane.isQueued = true;
    this.#ready.push(lane);
  }

  /** One turn: true when the lane wants another at once. */
  #visit(lane: Lane, now: number): boolean {
    if (lane.isShut || lane.isLoading || lane.isCanceling || lane.disabling > 0) return false;
    lane.usedAt = now;
    // The alarm may have been moved by a visit that an urgent delivery made meanwhile.
    if (lane.restsUntil > now && !lane.supply.hasUrgent) return this.#sleep(lane, lane.restsUntil, now);
    const target = this.#loader.targetOf(lane);
    if (target === undefined) return false;
    this.#fitSupply(lane, target);
    if (!this.#hasSlot(lane, target)) return false;
    if (lane.supply.hasUrgent) {
      this.#start(lane, target, lane.supply.nextUrgent()!);
      return true;
    }
    const admitted = admission(lane.health, now);
    this.#block(lane, admitted.kind === 'wait');
    if (admitted.kind === 'wait') return this.#sleep(lane, admitted.until, now);
    return this.#takeTurn(lane, target, { now, isProbe: admitted.kind === 'probe' });
  }

  #takeTurn(lane: Lane, target: Target, { now, isProbe }: { now: number; isProbe: boolean }): boolean {
    const { supply } = lane;
    const rowsMax = isProbe ? 1 : Number.MAX_SAFE_INTEGER;
    if (supply.hasNext(now)) {
      const waitMs = this.#options.rates.take(lane, target, now);
      if (waitMs > 0) return this.#sleep(lane, now + waitMs, now);
      if (isProbe) lane.health = probing(lane.health, now);
      this.#start(lane, target, supply.next(now)!);
    }
    this.#reader.refill(lane, now, rowsMax);
    // What is due already but could not be read waits for room or for its read, and both wake the lane.
    const { lookAt } = supply;
    this.#alarms.set(lane, lookAt > now ? lookAt : NEVER);
    return supply.hasNext(now);
  }

  /** Slots are freed by attempts that end, and those of this lane wake it. */
  #hasSlot(lane: Lane, target: Target): boolean {
    const { settings } = this.#parts;
    const free = settings.concurrencyTotal - this.#metrics.inFlight;
    const concurrency = target.loaded.destination.concurrency ?? settings.concurrencyPerDestination;
    return lane.inFlight < Math.min(concurrency, Math.max(free, 1));
  }

  #sleep(lane: Lane, until: number, now: number): false {
    if (until - now > RELEASE_AFTER_MS) lane.supply.release();
    this.#alarms.set(lane, until);
    return false;
  }

  #block(lane: Lane, isBlocked: boolean): void {
    if (lane.isBlocked === isBlocked) return;
    lane.isBlocked = isBlocked;
    this.#metrics.lanesBlocked += isBlocked ? 1 : -1;
  }

  /** Something the lane needs could not be had: it tries again later. */
  #rest(lane: Lane, cause: unknown): void {
    const pauseMs = Math.min(TROUBLE_FIRST_MS * 2 ** lane.troubles++, TROUBLE_LONGEST_MS);
    const { clock, log } = this.#parts;
    const fields = { organization: lane.organization, destinationId: lane.destinationId, pauseMs };
    if (cause instanceof Problem) log.warn('lane.rests', { ...fields, reason: cause.message });
    else log.error('lane.failed', cause, fields);
    lane.restsUntil = clock.now() + pauseMs;
    this.#alarms.set(lane, lane.restsUntil);
  }

  #cancel(lane: Lane): void {
    if (lane.isShut) return;
    lane.isCanceling = true;
    this.#block(lane, false);
    lane.supply.release();
    // What is handed over while rows are canceled is seen by the new supply, and then canceled too.
    lane.supply = parallelSupply(lane);
    this.#options.canceler
      .cancelAll(lane)
      .then(
        (isDone) => {
          if (!isDone) lane.supply.reset();
        },
        (cause: unknown) => {
          lane.supply.mark();
          this.#rest(lane, cause);
        },
      )
      .finally(() => {
        lane.isCanceling = false;
        if (!lane.supply.isIdle) this.wake(lane);
      });
  }

  #fitSupply(lane: Lane, target: Target): void {
    const fitting = fittingSupply(target.loaded.destination.ordering, lane);
    if (fitting === lane.supply) return;
    lane.supply.release();
    lane.supply = fitting;
    fitting.reset();
  }

  #start(lane: Lane, target: Target, delivery: QueuedDelivery): void {
    lane.give(delivery);
    lane.troubles = 0;
    lane.running++;
    this.#running++;
    void this.#options.runner.run(lane, target, delivery, this);
  }

  /** The runner is through with a delivery: it is recorded, or will be sent again. */
  ended(lane: Lane): void {
    lane.running--;
    if (lane.running === 0) lane.onDrained?.();
    this.#running--;
    if (this.#running === 0) this.#whenDrained?.();
    this.wake(lane);
  }

  #rereadDoubtful(keys: readonly LaneKey[]): void {
    const elsewhere: LaneKey[] = [];
    for (const key of keys) {
      const lane = this.here(key);
      if (lane === undefined) elsewhere.push(key);
      else this.reread(lane);
    }
    if (elsewhere.length > 0) this.#parts.storage.cluster.wake(elsewhere);
  }
}
