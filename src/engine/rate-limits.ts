/** The token buckets of destinations, kept in their lanes, and of applications, shared by the lanes of each. */
import { LRUCache } from 'lru-cache';
import { atRate, newBucket, type TokenBucket, take } from '../core/delivery/rate.ts';
import { growingTo } from './growing-to.ts';
import type { Lane } from './lane.ts';
import type { Target } from './targets.ts';

/** A bucket that fell out starts full: one second's worth goes early. */
const APPLICATION_BUCKETS_MAX = 50_000;

export class RateLimits {
  readonly #applications = new LRUCache<string, TokenBucket>(growingTo(APPLICATION_BUCKETS_MAX));

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
      const bucket = this.#applications.get(application.id);
      const shared = take(bucket === undefined ? newBucket(sharedRate) : atRate(bucket, sharedRate), now);
      if (!shared.ok) return shared.waitMs;
      this.#applications.set(application.id, shared.bucket);
    }
    lane.bucket = own === null ? null : own.bucket;
    return 0;
  }
}
