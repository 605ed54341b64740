/** Made-up people, events and attempts for the suites: same input, same ids. */
import type { Application, Destination, Resource, Sealed, Source } from '../../core/catalog/resources.ts';
import type { Attempt } from '../../core/delivery/delivery.ts';
import type { Event } from '../../core/event/event.ts';
import {
  type ApplicationId,
  type AttemptId,
  type DestinationId,
  type EventId,
  type Id,
  newId,
  type OrganizationId,
  type SourceId,
} from '../../core/ids.ts';
import type { Received } from '../../core/received/received.ts';
import type { Change, ChangeSet } from '../../ports/catalog.ts';
import type { EventScope } from '../../ports/history.ts';
import type { Acceptance } from '../../ports/intake.ts';
import type { AttemptRecord, LaneKey, QueuedDelivery } from '../../ports/queue.ts';
import type { Storage } from '../../ports/storage.ts';

export interface Opened {
  readonly storage: Storage;
  /** Closes the store and opens it again, as a restart does; absent when it keeps nothing. */
  readonly reopen?: () => Promise<Storage>;
  readonly close: () => Promise<void>;
}
export type OpenStorage = () => Promise<Opened>;

export const MINUTE = 60_000;
export const DAY = 86_400_000;
/** The suites' day begins here; nothing in them depends on the real time but the expiry of contents. */
export const NOON = Date.now() - (Date.now() % 1000);

let made = 0;
/** A new id of an instant; later calls give greater ids. */
export function idOf<Name extends string>(at = NOON): Id<Name> {
  const random = new Uint8Array(15);
  new DataView(random.buffer).setUint32(0, ++made);
  return newId(at, random);
}

/** Ada owns what a case is about, Cyd is a stranger. Each case has its own Ada and Cyd, so cases may share a store. */
export let ADA: OrganizationId;
export let CYD: OrganizationId;
export let APP: ApplicationId;
export let OTHER_APP: ApplicationId;
export let ADA_APP: EventScope;
/** Of the case's membership: what is recorded is recorded under it. */
export let EPOCH = 0;

let worlds = 0;
/** Called before each case. Later organizations sort after earlier ones. */
export function enterNewWorld(epoch = 0): void {
  EPOCH = epoch;
  const world = String(++worlds).padStart(4, '0');
  ADA = `org_${world}_ada` as OrganizationId;
  CYD = `org_${world}_cyd` as OrganizationId;
  APP = idOf<'application'>();
  OTHER_APP = idOf<'application'>();
  ADA_APP = { organization: ADA, applicationId: APP };
}

export const newDestinationId = (): DestinationId => idOf<'destination'>();

export function eventOf(more: Partial<Event> = {}): Event {
  const acceptedAt = more.acceptedAt ?? NOON;
  return {
    id: idOf<'event'>(acceptedAt) as EventId,
    applicationId: APP,
    received: null,
    type: 'invoice.paid',
    eventId: null,
    channels: null,
    tags: null,
    method: 'POST',
    contentType: 'application/json',
    headers: null,
    orderingKey: null,
    retryScheduleMs: null,
    acceptedAt,
    contentExpiresAt: acceptedAt + 90 * DAY,
    deliverAt: 0,
    ...more,
  };
}

export function acceptanceOf(
  destinations: readonly DestinationId[],
  event: Partial<Event> = {},
  more: Partial<Acceptance> = {},
): Acceptance {
  const whole = eventOf(event);
  return {
    organization: ADA,
    event: whole,
    content: Buffer.from(JSON.stringify({ id: whole.id })),
    destinations,
    idempotency: null,
    catalogVersion: null,
    outboxNo: null,
    ...more,
  };
}

export function receivedOf(more: Partial<Received> = {}): Received {
  return {
    sourceId: idOf<'source'>() as SourceId,
    via: 'http',
    sub: '',
    query: '',
    headers: [['content-type', 'application/json']],
    sealed: null,
    peer: null,
    proof: null,
    dedupeKey: null,
    readAs: null,
    isTest: false,
    meta: null,
    ...more,
  };
}

export interface Accepted {
  readonly event: Event;
  readonly seq: number;
}

/** Accepts, and insists that it was. */
export async function accept(
  storage: Storage,
  destinations: readonly DestinationId[],
  event: Partial<Event> = {},
): Promise<Accepted> {
  const acceptance = acceptanceOf(destinations, event);
  const result = await storage.intake.accept(acceptance);
  if (result.kind !== 'accepted') throw new Error(`expected to be accepted, got ${result.kind}`);
  return { event: acceptance.event, seq: result.seq };
}

type TakeOptions = { readonly afterSeq?: number; readonly limit?: number; readonly bytesMax?: number };
const ALL = { afterSeq: 0, limit: 100, bytesMax: 1e9 };
/** How often a read is repeated while other transactions of the server keep rows undecided, and the pause between. */
const DECIDED_READS = 500;
const DECIDED_PAUSE_MS = 10;

export async function takeFresh(
  storage: Storage,
  lane: LaneKey,
  options: TakeOptions = {},
): Promise<readonly QueuedDelivery[]> {
  return (await storage.queue.takeFresh(lane, { ...ALL, ...options, decidedOnly: false })).rows;
}

