/**
 * The engine's face: what HTTP, the CLI and the application's start may ask of it. `createEngine` (create-engine.ts)
 * is the only implementation; it gets every port as a value, so that test/sim runs the very same code.
 */
import type { Principal } from '../core/access/access.ts';
import type {
  Application,
  BackgroundTask,
  Destination,
  DestinationAuth,
  EventType,
  Flow,
  ResourceKind,
  Resources,
  Sealed,
  Source,
  SourceHealth,
} from '../core/catalog/resources.ts';
import type { Event } from '../core/event/event.ts';
import type { ApplicationId, DestinationId, EventId, OrganizationId } from '../core/ids.ts';
import type { ReceivedFile } from '../core/received/event-document.ts';
import type { EventQuery } from '../core/received/event-query.ts';
import type { RawHeaders } from '../core/received/received.ts';
import type { Searched } from '../core/search/values.ts';
import type { Provider } from '../core/verification/provider.ts';
import type { HttpAnswer } from '../core/verification/verifier.ts';
import type { Clock } from '../ports/clock.ts';
import type { Dice } from '../ports/dice.ts';
import type { Expressions } from '../ports/expressions.ts';
import type { Formats } from '../ports/formats.ts';
import type { StoredEvent } from '../ports/history.ts';
import type { InboundDirectory, InboundKind } from '../ports/inbound.ts';
import type { Log } from '../ports/log.ts';
import type { Storage } from '../ports/storage.ts';
import type { Web } from '../ports/web.ts';
import type { Wire } from '../ports/wire.ts';

export interface EngineParts {
  readonly storage: Storage;
  readonly wire: Wire;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly log: Log;
  readonly fetchToken: FetchToken;
  readonly web: Web;
  readonly formats: Formats;
  readonly expressions: Expressions;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly inboundKinds: readonly InboundKind[];
  readonly settings: EngineSettings;
}

/** Gets an OAuth2 access token through the wire. Never rejects: a failure becomes the attempt's outcome. */
export type FetchToken = (
  wire: Wire,
  auth: Extract<DestinationAuth, { readonly type: 'oauth2' }>,
  options: { readonly now: number },
) => Promise<TokenAnswer>;

export type TokenAnswer =
  /** Not to be used from `expiresAt` on. */
  | { readonly kind: 'granted'; readonly token: string; readonly expiresAt: number }
  | { readonly kind: 'unrenderable'; readonly detail: string };

/** Everything that can be set, already parsed. Durations in ms. */
export interface EngineSettings {
  /** The first encrypts, all decrypt. */
  readonly mainSecrets: readonly string[];
  readonly retryScheduleMs: readonly number[];
  readonly defaultSignatureType: 'hmac256' | 'ed25519';
  readonly signatureHeaders: 'webhook' | 'svix';
  readonly userAgent: string;
  readonly endpointHttpsOnly: boolean;
  /** 0 = never disable. */
  readonly disableAfterMs: number;
  readonly timeoutMs: number;
  /** Attempts in flight per destination unless it says otherwise. */
  readonly concurrencyPerDestination: number;
  /** Attempts in flight in the whole process. */
  readonly concurrencyTotal: number;
  /** Deliveries and payload bytes a lane holds in memory before it leaves the rest in the table. */
  readonly laneItemsMax: number;
  readonly laneBytesMax: number;
  /** Payload bytes all lanes together hold in memory. */
  readonly memoryBytesMax: number;
  /** Events and attempts older than this are pruned. */
  readonly historyRetentionMs: number;
  /** How long a content is kept unless the message says otherwise. */
  readonly contentRetentionMs: number;
  /** Where this server is reached from outside, without a slash at the end. */
  readonly publicUrl: string;
}

export interface Engine {
  readonly directory: Directory;
  readonly vault: Vault;
  readonly tasks: Tasks;
  readonly sources: Sources;
  readonly received: Received;
  /** Which source a mail address belongs to, for the listener of mail. */
  readonly mailboxes: InboundDirectory;
  readonly metrics: EngineMetrics;
  /** Joins the cluster, loads the lanes that have work, resumes background tasks, starts the sweep. */
  start(): Promise<void>;
  /** Stops taking work, waits for attempts in flight up to `deadlineMs`; what is left stays queued in the store. Leaves the cluster. */
  stop(deadlineMs: number): Promise<void>;

  /** Durable when it resolves. */
  publish(request: PublishRequest): Promise<PublishResult>;
  /**
   * A call of a source's URL; the event is durable when it resolves. Problem not_found | authentication_failed |
   * method_not_allowed | payload_too_large | too_many_requests | generic_error | unavailable.
   */
  receive(call: IncomingCall): Promise<HttpAnswer>;
  /** Writes documents, audit line and operational events in one transaction; refreshes the directory and the lanes. */
  commit(request: CommitRequest): Promise<CommitResult>;
  /** One manual attempt of a stored event; leaves automatic retries alone. Problem not_found | missing_payload. */
  resend(organization: OrganizationId, destination: Destination, eventId: EventId): Promise<void>;
  /** Queues stored events for a destination again and wakes its lane; how many of them are in the queue now (not: payload gone). */
  replay(
    organization: OrganizationId,
    destination: Destination,
    eventIds: readonly EventId[],
  ): Promise<number>;
}

