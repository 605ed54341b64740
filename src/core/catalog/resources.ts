/**
 * What people configure. Each resource is a versioned document in the catalog; a kind is one line in `Resources`.
 * Times are ms since the epoch. `Sealed` values are ciphertext: only the engine's vault opens them.
 */
import type { TokenCutoff } from '../access/token-cutoffs.ts';
import type { ApplicationId, DestinationId, FlowId, Id, SourceId } from '../ids.ts';
import type { SourceKind } from '../received/source-kinds.ts';

declare const sealed: unique symbol;
/** AES-256-GCM ciphertext with its key id (core/sealing.ts); additional data = organization and the row's id. */
export type Sealed = string & { readonly [sealed]: true };

export interface Resource {
  /** Bare id. */
  readonly id: Id<string>;
  /** The caller's own name for it, unique per organization, kind and owner. */
  readonly uid: string | null;
  /** What it lives in: the application of an endpoint, or null when it belongs to the organization itself. */
  readonly ownerId: ApplicationId | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Raised by one with each write; a write names the version it read. Starts at 1. */
  readonly version: number;
}

export interface Application extends Resource {
  readonly name: string;
  /** Deliveries per second over all its endpoints; null = no limit. */
  readonly throttleRate: number | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** App tokens issued before this instant are refused (`expire-all`); 0 = none. */
  readonly tokensValidFrom: number;
  /** Refusals that begin later, or have begun since the last write (core/access/token-cutoffs.ts); absent = none. */
  readonly tokensExpiring?: readonly TokenCutoff[];
}

export interface SigningKey {
  readonly type: 'hmac256' | 'ed25519';
  /** Sealed `whsec_…` or `whsk_…` text. */
  readonly secret: Sealed;
  readonly createdAt: number;
  /** null = current; an old key signs beside the current one until this instant. */
  readonly expiresAt: number | null;
}

export interface Ordering {
  /** `none`, first in first out per endpoint, or per ordering key of the message (no key: one shared lane). */
  readonly scope: 'none' | 'endpoint' | 'key';
  /** While the head of a line waits for its retry: hold what is behind it, or let it pass. */
  readonly onFailure: 'block' | 'skip';
}

/**
 * Where a delivery goes. On the `app` routes it is called an endpoint. ownerId null = operational webhook;
 * RECEIVED = flows deliver to it.
 */
export interface Destination extends Resource {
  readonly id: DestinationId;
  readonly kind: 'http' | 'poller';
  readonly url: string;
  readonly description: string;
  /** null = every event type. */
  readonly eventTypes: readonly string[] | null;
  /** null = every channel, and messages without one. */
  readonly channels: readonly string[] | null;
  readonly disabled: boolean;
  /** Why it is disabled, for people: `by hand`, `410 Gone`, `failing since …`. */
  readonly disabledReason: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly keys: readonly SigningKey[];
  /** Sealed JSON of custom headers, `[name, value][]` in the case and order the user typed. */
  readonly headers: Sealed | null;
  /** Deliveries per second; null = no limit. */
  readonly throttleRate: number | null;
  /** Attempts in flight at once; null = the configured default. */
  readonly concurrency: number | null;
  readonly timeoutMs: number | null;
  /** Delays before each retry; null = the event type's, else the global one; [] = no retries. */
  readonly retryScheduleMs: readonly number[] | null;
  readonly ordering: Ordering;
  /** null = the message's own method (POST unless it says otherwise). */
  readonly method: string | null;
  /** Sealed JSON of `DestinationAuth`. */
  readonly auth: Sealed | null;
  /** Sealed JSON of `ClientTls`. */
  readonly tls: Sealed | null;
  readonly allowHttp2: boolean;
  readonly transformation: Transformation | null;
  /** What is sent of a received event; null = its bytes as a signed message, as for any published event. */
  readonly request?: DestinationRequest | null;
}

/** Templates are texts with `{{ CEL }}` (ports/expressions.ts). */
export type DestinationRequest =
  /** As it came: method, headers and bytes; path and query appended to the URL where asked for. */
  | {
      readonly kind: 'forward';
      readonly appendPath: boolean;
      readonly appendQuery: boolean;
      /** Adds Posthorn's own signature headers, in place of any of the same name. */
      readonly signed: boolean;
    }
  /** A call of another app's API. `url` must keep the destination URL's origin. */
  | {
      readonly kind: 'call';
      readonly method: string;
      /** Template; null = the destination's URL. */
      readonly url: string | null;
      readonly headers: readonly (readonly [name: string, template: string])[];
      /** '' = the event's own where `body` is null, else JSON. */
      readonly contentType: string;
      /** null = the event's bytes. */
      readonly body: string | null;
      readonly signed: boolean;
    };

