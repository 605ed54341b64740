/**
 * The queue is the hot table of unsettled deliveries. A lane is one destination's part of it. Nothing lives only in
 * memory: what the engine holds is a copy of rows that stay until `record` or `cancel` settles them.
 */
import type { Attempt, Trigger } from '../core/delivery/delivery.ts';
import type { Health } from '../core/delivery/health.ts';
import type { Event } from '../core/event/event.ts';
import type { DestinationId, EventId, OrganizationId } from '../core/ids.ts';
import type { Acceptance } from './intake.ts';

export interface Queue {
  /**
   * Lanes that have unsettled deliveries, ordered by (organization, destination), at most `limit` after `after`; of
   * these shards (core/shard.ts) only, null = of all. Its cost follows the number of lanes, not of deliveries.
   */
  lanes(
    after: LaneKey | null,
    limit: number,
    shards: ReadonlySet<number> | null,
  ): Promise<readonly LaneSummary[]>;

  /**
   * Fresh deliveries of a lane (never attempted and not delayed: `dueAt` 0) with `seq > afterSeq`, in order of
   * acceptance, with their events and contents; at most `limit` rows and about `bytesMax` bytes (at least one row).
   * `decidedOnly`: none from `decidedBelow` on, so that no row can turn up later before one that was taken.
   */
  takeFresh(
    lane: LaneKey,
    options: { afterSeq: number; limit: number; bytesMax: number; decidedOnly: boolean },
  ): Promise<Taken>;

  /** Waiting deliveries of a lane (`dueAt` > 0) with `dueAt <= dueBefore`, earliest first, after `after` (exclusive). */
  takeDue(
    lane: LaneKey,
    options: { dueBefore: number; after: DuePosition | null; limit: number; bytesMax: number },
  ): Promise<readonly QueuedDelivery[]>;

  /** The lane's decided deliveries in order of acceptance whatever their due time, for lanes that keep order. */
  takeInOrder(lane: LaneKey, options: { afterSeq: number; limit: number; bytesMax: number }): Promise<Taken>;

  /** When the lane's next waiting delivery is due; null = none waits. */
  nextDue(lane: LaneKey): Promise<number | null>;

  /**
   * One finished attempt, in one transaction: the attempt, the delivery's next state, the destination's health, and
   * the operational events that follow from it. The delivery may be gone (canceled, or settled by a manual resend):
   * then the attempt and the health are still recorded and nothing else changes.
   * A record whose attempt is known already changes nothing, so that one whose answer was lost may be repeated.
   * `fenced`: `record.epoch` no longer holds its shards; nothing was written, and the new holder makes the attempt.
   */
  record(record: AttemptRecord): Promise<'recorded' | 'fenced'>;

  /** Adds deliveries of stored events, as asked for by resend, recover and replay. A pair already queued with that trigger stays as it is. */
  enqueue(organization: OrganizationId, entries: readonly EnqueueEntry[]): Promise<readonly Enqueued[]>;

  /**
   * Cancels what a lane (or one event in it) still has unsettled, at most `limit` deliveries; each leaves an attempt
   * with status `canceled`. Returns how many. null = a whole lane is not canceled, because its destination is served as
   * the store knows it now: the caller's knowledge is old.
   */
  cancel(
    lane: LaneKey,
    options: { eventId: EventId | null; limit: number; now: number; newAttemptIds: () => string },
  ): Promise<number | null>;

  /**
   * Makes deliveries of a lane that wait for a retry due now (a re-enabled destination), at most `limit`; delayed ones
   * keep their instant. Returns how many.
   */
  hurry(lane: LaneKey, options: { now: number; limit: number }): Promise<number>;

  readHealth(lane: LaneKey): Promise<Health | null>;
  /** null = healthy: the row goes. */
  writeHealth(lane: LaneKey, health: Health | null): Promise<void>;
}

/**
 * Rows of one read. With several writers, a commit may become visible after one with a greater seq. From
 * `decidedBelow` on such rows may still turn up; below it, what is visible now is all there will ever be.
 */
export interface Taken {
  readonly rows: readonly QueuedDelivery[];
  /** Infinity on a store with one writer. */
  readonly decidedBelow: number;
  /** A `decidedOnly` read left out rows that are not decided yet: read again shortly. */
  readonly hasUndecided: boolean;
}

export interface LaneKey {
  readonly organization: OrganizationId;
  readonly destinationId: DestinationId;
}

export interface LaneSummary extends LaneKey {
  /** Highest seq among the lane's fresh deliveries; 0 = none is fresh. */
  readonly newestFreshSeq: number;
  readonly nextDueAt: number | null;
  readonly health: Health | null;
}

export interface DuePosition {
  readonly dueAt: number;
  readonly seq: number;
}

export interface QueuedDelivery {
  readonly seq: number;
  readonly trigger: Trigger;
  /** 0 = fresh. */
  readonly dueAt: number;
  /** Automatic attempts made so far. */
  readonly attempts: number;
  readonly event: Event;
  /** null = expired or expunged: the delivery can only be canceled. */
  readonly content: Uint8Array | null;
}

export interface AttemptRecord {
  readonly organization: OrganizationId;
  /** Under which the delivery was given out (ports/cluster.ts). */
  readonly epoch: number;
  /** Of the event, as handed over by `accept` or `take…`. */
  readonly seq: number;
  readonly attempt: Attempt;
  readonly next:
    | { readonly kind: 'settled' }
    /** `attempts` is the new count of automatic attempts. */
    | { readonly kind: 'waiting'; readonly dueAt: number; readonly attempts: number };
  /** Present when it changed; null inside = healthy again. */
  readonly health: { readonly value: Health | null } | undefined;
  /** Operational events that this attempt causes. */
  readonly publish: readonly Acceptance[];
}

export interface EnqueueEntry {
  readonly eventId: EventId;
  readonly destinationId: DestinationId;
  readonly trigger: Trigger;
  readonly dueAt: number;
}

/** `unknown-event`: no such event in the organization; `no-content`: its payload is gone. */
export type Enqueued =
  | { readonly kind: 'queued'; readonly seq: number }
  | { readonly kind: 'already-queued' }
  | { readonly kind: 'unknown-event' }
  | { readonly kind: 'no-content' };
