/**
 * How sure a node may be of itself. It counts from when it sent the last request that the database has answered: what
 * the answer says was true later than that, and the lease that it gave ends later still.
 *
 *   answered often ──────────────────────────> fresh: work may begin
 *     │    └── for a whole lease ────────────> may also judge others
 *     └── not for FRESH_MS, though the lease holds ──> begins nothing, until it is answered again
 *
 * Times are ms; `now` is of a clock that is never set.
 */

/** A node that has not renewed for so long may be declared dead. */
export const LEASE_MS = 3_000;
/** How often a node renews, and asks what has changed: at least twice while what it knows is fresh. */
export const RENEWAL_MS = 400;
/** A change of the catalog holds for every attempt that begins this much later (or more). */
export const FRESH_MS = 1_000;

export class Lease {
  #sentAt = Number.NEGATIVE_INFINITY;
  #databaseNow = 0;
  #steadySince = 0;

  /** `sentAt`: of the request; `databaseNow`: what the database's clock said when it answered. */
  answered(sentAt: number, databaseNow: number): void {
    // After an outage everybody's lease has run out, and after a step of the database's clock it seems so: whoever is
    // back first leaves the others a lease to come back as well.
    const isSteady =
      sentAt - this.#sentAt < FRESH_MS && Math.abs(databaseNow - this.#databaseNow) < 2 * FRESH_MS;
    if (!isSteady) this.#steadySince = sentAt;
    this.#sentAt = sentAt;
    this.#databaseNow = databaseNow;
  }

  /** The membership is over. */
  end(): void {
    this.#sentAt = Number.NEGATIVE_INFINITY;
  }

  isFresh(now: number): boolean {
    return now - this.#sentAt < FRESH_MS;
  }

  /** Whether this node may declare others dead whose lease has run out. */
  get mayJudge(): boolean {
    return this.#sentAt - this.#steadySince >= LEASE_MS;
  }
}
