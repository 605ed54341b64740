/**
 * Gives every lane its turn. A turn is one attempt at most, so that a lane with a million deliveries and a lane with
 * one get the same. When few slots are free, a lane may have no more attempts in flight than there are free slots:
 * lanes whose receivers never answer share what there is and always leave some for the others.
 */
import { admission, HEALTHY, probing } from '../core/delivery/health.ts';
import type { DestinationId } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import type { LaneKey, LaneSummary, QueuedDelivery } from '../ports/queue.ts';
import { Alarms } from './alarms.ts';
import { Budget } from './budget.ts';
import type { Canceler } from './canceler.ts';
import type { EngineMetrics, EngineParts } from './engine.ts';
import { Fifo } from './fifo.ts';
import { fittingSupply } from './fitting-supply.ts';
import { Lane } from './lane.ts';
import { LaneReader } from './lane-reader.ts';
import type { LaneRunner } from './lane-runner.ts';
import { ParallelSupply } from './parallel-supply.ts';
import type { RateLimits } from './rate-limits.ts';
import { NEVER } from './supply.ts';
import type { Resolved, Target, Targets } from './targets.ts';

/** A lane that sleeps longer gives back what it holds in memory. */
const RELEASE_AFTER_MS = 1_000;
/** Pause after a failed read or a main secret that does not fit; doubles up to the longest. */
const TROUBLE_FIRST_MS = 200;
const TROUBLE_LONGEST_MS = 30_000;
/** Lanes that load their health or their target at once: after a start all of them want to. */
const LOADS_AT_ONCE = 16;
/** How long after a lost answer of the store the lanes it concerned are read from their start. */
const DOUBT_MS = 1_000;
/** Idle lanes are forgotten after this; their health is in the store. */
const IDLE_MS = 60_000;

export interface LanesOptions {
  readonly targets: Targets;
  readonly runner: LaneRunner;
  readonly canceler: Canceler;
  readonly rates: RateLimits;
  readonly metrics: EngineMetrics;
}

export class Lanes {
  readonly #parts: EngineParts;
  readonly #options: LanesOptions;
  readonly #metrics: EngineMetrics;
  readonly #lanes = new Map<DestinationId, Lane>();
  readonly #ready = new Fifo<Lane>();
  readonly #alarms: Alarms<Lane>;
  readonly #reader: LaneReader;
  readonly #doubtful = new Set<Lane>();
  /** Attempts begun and not yet recorded. */
  #running = 0;
  #drained: (() => void) | null = null;
  #loading = 0;
  readonly #waitingToLoad = new Fifo<Lane>();
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
  }

  /** The lane of a destination, made when there is none. */
  lane(key: LaneKey): Lane {
    const known = this.#lanes.get(key.destinationId);
    if (known !== undefined) return known;
    const budget = new Budget(this.#parts.settings, this.#metrics);
    const lane = new Lane(key, budget, new ParallelSupply(budget));
    lane.usedAt = this.#parts.clock.now();
    this.#lanes.set(key.destinationId, lane);
    this.#metrics.lanes = this.#lanes.size;
    return lane;
  }

  find(id: DestinationId): Lane | undefined {
    return this.#lanes.get(id);
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
    const known = this.#lanes.get(summary.destinationId);
    if (known !== undefined) {
      const isUnaware = summary.newestFreshSeq > 0 && known.holdsNothing && !known.isBlocked;
      if (known.isIdle || isUnaware) this.reread(known);
      return;
    }
    const lane = this.lane(summary);
    lane.health = summary.health ?? HEALTHY;
    lane.isHealthKnown = true;
    if (summary.newestFreshSeq > 0) lane.supply.mark();
    if (summary.nextDueAt !== null) lane.supply.markDue(summary.nextDueAt);
    this.wake(lane);
  }

  /** An answer of the store was lost: rows may be there that nobody hands over. */
  doubt(lane: Lane): void {
    if (this.#doubtful.size === 0) this.#parts.clock.after(DOUBT_MS, () => this.#rereadDoubtful());
    this.#doubtful.add(lane);
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
      if (!lane.isIdle || lane.isQueued || lane.usedAt > now - IDLE_MS || this.#doubtful.has(lane)) continue;
      this.#alarms.set(lane, NEVER);
      this.#block(lane, false);
      this.#lanes.delete(lane.destinationId);
    }
    this.#metrics.lanes = this.#lanes.size;
  }

  /** Starts nothing any more and waits for what is running, at most until `deadline` resolves. */
  async stop(deadline: Promise<void>): Promise<void> {
    this.#isStopped = true;
    this.#alarms.stop();
    if (this.#running === 0) return;
    const drained = new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
    await Promise.race([deadline, drained]);
  }

  #pump(): void {
    this.#isPumpAsked = false;
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
    if (lane.isLoading || lane.isCanceling || lane.disabling > 0) return false;
    lane.usedAt = now;
    // The alarm may have been moved by a visit that an urgent delivery made meanwhile.
    if (lane.restsUntil > now && !lane.supply.hasUrgent) return this.#sleep(lane, lane.restsUntil, now);
    const target = this.#targetOf(lane);
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

  /** undefined = not now; the lane is woken when it is known. */
  #targetOf(lane: Lane): Target | undefined {
    if (this.#loading >= LOADS_AT_ONCE && (lane.target === null || !lane.isHealthKnown)) {
      lane.isLoading = true;
      this.#waitingToLoad.push(lane);
      return undefined;
    }
    if (!lane.isHealthKnown) {
      this.#load(lane, this.#readHealth(lane));
      return undefined;
    }
    try {
      const resolved = this.#options.targets.resolve(lane);
      if (resolved instanceof Promise) this.#load(lane, resolved);
      else if (resolved === 'gone') this.#cancel(lane);
      else return resolved;
    } catch (cause) {
      this.#rest(lane, cause);
    }
    return undefined;
  }

  async #readHealth(lane: Lane): Promise<undefined> {
    lane.health = (await this.#parts.storage.queue.readHealth(lane)) ?? HEALTHY;
    lane.isHealthKnown = true;
  }

  #load(lane: Lane, loading: Promise<Resolved | undefined>): void {
    lane.isLoading = true;
    this.#loading++;
    loading
      .then(
        (resolved) => {
          if (resolved === 'gone') this.#cancel(lane);
        },
        (cause: unknown) => this.#rest(lane, cause),
      )
      .finally(() => {
        this.#loading--;
        this.#loaded(lane);
        // Those woken may find what they need in memory and load nothing: the last load wakes all that are left.
        const next = this.#loading === 0 ? this.#waitingToLoad.drain() : [this.#waitingToLoad.shift()];
        for (const waiting of next) if (waiting !== undefined) this.#loaded(waiting);
      });
  }

  #loaded(lane: Lane): void {
    lane.isLoading = false;
    this.wake(lane);
  }

  #cancel(lane: Lane): void {
    lane.isCanceling = true;
    this.#block(lane, false);
    lane.supply.release();
    // What is handed over while rows are canceled is seen by the new supply, and then canceled too.
    lane.supply = new ParallelSupply(lane.budget);
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
    this.#running++;
    void this.#options.runner.run(lane, target, delivery, this);
  }

  /** The runner is through with a delivery: it is recorded, or will be sent again. */
  ended(lane: Lane): void {
    this.#running--;
    if (this.#running === 0) this.#drained?.();
    this.wake(lane);
  }

  #rereadDoubtful(): void {
    for (const lane of this.#doubtful) this.reread(lane);
    this.#doubtful.clear();
  }
}
