/** Time, passed in so that a simulation can own it. */
export interface Clock {
  /** Ms since the epoch. */
  now(): number;
  /** Calls `fire` once after `delayMs`; the returned function cancels it. Timers never keep the process alive. */
  after(delayMs: number, fire: () => void): () => void;
}
