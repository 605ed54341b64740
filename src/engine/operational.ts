/** Events about Posthorn's own work: made and planned here, committed with what they tell of. */
import type { Application, Destination, Source } from '../core/catalog/resources.ts';
import type { Attempt } from '../core/delivery/delivery.ts';
import type { Event } from '../core/event/event.ts';
import { plan } from '../core/event/plan.ts';
import { type ApplicationId, newId, type OrganizationId } from '../core/ids.ts';
import {
  attemptEvent,
  type EndpointEventType,
  endpointEvent,
  type OperationalEvent,
  type SourceEventType,
  sourceEvent,
} from '../core/operational-events.ts';
import type { Acceptance } from '../ports/intake.ts';
import type { CachedDirectory } from './directory.ts';
import type { EngineParts } from './engine.ts';

const RANDOM_ID_BYTES = 15;

export interface AttemptStory {
  readonly organization: OrganizationId;
  readonly application: Application;
  readonly destination: Destination;
  readonly event: Event;
  readonly attempt: Attempt;
}

export interface EndpointStory {
  readonly organization: OrganizationId;
  readonly application: Application;
  readonly destination: Destination;
  readonly failingSince: number | null;
}

export class OperationalEvents {
  readonly #parts: EngineParts;
  readonly #directory: CachedDirectory;

  constructor(parts: EngineParts, directory: CachedDirectory) {
    this.#parts = parts;
    this.#directory = directory;
  }

  ofAttempt(
    kind: 'failing' | 'recovered' | 'exhausted',
    { organization, application, destination, event, attempt }: AttemptStory,
  ): Promise<Acceptance[]> {
    const told = attemptEvent(`message.attempt.${kind}`, {
      applicationId: application.id as ApplicationId,
      applicationUid: application.uid,
      destinationId: destination.id,
      eventId: event.id,
      publishedEventId: event.eventId,
      lastAttempt: attempt,
    });
    return this.#plan(organization, told);
  }

  ofEndpoint(
    type: EndpointEventType,
    { organization, application, destination, failingSince }: EndpointStory,
  ): Promise<Acceptance[]> {
    const told = endpointEvent(type, {
      applicationId: application.id as ApplicationId,
      applicationUid: application.uid,
      destinationId: destination.id,
      destinationUid: destination.uid,
      failingSince,
    });
    return this.#plan(organization, told);
  }

  ofSource(
    type: SourceEventType,
    organization: OrganizationId,
    { source, ...told }: { source: Source; detail: string | null; lastEventAt: number | null },
  ): Promise<Acceptance[]> {
    return this.#plan(organization, sourceEvent(type, source, told));
  }

  /** Nothing is stored that nobody subscribed to. */
  async #plan(organization: OrganizationId, { type, bytes }: OperationalEvent): Promise<Acceptance[]> {
    const { destinations } = await this.#directory.operational(organization);
    const planned = plan({ type, channels: null }, destinations);
    if (planned.length === 0) return [];
    const { clock, dice, settings } = this.#parts;
    const now = clock.now();
    const event: Event = {
      id: newId<'event'>(now, dice.bytes(RANDOM_ID_BYTES)),
      applicationId: null,
      received: null,
      type,
      eventId: null,
      channels: null,
      tags: null,
      method: 'POST',
      contentType: 'application/json',
      headers: null,
      orderingKey: null,
      retryScheduleMs: null,
      acceptedAt: now,
      contentExpiresAt: now + settings.contentRetentionMs,
      deliverAt: 0,
    };
    return [
      {
        organization,
        event,
        content: bytes,
        destinations: planned,
        idempotency: null,
        // Told with what it tells of, which must not be refused because somebody changed something else.
        catalogVersion: null,
        outboxNo: null,
      },
    ];
  }
}
