/**
 * Intake: one call = one event, durable when the promise resolves. An implementation gathers concurrent calls (and
 * `Queue.record`, and catalog writes) into one transaction; order of calls is order of acceptance.
 * Throws Problem('unavailable') when the store cannot take it; then nothing was written.
 */
import type { Event } from '../core/event/event.ts';
import type { ApplicationId, DestinationId, EventId, OrganizationId } from '../core/ids.ts';

export interface Intake {
  accept(acceptance: Acceptance): Promise<AcceptResult>;

  /**
   * What other programs left for this store in transactions of their own (`posthorn_publish`), oldest first; always
   * empty where there is no such function. Each is published once: `Acceptance.outboxNo` takes it out.
   */
  takeOutbox(limit: number): Promise<readonly OutboxEntry[]>;
  /** Takes an entry out that can never be published (its application is gone). */
  dropOutbox(no: number): Promise<void>;
}

export interface OutboxEntry {
  readonly no: number;
  readonly organization: OrganizationId;
  readonly applicationId: ApplicationId;
  /** Already told to whoever left it. */
  readonly id: EventId;
  readonly type: string;
  readonly eventId: string | null;
  readonly channels: readonly string[] | null;
  readonly tags: readonly string[] | null;
  readonly orderingKey: string | null;
  readonly content: Uint8Array;
}

export interface Acceptance {
  readonly organization: OrganizationId;
  readonly event: Event;
  readonly content: Uint8Array;
  /** The planned deliveries. All are due at `event.deliverAt` (0 = at once). */
  readonly destinations: readonly DestinationId[];
  /** Set when this was asked for with an Idempotency-Key: stored in the same transaction. */
  readonly idempotency: IdempotencyRecord | null;
  /** The catalog version that the deliveries were planned with; null = they do not depend on it. */
  readonly catalogVersion: number | null;
  /** The entry of the outbox that this publishes and takes out; null = none. */
  readonly outboxNo: number | null;
}

/** organization + method + path + key, hashed by the caller; kept 12 h. */
export interface IdempotencyRecord {
  readonly keyHash: Uint8Array;
  readonly bodyHash: Uint8Array;
  readonly status: number;
  /** The response body to replay, already JSON. */
  readonly response: string;
  readonly expiresAt: number;
}

export type AcceptResult =
  /** `seq` orders events by acceptance (greater = later); deliveries of this call are now in the queue. */
  | { readonly kind: 'accepted'; readonly seq: number; readonly catalogVersion: number }
  /** `event.eventId` is taken in its application; nothing was written. */
  | { readonly kind: 'duplicate'; readonly id: EventId }
  /** The catalog has changed since the deliveries were planned; nothing was written: plan again. */
  | { readonly kind: 'stale'; readonly catalogVersion: number }
  /** Another node has published this entry of the outbox; nothing was written. */
  | { readonly kind: 'taken-out' }
  | IdempotencyResult;

export type IdempotencyResult =
  /** The same key with the same body was answered before; nothing was written. */
  | { readonly kind: 'replayed'; readonly status: number; readonly response: string }
  /** The same key with another body; nothing was written. */
  | { readonly kind: 'key-reused' };
