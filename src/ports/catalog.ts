/**
 * The catalog holds what people configure: versioned documents by kind. Reads are consistent with the last commit.
 * Every write bumps the organization's catalog version in the same transaction, unless it is about unversioned kinds only.
 */
import type { ResourceKind, Resources } from '../core/catalog/resources.ts';
import type { ApplicationId, DestinationId, OrganizationId } from '../core/ids.ts';
import type { Acceptance, IdempotencyRecord, IdempotencyResult } from './intake.ts';

/** By bare id or by the caller's uid; the caller of the port has told them apart. */
export type ResourceRef = { readonly id: string } | { readonly uid: string };

export interface Catalog {
  /** The organization's catalog version; makes the organization when it is new. */
  openOrganization(organization: OrganizationId): Promise<number>;

  /** `owner`: undefined = whatever it is; null = owned by the organization itself. */
  find<K extends ResourceKind>(
    organization: OrganizationId,
    kind: K,
    ref: ResourceRef,
    owner: ApplicationId | null | undefined,
  ): Promise<Resources[K] | null>;

  /** A page by id or by uid. `after` is exclusive; filters apply before the limit. */
  list<K extends ResourceKind>(
    organization: OrganizationId,
    kind: K,
    query: ListQuery,
  ): Promise<readonly Resources[K][]>;

  /** An API key by the hash of its secret, across organizations; null = no such key. */
  findApiKey(
    secretHash: string,
  ): Promise<{ readonly organization: OrganizationId; readonly key: Resources['api-key'] } | null>;

  /** A source by the hash of its token, across organizations; null = no such source. */
  findSource(
    tokenHash: string,
  ): Promise<{ readonly organization: OrganizationId; readonly source: Resources['source'] } | null>;

  /** Enabled sources that need care: other kinds than `http`, and those whose silence is noticed. Across organizations, in order of id; `after` is exclusive. */
  inboundSources(
    after: string | null,
    limit: number,
  ): Promise<readonly { readonly organization: OrganizationId; readonly source: Resources['source'] }[]>;

  /** All or nothing. */
  write(change: ChangeSet): Promise<ChangeResult>;

  findIdempotent(
    organization: OrganizationId,
    keyHash: Uint8Array,
    now: number,
  ): Promise<IdempotencyRecord | null>;

  /** Background tasks of all organizations that are `running`, for resuming after a restart. */
  runningTasks(
    limit: number,
  ): Promise<
    readonly { readonly organization: OrganizationId; readonly task: Resources['background-task'] }[]
  >;

  /** Newest first; `before` is an exclusive audit id. */
  audit(
    organization: OrganizationId,
    query: { before: string | null; limit: number },
  ): Promise<readonly AuditEntry[]>;
}

export interface ListQuery {
  readonly owner?: ApplicationId | null | undefined;
  readonly orderBy: 'id' | 'uid';
  readonly direction: 'ascending' | 'descending';
  readonly after: string | null;
  readonly limit: number;
  /** Equality on top-level document members, e.g. `{ archived: false }`. */
  readonly where?: Readonly<Record<string, string | number | boolean | null>>;
}

export type Change =
  | {
      [K in ResourceKind]: { readonly op: 'insert'; readonly kind: K; readonly resource: Resources[K] };
    }[ResourceKind]
  /** Fails with `stale` unless the stored version is `resource.version - 1`. */
  | {
      [K in ResourceKind]: { readonly op: 'update'; readonly kind: K; readonly resource: Resources[K] };
    }[ResourceKind]
  /** Removing an application removes what it owns: destinations, consumers, integrations. */
  | { readonly op: 'remove'; readonly kind: ResourceKind; readonly id: string };

export interface ChangeSet {
  readonly organization: OrganizationId;
  readonly changes: readonly Change[];
  readonly audit: readonly AuditEntry[];
  readonly idempotency: IdempotencyRecord | null;
  /** Operational events that this change causes, accepted in the same transaction. */
  readonly publish: readonly Acceptance[];
  /** Health rows to forget (a destination that was re-enabled, changed or removed). */
  readonly forgetHealth: readonly DestinationId[];
}

export type ChangeResult =
  | {
      readonly kind: 'done';
      readonly catalogVersion: number /** seq per `publish`. */;
      readonly published: readonly number[];
    }
  /** The uid is taken within its kind and owner. */
  | { readonly kind: 'uid-taken'; readonly change: number }
  /** Another organization has an application or a destination of this id. */
  | { readonly kind: 'id-taken'; readonly change: number }
  /** Somebody else wrote it first, or it is gone: read again and decide again. */
  | { readonly kind: 'stale'; readonly change: number }
  | IdempotencyResult;

export interface AuditEntry {
  readonly id: string;
  readonly at: number;
  readonly actorKind: 'organization-token' | 'app-token' | 'api-key' | 'user' | 'system' | 'cli';
  readonly actorId: string;
  /** `endpoint.update`, `application.delete`, … */
  readonly action: string;
  readonly subject: string;
  /** Changed members without secrets; null = did not exist. */
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}
