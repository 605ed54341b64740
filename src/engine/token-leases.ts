/**
 * Tokens of applications' buckets that all nodes share, leased for a second at most and a few at a time, so that a
 * delivery costs no round trip. A lane that finds none sleeps until the store has been asked:
 *
 *   empty ──take──> asked ──granted──> holding ──used up, or a second old──> empty
 *                     └── refused: asked again when the store says
 */
import { LRUCache } from 'lru-cache';
import type { ApplicationId, OrganizationId } from '../core/ids.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { EngineParts } from './engine.ts';
import { growingTo } from './growing-to.ts';

const LEASES_MAX = 50_000;
/** As long as the store lets them be used. */
const GOOD_FOR_MS = 1_000;
/** A lease is enough for so long at the full rate. */
const WANTED_MS = 250;
/** How long a lane sleeps while the store is asked. */
const ASKING_MS = 20;
/** Before the store is asked again that could not answer. */
const FAILED_MS = 250;

interface Lease {
  left: number;
  goodUntil: number;
  isAsking: boolean;
  askAt: number;
}

export class TokenLeases {
  readonly #cluster: Pick<Cluster, 'takeTokens'>;
  readonly #parts: Pick<EngineParts, 'clock' | 'log'>;
  readonly #leases = new LRUCache<string, Lease>(growingTo(LEASES_MAX));

  constructor(cluster: Pick<Cluster, 'takeTokens'>, parts: Pick<EngineParts, 'clock' | 'log'>) {
    this.#cluster = cluster;
    this.#parts = parts;
  }

  /** Takes one token; 0 = go, else how many ms to wait. */
  take(
    organization: OrganizationId,
    applicationId: ApplicationId,
    { perSecond, now }: { perSecond: number; now: number },
  ): number {
    const lease = this.#leaseOf(applicationId);
    if (lease.left > 0 && now < lease.goodUntil) {
      lease.left--;
      return 0;
    }
    if (!lease.isAsking && now >= lease.askAt)
      void this.#ask({ organization, applicationId }, lease, perSecond);
    return Math.max(ASKING_MS, lease.askAt - now);
  }

  /** Never rejects. */
  async #ask(
    owner: { readonly organization: OrganizationId; readonly applicationId: ApplicationId },
    lease: Lease,
    perSecond: number,
  ): Promise<void> {
    const { clock, log } = this.#parts;
    lease.isAsking = true;
    const wanted = Math.max(1, Math.ceil((perSecond * WANTED_MS) / 1000));
    const askedAt = clock.now();
    try {
      const { granted, waitMs } = await this.#cluster.takeTokens(owner, { perSecond, wanted });
      lease.left = granted;
      lease.goodUntil = askedAt + GOOD_FOR_MS;
      lease.askAt = granted > 0 ? 0 : clock.now() + waitMs;
    } catch (cause) {
      lease.askAt = clock.now() + FAILED_MS;
      log.error('tokens.failed', cause, { ...owner });
    } finally {
      lease.isAsking = false;
    }
  }

  #leaseOf(applicationId: ApplicationId): Lease {
    const known = this.#leases.get(applicationId);
    if (known !== undefined) return known;
    const lease: Lease = { left: 0, goodUntil: 0, isAsking: false, askAt: 0 };
    this.#leases.set(applicationId, lease);
    return lease;
  }
}