export type DestinationAuth =
  | {
      readonly type: 'basic';
      readonly username: string;
      readonly password: string;
      /** It came as `user:password@` of the URL: it goes when the URL leads to another origin. */
      readonly fromUrl?: boolean;
    }
  | { readonly type: 'bearer'; readonly token: string }
  | {
      readonly type: 'oauth2';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly scopes: readonly string[];
      /** How the client proves itself at the token endpoint (RFC 6749 §2.3.1). */
      readonly clientAuth: 'basic' | 'body';
      readonly extraParams: Readonly<Record<string, string>>;
    };

/** PEM texts. */
export interface ClientTls {
  readonly cert: string | null;
  readonly key: string | null;
  /** Trusted instead of the system's authorities. */
  readonly ca: string | null;
}

/** Stored now; it runs when the sandbox is built. */
export interface Transformation {
  readonly code: string;
  readonly enabled: boolean;
  readonly variables: Readonly<Record<string, string>>;
  readonly updatedAt: number;
}

/** The uid is the event type's name. */
export interface EventType extends Resource {
  readonly uid: string;
  readonly description: string;
  readonly archived: boolean;
  readonly deprecated: boolean;
  readonly featureFlags: readonly string[];
  readonly groupName: string | null;
  /** `{"1": JSONSchema}` as given. */
  readonly schemas: unknown;
  readonly retryScheduleMs: readonly number[] | null;
}

export type Role = 'owner' | 'editor' | 'viewer';

export interface ApiKey extends Resource {
  readonly name: string;
  /** SHA-256 (base64url) of the secret part; the secret itself is shown once. */
  readonly secretHash: string;
  readonly role: Role;
  /** `resource:read`, `resource:write`, `*`; see core/access. */
  readonly scopes: readonly string[];
  /** Confines the key to one application, as an app token is. */
  readonly applicationId: ApplicationId | null;
  /** Hidden event types that a confined key may see; absent = none. */
  readonly featureFlags?: readonly string[];
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}

/** A token that was logged out before it expired: uid = SHA-256 (base64url) of the token. */
export interface RevokedToken extends Resource {
  readonly expiresAt: number;
}

