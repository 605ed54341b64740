/**
 * A lane is everything the engine knows about the work of one destination. It has no loop of its own: lanes.ts visits
 * the lanes that may have something to do, and puts each where it has to wait next:
 *
 *   idle ──handed over, alarm──> ready ──visit──> attempting (up to its concurrency)
 *                                 ▲  │
 *     alarm, answer, read, commit └──┴──> asleep (circuit, throttle, rate) | loading | reading | canceling
 *
 * A lane whose shard goes to another node is shut: it begins nothing more, and is forgotten.
 */
import { HEALTHY, type Health, type HealthWindow, newWindow } from '../core/delivery/health.ts';
import type { TokenBucket } from '../core/delivery/rate.ts';
import type { ApplicationId, DestinationId, OrganizationId } from '../core/ids.ts';
import { shardOf } from '../core/shard.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { LaneKey, QueuedDelivery } from '../ports/queue.ts';
import type { Sleeper } from './alarms.ts';
import type { Budget } from './budget.ts';
import { parallelSupply } from './fitting-supply.ts';
import { deliveryKey, type Supply } from './supply.ts';
import type { Target } from './targets.ts';

export class Lane implements LaneKey, Sleeper {
  readonly organization: OrganizationId;
  readonly destinationId: DestinationId;
  readonly shard: number;
  /** Of the membership that the lane was made under: what it gives out is recorded under it. */
  readonly epoch: number;
  readonly isShared: boolean;
  readonly budget: Budget;
  supply: Supply;
  alarmAt: number = Number.POSITIVE_INFINITY;
  alarmIndex = -1;

  /** undefined = not known yet (a lane found in the table). */
  ownerId: ApplicationId | null | undefined = undefined;
  /** What to call; looked up again when the directory's epoch has moved on. */
  target: Target | null = null;
  targetEpoch = -1;

  health: Health = HEALTHY;
  isHealthKnown = false;
  readonly window: HealthWindow = newWindow();
  bucket: TokenBucket | null = null;
  /** After trouble with the store or a secret: no turn before this instant. */
  restsUntil = 0;
  /** The circuit is open, or the receiver asked for a pause. */
  isBlocked = false;

  inFlight = 0;
  /** Attempts begun and not yet recorded. */
  running = 0;
  /** Keys of deliveries given out and not yet recorded. */
  readonly givenOut = new Set<number>();
  /** While a read runs: what was given out when it began or since; its rows may be older than those attempts. */
  ignored: Set<number> | null = null;
  isLoading = false;
  isCanceling = false;
  /** Attempts that ended with the destination to be disabled, which is not written yet. */
  disabling = 0;
  isQueued = false;
  /** Failed loads or reads in a row, for the pause before the next. */
  troubles = 0;
  usedAt = 0;
  /** The last instant at which it was, or is to be, looked for what other nodes made due. */
  dueLookAt = 0;
  isShut = false;
  /** Called when no attempt is running any more. */
  onDrained: (() => void) | null = null;

  constructor(key: LaneKey, { epoch, isShared }: Pick<Cluster, 'epoch' | 'isShared'>, budget: Budget) {
    this.organization = key.organization;
    this.destinationId = key.destinationId;
    this.shard = shardOf(key.destinationId);
    this.epoch = epoch;
    this.isShared = isShared;
    this.budget = budget;
    this.supply = parallelSupply(this);
  }

  give(delivery: QueuedDelivery): void {
    const key = deliveryKey(delivery);
    this.givenOut.add(key);
    this.ignored?.add(key);
  }

  takeBack(delivery: QueuedDelivery): void {
    this.givenOut.delete(deliveryKey(delivery));
  }

  /** A manual resend arrived, which settled the scheduled delivery too: a read under way may still bring that. */
  ignoreTwin({ seq }: QueuedDelivery): void {
    this.ignored?.add(deliveryKey({ seq, trigger: 'scheduled' }));
  }

  isGivenOut(delivery: QueuedDelivery): boolean {
    return this.givenOut.has(deliveryKey(delivery));
  }

  get holdsNothing(): boolean {
    return this.budget.items === 0 && this.ignored === null;
  }

  /** Nothing to do now or later, as far as is known. */
  get isIdle(): boolean {
    return (
      this.givenOut.size === 0 &&
      this.disabling === 0 &&
      this.ignored === null &&
      !this.isLoading &&
      !this.isCanceling &&
      this.supply.isIdle
    );
  }
}
