/**
 * Ways in that go and fetch, or listen by themselves. The engine says which sources run on this node; a way in brings
 * items, one durable `take` each, and acknowledges to its own sender only after that.
 */
import type { Source } from '../core/catalog/resources.ts';
import type { OrganizationId } from '../core/ids.ts';
import type { RawHeaders } from '../core/received/received.ts';
import type { SourceKind } from '../core/received/source-kinds.ts';

/** Runs one source of its kind while it is held by this node. */
export interface InboundKind {
  readonly kind: SourceKind;
  /** Checks the kind's settings (parsed JSON of `Source.input`). Problem `validation` with `loc` under `['body', 'input']`. */
  check(input: unknown): void;
  /** Members of the settings that are secrets: masked when shown, kept when a write leaves them out or sends the mask. */
  readonly secretMembers: readonly string[];
  /** Starts at once and never rejects; trouble is told to `host.health` and tried again with growing pauses. */
  run(host: InboundHost): RunningInbound;
}

export interface RunningInbound {
  /** Stops taking, waits for what is being taken, closes connections. */
  stop(): Promise<void>;
}

/** What a running way in may ask of the engine. */
export interface InboundHost {
  readonly organization: OrganizationId;
  readonly source: Source;
  /** The kind's settings, opened and parsed. */
  readonly input: unknown;
  /** The source's own URL (`/in/{token}`), for callbacks. Who has it may write to the source: it is a secret. */
  readonly callbackUrl: string;
  /** Durable when it resolves. Rejects with Problem `unavailable` when the store is away: do not acknowledge, try again. */
  take(item: InboundItem): Promise<Taken>;
  /** Where this source has got to; null = it never ran. */
  readCursor(): Promise<unknown>;
  /** After the items before it were taken: a crash in between brings them again, and `dedupeKey` makes that harmless. */
  writeCursor(cursor: unknown): Promise<void>;
  health(state: 'running' | 'failing', detail: string | null): void;
}

export interface InboundItem {
  /** null = the source's expression, else `<kind>.received`. */
  readonly type: string | null;
  /** What makes it one of its kind, e.g. UIDVALIDITY and UID, topic-partition-offset; null = nothing does. */
  readonly dedupeKey: string | null;
  readonly orderingKey: string | null;
  readonly method: string;
  readonly contentType: string;
  readonly headers: RawHeaders;
  readonly body: Uint8Array;
  readonly peer: string | null;
  readonly meta: Readonly<Record<string, unknown>> | null;
}

export type Taken =
  /** `reply`: the text that the source's answer gives to whoever waits for one (a chat); null = none. */
  | { readonly kind: 'accepted'; readonly eventId: string; readonly reply: string | null }
  | { readonly kind: 'duplicate'; readonly eventId: string }
  /** The source does not take it (disabled, too large, rate): a sentence for the sender. `isFinal`: do not try again. */
  | { readonly kind: 'refused'; readonly detail: string; readonly isFinal: boolean };

/** Of a listener that serves many sources at one port (SMTP): which source an address belongs to. */
export interface InboundDirectory {
  /** By the token in `token+tag@host`; null = no such mailbox. */
  mailbox(address: string): Promise<{ readonly host: InboundHost; readonly tag: string | null } | null>;
}