/** Long work with progress; resumed from `cursor` after a restart (engine/tasks). */
/** ownerId = the application that it works on, and whose people see it; null = it is about the organization. */
export interface BackgroundTask extends Resource {
  /** `endpoint.recover`, `endpoint.replay`, `endpoint.bulk-replay`, `application.purge_content`, … (wire names). */
  readonly task: string;
  readonly status: 'running' | 'finished' | 'failed' | 'canceled';
  /** What the task was asked to do. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly cursor: string | null;
  readonly progress: { readonly done: number; readonly total: number | null };
  /** What it reports when it ends; the wire's `data`. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** How far one consumer has read from a polling endpoint; uid = `<destination id>/<consumer name>`, ownerId = application. */
export interface PollerConsumer extends Resource {
  readonly destinationId: DestinationId;
  /** What it has committed; null = nothing yet. */
  readonly iterator: string | null;
  /** A batch that was handed out and not committed yet: until then nobody else gets one for this consumer. */
  readonly lease: { readonly lastOffset: number; readonly expiresAt: number } | null;
}

/** A third party that manages an application's endpoints. Its key is an `ApiKey` of the same owner; uid there = id here. */
export interface Integration extends Resource {
  readonly name: string;
  readonly featureFlags: readonly string[];
}

/** A way in. ownerId is always null. */
export interface Source extends Resource {
  readonly id: SourceId;
  readonly kind: SourceKind;
  readonly name: string;
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** SHA-256 (base64url) of the token in its URL, by which it is found. */
  readonly tokenHash: string;
  /** The token, sealed. */
  readonly token: Sealed;
  /** Id of a provider preset (providers room); `none` = anybody who has the URL. */
  readonly provider: string;
  /** What the provider needs beside secrets, e.g. `{"webhookId": "…"}`. */
  readonly providerConfig: Readonly<Record<string, string>>;
  /** Sealed JSON of `SourceSecret[]`, newest first. */
  readonly secrets: Sealed | null;
  /** Sealed JSON `{name: value}`: what `secret("name")` gives in templates. */
  readonly values: Sealed | null;
  /** Whether a secret that the sender announces (capture) may be kept, once. */
  readonly allowCapture: boolean;
  /** null = the provider's. */
  readonly toleranceSeconds: number | null;
  /** null = every method. */
  readonly methods: readonly string[] | null;
  /** What the bytes are, whatever the sender says; null = as it says. */
  readonly contentType: string | null;
  /** A document inside the document, e.g. `form:payload`; null = the provider's. */
  readonly payloadFrom: string | null;
  /** CEL; null = the provider's type, else the kind's. */
  readonly type: string | null;
  /** CEL; deliveries with the same key stay in order. */
  readonly orderingKey: string | null;
  readonly dedupe: { readonly key: string | null; readonly windowMs: number } | null;
  readonly answer: SourceAnswer;
  /** Calls per second and node; a second's worth may come at once. null = no limit of its own. */
  readonly rateLimit: number | null;
  readonly bodyBytesMax: number | null;
  /** Bytes that cannot be read as what they claim to be: taken with the reason, or refused with 400. */
  readonly onParseError: 'accept' | 'refuse';
  readonly disabled: boolean;
  /** Since when what comes is kept and not delivered (ms); null = delivered. */
  readonly pausedAt: number | null;
  /** Longest silence that is normal; null = any. */
  readonly expectEveryMs: number | null;
  readonly retentionMs: number | null;
  /** Names of headers that are sealed at rest, beside those that always are. */
  readonly redactHeaders: readonly string[];
  /** Sealed JSON of the kind's own settings (`inbound/<kind>/settings.ts`); null for http. */
  readonly input: Sealed | null;
}

export interface SourceSecret {
  readonly secret: string;
  readonly createdAt: number;
  /** null = until it is removed. */
  readonly expiresAt: number | null;
}

export type SourceAnswer =
  /** 202 with the event's id, or what the provider expects. */
  | { readonly kind: 'ack' }
  | {
      readonly kind: 'static';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  /** Templates over the event. */
  | {
      readonly kind: 'template';
      /** A text is a template, too. */
      readonly status: number | string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  /** 202 and a Location to ask for what became of the event. */
  | { readonly kind: 'poll' };

/** What a way in has got to: uid = the source's id. Written with every step, so it makes no catalog version. */
export interface SourceState extends Resource {
  /** Of the kind's own making: UID of a mailbox, ETag and items of a poll, lease of a feed. JSON. */
  readonly cursor: unknown;
  readonly health: SourceHealth;
}

export interface SourceHealth {
  readonly state: 'starting' | 'running' | 'failing' | 'silent';
  /** For people; null = fine. */
  readonly detail: string | null;
  /** Since when it is in this state (ms). */
  readonly since: number;
  readonly lastEventAt: number | null;
}

/** Which sources' events go where. */
export interface Flow extends Resource {
  readonly id: FlowId;
  readonly name: string;
  readonly description: string;
  readonly disabled: boolean;
  /** null = every source. */
  readonly sourceIds: readonly SourceId[] | null;
  /** null = every type. `*` at the end stands for the rest. */
  readonly eventTypes: readonly string[] | null;
  /** CEL that must be true; null = always. A failure counts as false. */
  readonly when: string | null;
  readonly destinationIds: readonly DestinationId[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Every kind of document the catalog holds. A new kind is one line here; the tables do not change. */
export interface Resources {
  application: Application;
  destination: Destination;
  'event-type': EventType;
  'api-key': ApiKey;
  'revoked-token': RevokedToken;
  'background-task': BackgroundTask;
  'poller-consumer': PollerConsumer;
  integration: Integration;
  source: Source;
  'source-state': SourceState;
  flow: Flow;
}
export type ResourceKind = keyof Resources;

/**
 * Kinds that move many times a minute and that no plan of deliveries depends on: changing them leaves an organization's
 * catalog version as it is, so that nodes keep what they have cached.
 */
export const UNVERSIONED_KINDS: ReadonlySet<ResourceKind> = new Set([
  'background-task',
  'poller-consumer',
  'source-state',
]);
