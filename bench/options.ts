/** What a run is asked for. */
export interface BenchOptions {
  /** Events per round. */
  readonly events: number;
  readonly rounds: number;
  /** Deliveries that wait in the backlog scenario. */
  readonly waiting: number;
}

/** Keep-alive publishers with one request in flight each. */
export const PUBLISHERS = 64;
