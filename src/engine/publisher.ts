/** Takes events in: plan, one durable write, then hand-off to the lanes. Also sends stored events again. */
import type { Destination } from '../core/catalog/resources.ts';
import type { Event } from '../core/event/event.ts';
import { plan } from '../core/event/plan.ts';
import {
  type ApplicationId,
  type DestinationId,
  type EventId,
  newId,
  type OrganizationId,
} from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import type { Acceptance } from '../ports/intake.ts';
import type { Enqueued, QueuedDelivery } from '../ports/queue.ts';
import type { CachedDirectory } from './directory.ts';
import type { EngineMetrics, EngineParts, PublishRequest, PublishResult } from './engine.ts';
import { idempotencyRecord, keyReused, replayedReply } from './idempotency.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';

const RANDOM_ID_BYTES = 15;

export interface PublisherOptions {
  readonly directory: CachedDirectory;
  readonly lanes: Lanes;
  readonly metrics: EngineMetrics;
}

export class Publisher {
  readonly #parts: EngineParts;
  readonly #directory: CachedDirectory;
  readonly #lanes: Lanes;
  readonly #metrics: EngineMetrics;

  constructor(parts: EngineParts, { directory, lanes, metrics }: PublisherOptions) {
    this.#parts = parts;
    this.#directory = directory;
    this.#lanes = lanes;
    this.#metrics = metrics;
  }

  async publish(request: PublishRequest): Promise<PublishResult> {
    const now = this.#parts.clock.now();
    const event = this.#eventOf(request, now);
    const acceptance: Acceptance = {
      organization: request.organization,
      event,
      content: request.content,
      destinations: request.only ?? plan(event, request.application.destinations),
      idempotency: idempotencyRecord(request.idempotency, () => request.reply(event), now),
    };
    let result: Awaited<ReturnType<EngineParts['storage']['intake']['accept']>>;
    try {
      result = await this.#parts.storage.intake.accept(acceptance);
    } catch (cause) {
      this.doubt(acceptance);
      throw cause;
    }
    if (result.kind === 'duplicate') return result;
    if (result.kind === 'replayed') return { kind: 'replayed', reply: replayedReply(result) };
    if (result.kind === 'key-reused') throw keyReused();
    this.#metrics.eventsAccepted++;
    this.handOff(acceptance, result.seq);
    this.#directory.sawVersion(request.organization, result.catalogVersion);
    this.#tell(acceptance, this.#parts.clock.now() - now);
    return { kind: 'accepted', event };
  }

  #tell({ organization, event, content, destinations }: Acceptance, commitMs: number): void {
    this.#parts.log.info('event.accepted', {
      organization,
      applicationId: event.applicationId,
      eventId: event.id,
      type: event.type,
      bytes: content.length,
      deliveries: destinations.length,
      commitMs,
    });
  }

  /** Gives the deliveries of a commit to their lanes. */
  handOff({ organization, event, content, destinations }: Acceptance, seq: number): void {
    for (const destinationId of destinations) {
      const lane = this.#laneOf(organization, destinationId, event.applicationId);
      this.#lanes.hand(lane, {
        seq,
        trigger: 'scheduled',
        dueAt: event.deliverAt,
        attempts: 0,
        event,
        content,
      });
    }
  }

  /** The deliveries of a commit whose place in the order is not known: their lanes read them. */
  announce({ organization, event, destinations }: Acceptance): void {
    for (const destinationId of destinations) {
      const lane = this.#laneOf(organization, destinationId, event.applicationId);
      lane.supply.mark();
      this.#lanes.wake(lane);
    }
  }

  /** The store did not say whether it took this: it may have. */
  doubt({ organization, event, destinations }: Acceptance): void {
    for (const destinationId of destinations) {
      this.#lanes.doubt(this.#laneOf(organization, destinationId, event.applicationId));
    }
  }

  async resend(organization: OrganizationId, destination: Destination, eventId: EventId): Promise<void> {
    refuseDisabled(destination);
    const dueAt = this.#parts.clock.now();
    // Read before it is queued, so that the lane cannot send it by itself while we read.
    const delivery = await this.#readManual(organization, destination, { eventId, dueAt });
    const [result] = await this.#parts.storage.queue.enqueue(organization, [
      { eventId, destinationId: destination.id, trigger: 'manual', dueAt },
    ]);
    if (result === undefined || result.kind === 'unknown-event')
      throw new Problem('not_found', 'There is no such message: check its id.');
    if (result.kind === 'no-content')
      throw new Problem(
        'missing_payload',
        'The payload of this message has expired or was expunged: publish it again.',
      );
    const lane = this.#laneOf(organization, destination.id, destination.ownerId);
    const isNew = result.kind === 'queued' && delivery !== null && !lane.isGivenOut(delivery);
    if (isNew) lane.supply.handUrgent(delivery);
    else lane.supply.markDue(dueAt);
    this.#lanes.wake(lane);
  }

  async replay(
    organization: OrganizationId,
    destination: Destination,
    eventIds: readonly EventId[],
  ): Promise<number> {
    refuseDisabled(destination);
    const dueAt = this.#parts.clock.now();
    const results: readonly Enqueued[] = await this.#parts.storage.queue.enqueue(
      organization,
      eventIds.map((eventId) => ({
        eventId,
        destinationId: destination.id,
        trigger: 'scheduled' as const,
        dueAt,
      })),
    );
    const lane = this.#laneOf(organization, destination.id, destination.ownerId);
    lane.supply.markDue(dueAt);
    this.#lanes.wake(lane);
    return results.filter(({ kind }) => kind === 'queued' || kind === 'already-queued').length;
  }

  /** A person waits for a resend: it does not wait in line, nor behind an open circuit. null = the lane reads it. */
  async #readManual(
    organization: OrganizationId,
    destination: Destination,
    { eventId, dueAt }: { eventId: EventId; dueAt: number },
  ): Promise<QueuedDelivery | null> {
    try {
      const scope = { organization, applicationId: destination.ownerId };
      const stored = await this.#parts.storage.history.findEvent(
        scope,
        { id: eventId },
        { withContent: true },
      );
      if (stored === null) return null;
      const { seq, event, content } = stored;
      return { seq, trigger: 'manual', dueAt, attempts: 0, event, content };
    } catch {
      return null;
    }
  }

  #laneOf(organization: OrganizationId, destinationId: DestinationId, ownerId: ApplicationId | null): Lane {
    const lane = this.#lanes.find(destinationId) ?? this.#lanes.lane({ organization, destinationId });
    if (lane.ownerId === undefined) lane.ownerId = ownerId;
    return lane;
  }

  #eventOf({ application, event: given }: PublishRequest, now: number): Event {
    return {
      id: newId<'event'>(now, this.#parts.dice.bytes(RANDOM_ID_BYTES)),
      applicationId: application.application.id as ApplicationId,
      type: given.type,
      eventId: given.eventId,
      channels: given.channels,
      tags: given.tags,
      method: given.method,
      contentType: given.contentType,
      headers: given.headers,
      orderingKey: given.orderingKey,
      retryScheduleMs: given.retryScheduleMs,
      acceptedAt: now,
      contentExpiresAt: given.contentExpiresAt,
      deliverAt: given.deliverAt > now ? given.deliverAt : 0,
    };
  }
}

function refuseDisabled(destination: Destination): void {
  if (!destination.disabled) return;
  throw new Problem('generic_error', 'The endpoint is disabled: enable it, then send the message again.');
}
