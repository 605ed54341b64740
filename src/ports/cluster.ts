/**
 * Which part of the work this node does. Every key of work (a destination, a background task) hashes to a shard
 * (core/shard.ts); a shard is held by one node at a time, under the epoch that the node got when it joined. Epochs are
 * never used twice and the store refuses what is recorded under one that has ended, so that a node which was paused
 * for longer than its lease can do no harm. Where one process has the store to itself it holds everything.
 *
 *   joining ──> member ──gained(shards)──> works on them ──giveUp(shards)──> another node's
 *                 │ └──lease not renewed: `mayBegin` says no──renewed──> goes on
 *                 └──declared dead by another node──> lost() ──> joins anew, under a new epoch
 */
import type { ApplicationId, OrganizationId } from '../core/ids.ts';
import type { LaneKey } from './queue.ts';

export interface Cluster {
  /** True when other processes may write this store too: commits may become visible out of order. */
  readonly isShared: boolean;
  /** Of this membership; 0 before the first. */
  readonly epoch: number;

  /** Joins and keeps the lease until `leave`; resolves when the first round is over and `member` knows its shards. */
  join(member: Member): Promise<void>;
  /** Gives up all shards at once and ends the membership: call it when nothing is under way any more. */
  leave(): Promise<void>;

  /** Whether this node holds the shard. */
  holds(shard: number): boolean;
  /**
   * Whether work may begin now: the lease is valid for a while yet, and what the catalog is known to say is less than
   * a second old. False while the store cannot be reached.
   */
  mayBegin(): boolean;

  /** These lanes have new work in the store: whoever holds them is told, soon and at least once while it lives. */
  wake(lanes: readonly LaneKey[]): void;

  /**
   * Takes tokens out of an application's bucket, which all nodes share: up to `wanted` of `perSecond` (which is also
   * the bucket's size). `granted` 0: `waitMs` says when to ask again. Granted tokens are good for a second.
   */
  takeTokens(
    owner: { readonly organization: OrganizationId; readonly applicationId: ApplicationId },
    options: { readonly perSecond: number; readonly wanted: number },
  ): Promise<{ readonly granted: number; readonly waitMs: number }>;

  /** The members as the store knows them, this one included; for people. */
  nodes(): Promise<readonly NodeState[]>;
}

/** What a node does when the cluster tells it something. Calls come one after the other. */
export interface Member {
  /** These shards are this node's from now on: look at every lane of them that has work. */
  gained(shards: ReadonlySet<number>): void;
  /** Begin nothing more of these shards; resolve when what was under way is recorded. Then they go to another node. */
  giveUp(shards: ReadonlySet<number>): Promise<void>;
  /** The membership has ended without our doing: drop everything that is held, what is under way will be fenced. */
  lost(): void;
  /** Lanes of shards held here that have new work. */
  woken(lanes: readonly LaneKey[]): void;
  /** Wakes may have been lost (a connection, a node that died): look at all lanes of the shards held here. */
  missed(): void;
  /** There may be something in the outbox. */
  outboxFilled(): void;
  /** An organization's catalog is at this version: a newer one than known means that another node wrote. */
  catalogChanged(organization: OrganizationId, version: number): void;
}

export interface NodeState {
  readonly epoch: number;
  readonly name: string;
  readonly version: string;
  readonly joinedAt: number;
  /** Ms since its last renewal, by the store's clock. */
  readonly renewedAgoMs: number;
  readonly shards: number;
  readonly isThis: boolean;
}
