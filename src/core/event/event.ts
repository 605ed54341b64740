/** What came in or was published. On the `app` routes it is called a message. Times are ms since the epoch. */
import type { ApplicationId, EventId } from '../ids.ts';
import type { Received } from '../received/received.ts';

export interface Event {
  readonly id: EventId;
  /** null = an operational event of the organization itself; RECEIVED = a source took it in. */
  readonly applicationId: ApplicationId | null;
  /** How it came in; null = it was published. */
  readonly received: Received | null;
  readonly type: string;
  /** The publisher's own id, unique per application for as long as the event is kept. */
  readonly eventId: string | null;
  readonly channels: readonly string[] | null;
  readonly tags: readonly string[] | null;
  /** How deliveries are made unless the destination says otherwise. */
  readonly method: string;
  readonly contentType: string;
  /** Headers that the publisher asked for on each delivery of this event, `[name, value][]`. */
  readonly headers: readonly (readonly [string, string])[] | null;
  /** Deliveries with the same key stay in order where the destination orders by key. */
  readonly orderingKey: string | null;
  /** This message's own retry schedule; null = the destination's, the event type's, the global one. */
  readonly retryScheduleMs: readonly number[] | null;
  readonly acceptedAt: number;
  /** When the content is deleted. */
  readonly contentExpiresAt: number;
  /** Not delivered before this instant; 0 = at once. */
  readonly deliverAt: number;
}

/** What became of an event's content. */
export type ContentState = 'kept' | 'expired' | 'expunged';
