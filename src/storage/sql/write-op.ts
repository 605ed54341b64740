/**
 * Writes as flat values that can be moved to another thread. `accept` and `record` are the hot ones: their members are
 * numbers, texts and bytes only, so that a batch of them packs into one array and one buffer.
 */
import type { Health } from '../../core/delivery/health.ts';
import type { ChangeResult, ChangeSet } from '../../ports/catalog.ts';
import type { AcceptResult, IdempotencyRecord } from '../../ports/intake.ts';
import type { Enqueued, EnqueueEntry } from '../../ports/queue.ts';
import type { IndexEntry } from '../../ports/search.ts';

export interface AcceptOp {
  readonly kind: 'accept';
  readonly organization: string;
  /** '' = an operational event of the organization itself. */
  readonly applicationId: string;
  readonly id: string;
  readonly type: string;
  readonly eventId: string | null;
  /** JSON of the members that are seldom set (sql/event-row.ts). */
  readonly more: string | null;
  readonly acceptedAt: number;
  readonly contentExpiresAt: number;
  readonly deliverAt: number;
  readonly destinations: readonly string[];
  readonly content: Uint8Array;
  readonly idempotency: IdempotencyRecord | null;
  readonly catalogVersion: number | null;
  readonly outboxNo: number | null;
}

export interface RecordOp {
  readonly kind: 'record';
  readonly organization: string;
  readonly epoch: number;
  readonly seq: number;
  readonly destinationId: string;
  readonly id: string;
  readonly url: string;
  readonly outcome: number;
  readonly statusCode: number;
  readonly response: Uint8Array | null;
  readonly durationMs: number;
  readonly startedAt: number;
  readonly trigger: number;
  readonly number: number;
  readonly status: number;
  readonly nextAttemptAt: number | null;
  /** 0 = settled. */
  readonly dueAt: number;
  readonly attempts: number;
  readonly health: { readonly value: Health | null } | undefined;
  readonly publish: readonly AcceptOp[];
}

interface LaneOp {
  readonly organization: string;
  readonly destinationId: string;
}
interface ScopeOp {
  readonly organization: string;
  readonly applicationId: string;
}

export type WriteOp =
  | AcceptOp
  | RecordOp
  | { readonly kind: 'enqueue'; readonly organization: string; readonly entries: readonly EnqueueEntry[] }
  | (LaneOp & {
      readonly kind: 'cancel';
      readonly eventId: string | null;
      readonly now: number;
      readonly attemptIds: readonly string[];
    })
  | (LaneOp & { readonly kind: 'hurry'; readonly now: number; readonly limit: number })
  | (LaneOp & { readonly kind: 'write-health'; readonly health: Health | null })
  | { readonly kind: 'open-organization'; readonly organization: string }
  | {
      readonly kind: 'change';
      readonly change: Omit<ChangeSet, 'publish'>;
      readonly publish: readonly AcceptOp[];
    }
  | (ScopeOp & { readonly kind: 'expunge-content'; readonly eventId: string })
  | (ScopeOp & { readonly kind: 'expunge-response'; readonly eventId: string; readonly attemptId: string })
  | (ScopeOp & {
      readonly kind: 'expunge-contents';
      readonly after: string;
      readonly before: number;
      readonly limit: number;
    })
  | { readonly kind: 'prune'; readonly now: number; readonly historyBefore: number; readonly limit: number }
  | {
      readonly kind: 'add-rejection';
      readonly organization: string;
      readonly sourceId: string;
      readonly id: string;
      readonly doc: string;
      readonly body: Uint8Array;
      readonly keep: number;
    }
  | { readonly kind: 'index'; readonly entries: readonly IndexEntry[] }
  | { readonly kind: 'checkpoint' }
  | { readonly kind: 'ping' };

export interface WriteResults {
  accept: AcceptResult;
  /** undefined = recorded: what nearly all are told costs nothing on its way between threads. */
  record: 'fenced' | undefined;
  enqueue: readonly Enqueued[];
  cancel: number | null;
  hurry: number;
  'write-health': undefined;
  'open-organization': number;
  change: ChangeResult;
  'expunge-content': boolean;
  'expunge-response': boolean;
  'expunge-contents': { readonly last: string | null; readonly count: number };
  prune: number;
  'add-rejection': undefined;
  index: undefined;
  checkpoint: undefined;
  ping: undefined;
}

export type WriteKind = WriteOp['kind'];
export type WriteOpOf<K extends WriteKind> = Extract<WriteOp, { kind: K }>;

/** What became of one write of a batch that was run: its result, or why it alone was refused. */
export type Settled = { readonly value: unknown } | { readonly error: unknown };

/** What the index takes for an event, about. */
const INDEXED_BYTES = 1000;

/** Payload bytes of a write, for the limits of batches and of the queue. */
export function bytesOf(op: WriteOp): number {
  if (op.kind === 'accept') return op.content.byteLength;
  if (op.kind === 'record') return (op.response?.byteLength ?? 0) + publishedBytes(op.publish);
  if (op.kind === 'index') return op.entries.length * INDEXED_BYTES;
  return op.kind === 'change' ? publishedBytes(op.publish) : 0;
}

function publishedBytes(publish: readonly AcceptOp[]): number {
  let bytes = 0;
  for (const accept of publish) bytes += accept.content.byteLength;
  return bytes;
}
