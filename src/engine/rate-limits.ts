/**
 * The token buckets of destinations, kept in their lanes, and of applications, shared by the lanes of each: kept here,
 * or leased from all nodes' bucket in the store (token-leases.ts).
 */
import { LRUCache } from 'lru-cache';
import type { Application } from '../core/catalog/resources.ts';
import { atRate, newBucket, type TokenBucket, take } from '../core/delivery/rate.ts';
import type { ApplicationId } from '../core/ids.ts';
import { growingTo } from './growing-to.ts';
import type { Lane } from './lane.ts';
import type { Target } from './targets.ts';
import type { TokenLeases } from './token-leases.ts';

/** A bucket that fell out starts full: one second's worth goes early. */
const APPLICATION_BUCKETS_MAX = 50_000;

export class RateLimits {
  readonly #applications = new LRUCache<string, TokenBucket>(growingTo(APPLICATION_BUCKETS_MAX));
  readonly #leases: TokenLeases | null;

  /** `leases`: where other nodes deliver for the same applications; null = none do. */
  constructor(leases: TokenLeases | null) {
    this.#leases = leases;
  }

  /** Takes a token of the destination and one of its application, or neither: then how long to wait. 0 = go. */
  take(lane: Lane, { loaded, application }: Target, now: number): number {
    const ownRate = loaded.destination.throttleRate;
    const sharedRate = application?.throttleRate ?? null;
    if (ownRate === null && sharedRate === null) return 0;
    const own =
      ownRate === null
        ? null
        : take(lane.bucket === null ? newBucket(ownRate) : atRate(lane.bucket, ownRate), now);
    if (own?.ok === false) return own.waitMs;
    if (sharedRate !== null && application !== null) {
      const waitMs = this.#takeShared(lane, application, { rate: sharedRate, now });
      if (waitMs > 0) return waitMs;
    }
    lane.bucket = own === null ? null : own.bucket;
    return 0;
  }

  #takeShared(lane: Lane, { id }: Application, { rate, now }: { rate: number; now: number }): number {
    if (this.#leases !== null)
      return this.#leases.take(lane.organization, id as ApplicationId, { perSecond: rate, now });
    const bucket = this.#applications.get(id);
    const shared = take(bucket === undefined ? newBucket(rate) : atRate(bucket, rate), now);
    if (!shared.ok) return shared.waitMs;
    this.#applications.set(id, shared.bucket);
    return 0;
  }
}
