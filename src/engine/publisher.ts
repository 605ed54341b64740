/**
 * Takes events in: plan, one durable write, then hand-off to the lanes. Also sends stored events again. What another
 * node delivers is left in the store, and that node is woken.
 *
 *   plan ──accept──> accepted ──> lanes of ours | wake the others
 *    ▲         └──> stale: the catalog has changed since it was read
 *    └── reload ────┘ a few times
 */
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
import type { Acceptance, AcceptResult, OutboxEntry } from '../ports/intake.ts';
import type { Enqueued, LaneKey, QueuedDelivery } from '../ports/queue.ts';
import type { CachedDirectory } from './directory.ts';
import type {
  EngineMetrics,
  EngineParts,
  LoadedApplication,
  PublishRequest,
  PublishResult,
} from './engine.ts';
import { idempotencyRecord, keyReused, replayedReply } from './idempotency.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';

const RANDOM_ID_BYTES = 15;
/** How often an event is planned while the catalog keeps changing: more often than a burst of changes is long. */
const PLANS_MAX = 25;
const RETRY_AFTER_SECONDS = 1;

/** What is the same in every plan of an event. */
type Planless = Omit<Acceptance, 'destinations' | 'catalogVersion'>;

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
    const result = await this.#accept(
      {
        organization: request.organization,
        event,
        content: request.content,
        idempotency: idempotencyRecord(request.idempotency, () => request.reply(event), now),
        outboxNo: null,
      },
      request,
    );
    switch (result.kind) {
      case 'accepted':
        return { kind: 'accepted', event };
      case 'duplicate':
        return result;
      case 'replayed':
        return { kind: 'replayed', reply: replayedReply(result) };
      case 'key-reused':
        throw keyReused();
      case 'taken-out':
        throw new Error('An event that came from no outbox was answered as taken out of it.');
    }
  }

  /** Publishes what another program left in the store, and takes it out. */
  async publishLeft(
    entry: OutboxEntry,
    application: LoadedApplication,
  ): Promise<'published' | 'duplicate' | 'taken-out'> {
    const { clock, settings } = this.#parts;
    const now = clock.now();
    const { organization, applicationId, id, type, eventId, channels, tags, orderingKey, content } = entry;
    const event: Event = {
      ...{ id, applicationId, type, eventId, channels, tags, orderingKey },
      received: null,
      method: 'POST',
      contentType: 'application/json',
      headers: null,
      retryScheduleMs: null,
      acceptedAt: now,
      contentExpiresAt: now + settings.contentRetentionMs,
      deliverAt: 0,
    };
    const planless = { organization, event, content, idempotency: null, outboxNo: entry.no };
    const { kind } = await this.#accept(planless, { application, only: null });
    if (kind === 'accepted') return 'published';
    if (kind === 'duplicate' || kind === 'taken-out') return kind;
    throw new Error(`An entry of the outbox was answered with ${kind}.`);
  }

  /** Plans until the plan is of the catalog as it is, and hands over what was accepted. */
  async #accept(
    planless: Planless,
    { application, only }: Pick<PublishRequest, 'application' | 'only'>,
  ): Promise<Exclude<AcceptResult, { kind: 'stale' }>> {
    const { organization, event } = planless;
    for (let plans = 1; plans <= PLANS_MAX; plans++) {
      const acceptance: Acceptance = {
        ...planless,
        destinations: only ?? plan(event, application.destinations),
        catalogVersion: only === null ? this.#directory.versionOf(organization, application) : null,
      };
      const result = await this.accept(acceptance);
      if (result.kind === 'accepted') this.#metrics.eventsAccepted++;
      if (result.kind !== 'stale') return result;
      this.#directory.mustBe(organization, result.catalogVersion);
      application = await this.#directory.applicationById(organization, applicationIdOf(application));
    }
    throw new Problem('unavailable', 'The configuration keeps changing: publish again shortly.', {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  }

  /** One durable write and the hand-off. `stale`: plan again. */
  async accept(acceptance: Acceptance): Promise<AcceptResult> {
    const startedAt = this.#parts.clock.now();
    const result = await this.#acceptOnce(acceptance);
    if (result.kind === 'accepted') {
      this.handOff(acceptance, result.seq);
      this.#directory.sawVersion(acceptance.organization, result.catalogVersion);
      this.#tell(acceptance, this.#parts.clock.now() - startedAt);
    }
    return result;
  }

  async #acceptOnce(acceptance: Acceptance): Promise<AcceptResult> {
    try {
      return await this.#parts.storage.intake.accept(acceptance);
    } catch (cause) {
      this.doubt(acceptance);
      throw cause;
    }
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
    const dueAt = event.deliverAt;
    this.#reach(organization, destinations, event.applicationId, (lane) =>
      this.#lanes.hand(lane, { seq, trigger: 'scheduled', dueAt, attempts: 0, event, content }),
    );
  }

  /** The deliveries of a commit whose place in the order is not known: their lanes read them. */
  announce({ organization, event, destinations }: Acceptance): void {
    this.#reach(organization, destinations, event.applicationId, (lane) => {
      lane.supply.mark();
      this.#lanes.wake(lane);
    });
  }

  /** The store did not say whether it took this: it may have. */
  doubt({ organization, destinations }: Acceptance): void {
    for (const destinationId of destinations) this.#lanes.doubt({ organization, destinationId });
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
    this.#reach(organization, [destination.id], destination.ownerId, (lane) => {
      const isNew = result.kind === 'queued' && delivery !== null && !lane.isGivenOut(delivery);
      if (isNew) lane.supply.handUrgent(delivery);
      else lane.supply.markDue(dueAt);
      this.#lanes.wake(lane);
    });
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
    this.#reach(organization, [destination.id], destination.ownerId, (lane) => {
      lane.supply.markDue(dueAt);
      this.#lanes.wake(lane);
    });
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

  /** Tells the lanes that are here, and wakes whoever holds the others. */
  #reach(
    organization: OrganizationId,
    destinations: readonly DestinationId[],
    ownerId: ApplicationId | null,
    tell: (lane: Lane) => void,
  ): void {
    let elsewhere: LaneKey[] | null = null;
    for (const destinationId of destinations) {
      const lane = this.#lanes.find(destinationId) ?? this.#lanes.here({ organization, destinationId });
      if (lane === undefined) {
        elsewhere ??= [];
        elsewhere.push({ organization, destinationId });
        continue;
      }
      if (lane.ownerId === undefined) lane.ownerId = ownerId;
      tell(lane);
    }
    if (elsewhere !== null) this.#parts.storage.cluster.wake(elsewhere);
  }

  #eventOf({ application, event: given }: PublishRequest, now: number): Event {
    return {
      id: newId<'event'>(now, this.#parts.dice.bytes(RANDOM_ID_BYTES)),
      applicationId: applicationIdOf(application),
      received: null,
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

function applicationIdOf({ application }: LoadedApplication): ApplicationId {
  return application.id as ApplicationId;
}

function refuseDisabled(destination: Destination): void {
  if (!destination.disabled) return;
  throw new Problem('generic_error', 'The endpoint is disabled: enable it, then send the message again.');
}