/** Cached reads of the catalog. A change answered here before a call is seen by that call; another node's, within a second. */
export interface Directory {
  /** `ref`: `app_…` or the caller's uid. Problem not_found. Synchronous when cached: check with `instanceof Promise`. */
  application(organization: OrganizationId, ref: string): LoadedApplication | Promise<LoadedApplication>;
  applicationById(
    organization: OrganizationId,
    id: ApplicationId,
  ): LoadedApplication | Promise<LoadedApplication>;
  /** `ref`: `ep_…` or uid within the application (null = operational webhook endpoints). Problem not_found. */
  destination(
    organization: OrganizationId,
    applicationId: ApplicationId | null,
    ref: string,
  ): Promise<Destination>;
  /** undefined when there is none of that name. */
  eventType(
    organization: OrganizationId,
    name: string,
  ): EventType | undefined | Promise<EventType | undefined>;
  /** The destinations that operational events go to. */
  operational(organization: OrganizationId): LoadedOwner | Promise<LoadedOwner>;
  /** Flows, and the destinations they deliver to. */
  hub(organization: OrganizationId): LoadedHub | Promise<LoadedHub>;
  /** A source by the hash (SHA-256, base64url) of its token; null = none has it. Synchronous when cached. */
  source(tokenHash: string, now: number): FoundSource | null | Promise<FoundSource | null>;
  /** Hash (SHA-256, base64url) of a token that was logged out. */
  isTokenRevoked(organization: OrganizationId, tokenHash: string): Promise<boolean>;
}

/** Destinations of one owner, ready to plan deliveries for. */
export interface LoadedOwner {
  readonly destinations: readonly LoadedDestination[];
}
export interface LoadedApplication extends LoadedOwner {
  readonly application: Application;
}
export interface LoadedHub extends LoadedOwner {
  readonly byId: ReadonlyMap<DestinationId, LoadedDestination>;
  readonly flows: readonly Flow[];
}
export interface FoundSource {
  readonly organization: OrganizationId;
  readonly source: Source;
}
/** The filter part is what `core/event/plan` reads; the engine keeps more behind it. */
export interface LoadedDestination {
  readonly id: DestinationId;
  readonly kind: Destination['kind'];
  readonly disabled: boolean;
  readonly eventTypes: ReadonlySet<string> | null;
  readonly channels: ReadonlySet<string> | null;
  readonly destination: Destination;
}

/** What operations ask about sources and flows. */
export interface Sources {
  readonly providers: ReadonlyMap<string, Provider>;
  /** Problem validation when the source could not work: provider, its configuration, expressions, templates, input. */
  check(organization: OrganizationId, source: Source): void;
  /** Members of a kind's input that are secrets. */
  secretMembers(kind: Source['kind']): readonly string[];
  /** Problem validation at `loc`. */
  checkExpression(text: string, loc: readonly (string | number)[]): void;
  checkTemplate(text: string, loc: readonly (string | number)[]): void;
  health(organization: OrganizationId, source: Source): Promise<SourceHealth>;
}

/** What was received before. */
export interface Received {
  /** What a stored event says; without its content, what is known beside its bytes. Synchronous where its format is. */
  read(stored: StoredEvent): ReadEvent | Promise<ReadEvent>;
  /** Events that match, bounded in rows, bytes and time: a page may be short, or empty, and still not the last. */
  find(organization: OrganizationId, page: EventPage): Promise<FoundEvents>;
  /** The destinations that an event goes to along the flows as they are now. */
  plan(organization: OrganizationId, stored: StoredEvent): Promise<readonly Destination[]>;
  /** Ids of providers that may have sent it, the likeliest first. */
  guess(stored: StoredEvent): readonly string[];
  /** Until an event of the organization was stored here, for `ms` at the most. */
  wait(organization: OrganizationId, ms: number, signal: AbortSignal): Promise<void>;
}

export interface ReadEvent extends Searched {
  readonly stored: StoredEvent;
  readonly files: readonly ReceivedFile[];
}

/** Seqs are exclusive bounds; null = none. */
export interface EventPage {
  readonly query: EventQuery;
  readonly direction: 'newest-first' | 'oldest-first';
  readonly after: number;
  readonly before: number | null;
  readonly limit: number;
  /** Contents are read also where the query does not ask about them. */
  readonly withContent: boolean;
}

export interface FoundEvents {
  readonly rows: readonly ReadEvent[];
  /** Everything up to this seq was looked at: go on behind it. null = there is no more. */
  readonly next: number | null;
}

