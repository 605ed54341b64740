/** What happened. Pages by id; every read has a row limit and a deadline (Problem `unavailable` past it). */
import type { Attempt, DeliveryStatus } from '../core/delivery/delivery.ts';
import type { ContentState, Event } from '../core/event/event.ts';
import type { ApplicationId, AttemptId, DestinationId, EventId, OrganizationId } from '../core/ids.ts';

/** The owner of events: an application, or null for the organization's operational events. */
export interface EventScope {
  readonly organization: OrganizationId;
  readonly applicationId: ApplicationId | null;
}

/** Ids in a page are newest first (`descending`) or oldest first; `after` is exclusive. */
export interface Page {
  readonly after: string | null;
  readonly direction: 'ascending' | 'descending';
  readonly limit: number;
}

export interface EventFilter {
  readonly types?: readonly string[];
  readonly channel?: string;
  readonly tag?: string;
  /** Instants of acceptance in ms: `since` inclusive, `before` exclusive. */
  readonly since?: number;
  readonly before?: number;
}

export interface AttemptFilter extends EventFilter {
  readonly status?: readonly Attempt['status'][];
  /** 0 (no answer), 100, 200 … 500. */
  readonly statusCodeClass?: number;
  readonly destinationId?: DestinationId;
  readonly eventId?: EventId;
}

export interface StoredEvent {
  readonly seq: number;
  readonly event: Event;
  readonly content: Uint8Array | null;
  readonly contentState: ContentState;
}

export interface DestinationState {
  readonly destinationId: DestinationId;
  readonly status: DeliveryStatus;
  readonly nextAttemptAt: number | null;
}

export interface DeliveryFilter {
  readonly destinationId?: DestinationId;
  readonly eventId?: EventId;
  readonly status?: readonly DeliveryStatus[];
  /** Instants of the event's acceptance in ms: `since` inclusive, `before` exclusive. */
  readonly since?: number;
  readonly before?: number;
}

/** An event at a destination that it went to, or is to go to. */
export interface ListedDelivery extends DestinationState {
  readonly event: Event;
  /** Tries so far, also those asked for by hand. */
  readonly attempts: number;
  /** The attempt that decides; null = there was none. */
  readonly last: Omit<Attempt, 'response'> | null;
}

export interface History {
  /** `ref`: an event id, or the publisher's own eventId. */
  findEvent(
    scope: EventScope,
    ref: { id: EventId } | { eventId: string },
    options: { withContent: boolean },
  ): Promise<StoredEvent | null>;
  listEvents(
    scope: EventScope,
    filter: EventFilter,
    page: Page,
    options: { withContent: boolean },
  ): Promise<readonly StoredEvent[]>;
  /** In order of acceptance, `seq` > afterSeq: for pollers, replays and tails, which must not miss a late commit. */
  readEvents(
    scope: EventScope,
    filter: EventFilter,
    options: { afterSeq: number; limit: number; withContent: boolean },
  ): Promise<readonly StoredEvent[]>;
  /** The seq of the scope's last committed event; 0 = none yet. */
  lastSeq(scope: EventScope): Promise<number>;
  /** The seq before the first event accepted at or after `at` (for seeking). */
  seqAt(scope: EventScope, at: number): Promise<number>;

  findAttempt(scope: EventScope, eventId: EventId, attemptId: AttemptId): Promise<Attempt | null>;
  listAttempts(
    scope: EventScope,
    filter: AttemptFilter,
    page: Page,
  ): Promise<readonly { readonly attempt: Attempt; readonly event: Event }[]>;

  /** State of each destination that has or had a delivery of this event, ordered by destination id. */
  listDestinationStates(scope: EventScope, eventId: EventId): Promise<readonly DestinationState[]>;
  /** Events that have or had a delivery to a destination, newest first, with its state there. */
  listDestinationEvents(
    scope: EventScope,
    destinationId: DestinationId,
    filter: EventFilter & { readonly status?: readonly DeliveryStatus[] },
    page: Page,
    options: { withContent: boolean },
  ): Promise<readonly (StoredEvent & DestinationState)[]>;
  /**
   * Event x destination in order of the events' acceptance, then of destination ids. `after`: `<event id>/<destination id>`.
   */
  listDeliveries(scope: EventScope, filter: DeliveryFilter, page: Page): Promise<readonly ListedDelivery[]>;
  /** Events of the scope in order of id that have no delivery, settled or not, to a destination (replay-missing). */
  listMissing(
    scope: EventScope,
    destinationId: DestinationId,
    filter: EventFilter,
    page: Page,
  ): Promise<readonly Event[]>;
  /** Deliveries by state; an event counts once per destination. */
  countStates(
    scope: EventScope,
    destinationId: DestinationId,
    filter: EventFilter,
  ): Promise<Readonly<Record<DeliveryStatus, number>>>;
  /** Events accepted and deliveries attempted per application in a range of time (usage). */
  countUsage(
    organization: OrganizationId,
    applications: readonly ApplicationId[] | null,
    range: { since: number; before: number },
  ): Promise<
    readonly { readonly applicationId: ApplicationId; readonly events: number; readonly attempts: number }[]
  >;
  /** The set of event types that have been published (usage). */
  usedEventTypes(
    organization: OrganizationId,
    range: { since: number; before: number },
  ): Promise<readonly string[]>;

  expungeContent(scope: EventScope, eventId: EventId): Promise<boolean>;
  expungeResponse(scope: EventScope, eventId: EventId, attemptId: AttemptId): Promise<boolean>;
  /** Expunges contents of the scope's events, oldest first, at most `limit` after event id `after`; the last id it did, or null at the end. */
  expungeContents(
    scope: EventScope,
    options: { after: EventId | null; before: number; limit: number },
  ): Promise<{ readonly last: EventId | null; readonly count: number }>;
}
