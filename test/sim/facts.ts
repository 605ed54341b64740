/**
 * What really happened, as seen from outside the engine: by the people who call it, by the network, and by the store.
 * The checks read nothing else. `order` numbers everything in the order in which it happened; times are the clock's.
 */
import type { Destination } from '../../src/core/catalog/resources.ts';
import type { Health } from '../../src/core/delivery/health.ts';
import type { DestinationId, EventId, OrganizationId } from '../../src/core/ids.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { Acceptance, AcceptResult } from '../../src/ports/intake.ts';
import type { AttemptRecord, Enqueued, EnqueueEntry } from '../../src/ports/queue.ts';
import type { EndpointPlan, PublishAction } from './scenario.ts';

/** A moment: `order` is unique, `process` counts the engine's lives, on all nodes. 0 = the world's. */
export interface Moment {
  readonly order: number;
  readonly at: number;
  readonly process: number;
}

/** An endpoint of the scenario and every form it had in the store. */
export interface EndpointFacts {
  readonly index: number;
  readonly plan: EndpointPlan;
  readonly organization: OrganizationId;
  readonly id: DestinationId;
  readonly host: string;
  readonly forms: FormFact[];
}

/** A write that the store made; `told` is null when its caller never learned of it. */
export interface Write extends Moment {
  told: Moment | null;
}

/** What the store says of an endpoint from now on; null = removed. */
export interface FormFact extends Write {
  readonly form: Destination | null;
}
export interface AcceptFact extends Write {
  readonly acceptance: Acceptance;
  readonly seq: number;
}
export interface RecordFact extends Write {
  readonly record: AttemptRecord;
}
export interface EnqueueFact extends Write {
  readonly entry: EnqueueEntry;
  readonly result: Enqueued;
}
export interface CancelFact extends Write {
  readonly destinationId: DestinationId;
  readonly eventId: EventId | null;
  readonly count: number;
}
/** Waiting deliveries were made due. */
export interface HurryFact extends Write {
  readonly destinationId: DestinationId;
}
/** What the store says of a destination's health from now on; null = healthy. */
export interface HealthFact extends Write {
  readonly destinationId: DestinationId;
  readonly health: Health | null;
  /** It follows from an attempt; else somebody has changed the destination. */
  readonly isOfAttempt: boolean;
}

export interface SendFact extends Moment {
  readonly endpoint: number;
  /** What the sender's clock said. */
  readonly sentAt: number;
  /** Of its sender, in which it was sent; null = it held nothing. */
  readonly tenure: Tenure | null;
  readonly eventId: string;
  readonly url: URL;
  readonly headers: readonly string[];
  readonly body: Uint8Array;
  readonly timeoutMs: number;
  /** null = the process died first. */
  ended: Moment | null;
  outcome: Outcome | null;
}

/** One node's time as the holder of a shard, by the store. A node that has the store to itself has one for each life. */
export interface Tenure {
  /** null = of all shards. */
  readonly shard: number | null;
  readonly epoch: number;
  readonly began: Moment;
  ended: Moment | null;
}

/** One call of `publish` and what its caller was told. */
export interface PublishFact {
  readonly called: Moment;
  readonly number: number;
  readonly attempt: number;
  readonly application: number;
  readonly action: PublishAction;
  readonly idempotencyKey: string | null;
  answered: Moment | null;
  /** null = refused, or never answered. */
  answer: { readonly kind: 'accepted' | 'duplicate' | 'replayed'; readonly id: EventId } | null;
}

export interface Facts {
  readonly endpoints: EndpointFacts[];
  readonly accepts: AcceptFact[];
  readonly refusals: (Moment & { readonly acceptance: Acceptance; readonly result: AcceptResult })[];
  readonly records: RecordFact[];
  /** What was refused because its epoch had ended. */
  readonly fenced: RecordFact[];
  readonly enqueues: EnqueueFact[];
  readonly cancels: CancelFact[];
  readonly hurries: HurryFact[];
  readonly healths: HealthFact[];
  readonly sends: SendFact[];
  readonly publishes: PublishFact[];
  /** Ends of processes, by death. */
  readonly deaths: Moment[];
  readonly tenures: Tenure[];
}

export function emptyFacts(): Facts {
  return {
    endpoints: [],
    accepts: [],
    refusals: [],
    records: [],
    fenced: [],
    enqueues: [],
    cancels: [],
    hurries: [],
    healths: [],
    sends: [],
    publishes: [],
    deaths: [],
    tenures: [],
  };
}

/** A broken promise. `about` narrows the trace that is printed with it. */
export interface Violation {
  readonly promise: string;
  readonly detail: string;
  readonly about: readonly string[];
}
