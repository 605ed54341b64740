/** What a destination's recent attempts say about it. Persisted whenever it changes; a healthy one has no row. */
export interface Health {
  /** Failed attempts in a row. */
  readonly failuresInRow: number;
  /** First failure since the last success; 0 = none. Disabled when this is older than the configured window. */
  readonly failingSince: number;
  readonly circuit: 'closed' | 'open' | 'half-open';
  /** While open: when the next probe may go. */
  readonly probeAt: number;
  /** Pause before that probe; doubles from 30 s to 15 min. */
  readonly probeDelayMs: number;
  /** After 429/502/503/504: no attempt before this instant; 0 = none. */
  readonly throttledUntil: number;
}

export const HEALTHY: Health = {
  failuresInRow: 0,
  failingSince: 0,
  circuit: 'closed',
  probeAt: 0,
  probeDelayMs: 0,
  throttledUntil: 0,
};