/** Waits until all that was committed is decided. */
export async function takeInOrder(
  storage: Storage,
  lane: LaneKey,
  options: TakeOptions = {},
): Promise<readonly QueuedDelivery[]> {
  for (let reads = 1; ; reads++) {
    const taken = await storage.queue.takeInOrder(lane, { ...ALL, ...options });
    if (!taken.hasUndecided) return taken.rows;
    if (reads > DECIDED_READS) throw new Error('The rows of the lane stay undecided.');
    await new Promise((resolve) => setTimeout(resolve, DECIDED_PAUSE_MS));
  }
}

/** Steps that cleaning up may take before it must have come to its end. */
const PRUNE_STEPS_MAX = 1000;

/** Calls `prune` until it finds nothing, and tells what each step said that it deleted. */
export async function pruneAll(
  storage: Storage,
  options: { now: number; historyBefore: number; limit: number },
): Promise<readonly number[]> {
  const steps: number[] = [];
  while (steps.length < PRUNE_STEPS_MAX) {
    const rows = await storage.upkeep.prune(options);
    if (rows === 0) return steps;
    steps.push(rows);
  }
  throw new Error('Pruning does not come to an end.');
}

export function attemptOf(event: Event, destinationId: DestinationId, more: Partial<Attempt> = {}): Attempt {
  const startedAt = more.startedAt ?? event.acceptedAt + 10;
  return {
    id: idOf<'attempt'>(startedAt) as AttemptId,
    eventId: event.id,
    destinationId,
    url: 'https://receiver.example/hooks',
    outcome: 'answered',
    statusCode: 200,
    response: Buffer.from('thanks'),
    durationMs: 12,
    startedAt,
    trigger: 'scheduled',
    number: 1,
    status: 'delivered',
    nextAttemptAt: null,
    ...more,
  };
}

/** A record of an attempt that settles the delivery, unless `next` says otherwise. */
export function recordOf(
  { seq, event }: Accepted,
  attempt: Partial<Attempt> & { readonly destinationId: DestinationId },
  more: Partial<AttemptRecord> = {},
): AttemptRecord {
  return {
    organization: ADA,
    epoch: EPOCH,
    seq,
    attempt: attemptOf(event, attempt.destinationId, attempt),
    next: { kind: 'settled' },
    health: undefined,
    publish: [],
    ...more,
  };
}

/** A failed attempt whose retry is due at an instant. */
export function failureOf(
  accepted: Accepted,
  destinationId: DestinationId,
  { dueAt, attempts }: { dueAt: number; attempts: number },
): AttemptRecord {
  return recordOf(
    accepted,
    { destinationId, statusCode: 500, status: 'sending', nextAttemptAt: dueAt, number: attempts },
    { next: { kind: 'waiting', dueAt, attempts } },
  );
}

function resourceOf<Name extends string>(more: Partial<Resource>): Resource & { id: Id<Name> } {
  const id = idOf<Name>();
  return {
    uid: null,
    ownerId: null,
    createdAt: NOON,
    updatedAt: NOON,
    version: 1,
    ...more,
    id: (more.id ?? id) as Id<Name>,
  };
}

export function applicationOf(more: Partial<Application> = {}): Application {
  return {
    ...resourceOf(more),
    name: 'Ada’s customer',
    throttleRate: null,
    metadata: {},
    tokensValidFrom: 0,
    ...more,
  };
}

export function destinationOf(more: Partial<Destination> = {}): Destination {
  return {
    ...resourceOf<'destination'>(more),
    kind: 'http',
    url: 'https://receiver.example/hooks',
    description: '',
    eventTypes: null,
    channels: null,
    disabled: false,
    disabledReason: null,
    metadata: {},
    keys: [],
    headers: null,
    throttleRate: null,
    concurrency: null,
    timeoutMs: null,
    retryScheduleMs: null,
    ordering: { scope: 'none', onFailure: 'skip' },
    method: null,
    auth: null,
    tls: null,
    allowHttp2: false,
    transformation: null,
    ...more,
  };
}

export function sourceOf(more: Partial<Source> = {}): Source {
  return {
    ...resourceOf<'source'>(more),
    kind: 'http',
    name: 'Ada’s shop',
    description: '',
    metadata: {},
    tokenHash: idOf(),
    token: 'sealed' as Sealed,
    provider: 'none',
    providerConfig: {},
    secrets: null,
    values: null,
    allowCapture: false,
    toleranceSeconds: null,
    methods: null,
    contentType: null,
    payloadFrom: null,
    type: null,
    orderingKey: null,
    dedupe: null,
    answer: { kind: 'ack' },
    rateLimit: null,
    bodyBytesMax: null,
    onParseError: 'accept',
    disabled: false,
    pausedAt: null,
    expectEveryMs: null,
    retentionMs: null,
    redactHeaders: [],
    input: null,
    ...more,
  };
}

export function changeSet(changes: readonly Change[], more: Partial<ChangeSet> = {}): ChangeSet {
  return { organization: ADA, changes, audit: [], idempotency: null, publish: [], forgetHealth: [], ...more };
}

export const NEWEST = { after: null, direction: 'descending', limit: 100 } as const;
export const OLDEST = { after: null, direction: 'ascending', limit: 100 } as const;
