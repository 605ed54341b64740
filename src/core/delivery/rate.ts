/**
 * A token bucket as a value: `ratePerSecond` tokens flow in, one second's worth (at least one token) fits. Kept as
 * what was missing at the last take, so that nothing has to be refilled in between.
 */
export interface TokenBucket {
  readonly ratePerSecond: number;
  /** Tokens that were missing from the full bucket at `takenAt`. */
  readonly missing: number;
  readonly takenAt: number;
}

export type Taken =
  | { readonly ok: true; readonly bucket: TokenBucket }
  | { readonly ok: false; readonly waitMs: number };

/** Rounding of fractions of a token must not cost a whole one. */
const ROUNDING = 1e-6;

/** A full bucket. `ratePerSecond` is above 0. */
export function newBucket(ratePerSecond: number): TokenBucket {
  return { ratePerSecond, missing: 0, takenAt: 0 };
}

/** Takes one token, or tells after how many ms there will be one. */
export function take(bucket: TokenBucket, now: number): Taken {
  const { ratePerSecond } = bucket;
  // A clock that goes back brings no tokens and takes none.
  const flowed = (Math.max(0, now - bucket.takenAt) * ratePerSecond) / 1000;
  const missing = Math.max(0, bucket.missing - flowed) + 1;
  const tooMany = missing - Math.max(1, ratePerSecond);
  if (tooMany > ROUNDING)
    return { ok: false, waitMs: Math.ceil((tooMany * 1000) / ratePerSecond - ROUNDING) };
  return { ok: true, bucket: { ratePerSecond, missing, takenAt: Math.max(now, bucket.takenAt) } };
}

/** The bucket at another rate: what is missing from it stays missing. */
export function atRate(bucket: TokenBucket, ratePerSecond: number): TokenBucket {
  return ratePerSecond === bucket.ratePerSecond ? bucket : { ...bucket, ratePerSecond };
}