export interface Vault {
  /** `rowId` binds the ciphertext to its row. */
  seal(organization: OrganizationId, rowId: string, text: string): Sealed;
  /** Throws Problem('unavailable') when the main secret does not fit. */
  open(organization: OrganizationId, rowId: string, sealed: Sealed): string;
}

export interface TaskRequest {
  readonly organization: OrganizationId;
  readonly principal: Principal;
  readonly task: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Only one task of this name runs at a time, on whatever node: Problem conflict. Not said: as many as are started. */
  readonly uid?: string;
  readonly idempotency: IdempotencyKey | null;
  readonly reply: (task: BackgroundTask) => Reply;
  /** Written in the same transaction. Problem conflict when somebody else wrote first. */
  readonly alongside?: { readonly action: string; readonly edits: readonly Edit[] };
}

export interface Tasks {
  /** Stores the task (with the idempotent answer, if any) and runs it; survives restarts. `reply` makes the answer to keep. */
  start(request: TaskRequest): Promise<Reply>;
}

/** What an operation answers. `body` undefined = empty. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** True when `body` is text that already is JSON, or bytes, as the headers say. */
  readonly raw?: boolean;
  /** Instead of `body`: what is sent bit by bit, no faster than it is read. Aborted when the reader goes away. */
  stream?(signal: AbortSignal): AsyncIterable<string | Uint8Array>;
}

/** From the Idempotency-Key header: hash of organization, method, path and key; hash of the request body. */
export interface IdempotencyKey {
  readonly keyHash: Uint8Array;
  readonly bodyHash: Uint8Array;
}

export interface PublishRequest {
  readonly organization: OrganizationId;
  readonly application: LoadedApplication;
  /** Without what the engine decides: id, acceptedAt. */
  readonly event: Omit<Event, 'id' | 'acceptedAt' | 'applicationId' | 'received'>;
  readonly content: Uint8Array;
  readonly idempotency: IdempotencyKey | null;
  /** The answer to keep with the idempotency key; called only when there is one. */
  readonly reply: (event: Event) => Reply;
  /** Only these destinations, whatever their filters (send-example); null = plan. */
  readonly only: readonly DestinationId[] | null;
}

export interface IncomingCall {
  /** SHA-256 (base64url) of the token in the URL. */
  readonly tokenHash: string;
  readonly method: string;
  /** As the sender knows it. */
  readonly url: string;
  /** Behind the token, with its slash; '' = nothing. */
  readonly sub: string;
  readonly query: string;
  readonly headers: RawHeaders;
  readonly contentType: string;
  /** Where the way it came names it (`/save-signal/`), and not its provider. */
  readonly type?: string;
  /** As on the wire. */
  readonly body: Uint8Array;
  /** The body has a Content-Encoding. */
  readonly isEncoded: boolean;
  readonly peer: string | null;
  readonly wantsText: boolean;
  readonly isTest: boolean;
  /** Where the state of an event of this source can be asked for, without the event's id. */
  readonly statusUrl: string;
}

export type PublishResult =
  | { readonly kind: 'accepted'; readonly event: Event }
  | { readonly kind: 'duplicate'; readonly id: EventId }
  | { readonly kind: 'replayed'; readonly reply: Reply };

/** before null = insert; after null = remove. The engine sets `version` and `updatedAt` of `after`. */
export type Edit = {
  [K in ResourceKind]: {
    readonly kind: K;
    readonly before: Resources[K] | null;
    readonly after: Resources[K] | null;
  };
}[ResourceKind];

export interface CommitRequest {
  readonly organization: OrganizationId;
  readonly principal: Principal;
  readonly edits: readonly Edit[];
  /** `endpoint.update`, … for the audit log; the engine derives before/after from the edits and masks sealed values. */
  readonly action: string;
  /** What was acted on when that is no document (a message, an attempt): leaves an audit line of its own. */
  readonly subject?: string;
  readonly idempotency: IdempotencyKey | null;
  readonly reply: Reply;
}

/** `stale`: somebody else wrote first; read again and decide again (operations are re-run by the HTTP layer). */
export type CommitResult =
  | { readonly kind: 'done' | 'replayed'; readonly reply: Reply }
  | { readonly kind: 'stale' };

/** Plain counters and gauges that /metrics renders. */
export interface EngineMetrics {
  eventsAccepted: number;
  eventsReceived: number;
  receivedTwice: number;
  rejectedByReason: Map<string, number>;
  /** Age of the oldest event that the last look found unindexed, in ms. */
  indexLagMs: number;
  attemptsByOutcome: Map<string, number>;
  deliveriesSettled: Map<string, number>;
  inFlight: number;
  lanes: number;
  lanesBlocked: number;
  /** Shards of the cluster that this node works on; all of them where it is alone. */
  shardsHeld: number;
  heldInMemory: number;
  heldBytes: number;
  /** Ms from acceptance to the first attempt's end: histogram bucket counts are HTTP's business, so a listener. */
  onAttempt:
    | ((attempt: { outcome: string; durationMs: number; sinceAcceptedMs: number; first: boolean }) => void)
    | null;
}
