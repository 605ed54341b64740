/** Steady clean-up and care of the store. Every call is bounded; the engine's sweep calls them in turn. */
export interface Upkeep {
  /**
   * Deletes up to `limit` expired contents, attempts, events and audit entries older than `historyBefore`, idempotency
   * and uniqueness records, revoked tokens. Returns how many rows went.
   */
  prune(options: { now: number; historyBefore: number; limit: number }): Promise<number>;
  /** Folds the write-ahead log back when it has grown. */
  checkpoint(): Promise<void>;
  /** A consistent copy while running; `progress` is told pages done and in all. */
  backup(path: string, progress: (done: number, total: number) => void): Promise<void>;
  /** Cheap check that a write would be durable now; throws Problem('unavailable') with the reason. */
  ping(): Promise<void>;
  stats(): Promise<StoreStats>;
  close(): Promise<void>;
}

export interface StoreStats {
  readonly engine: string;
  readonly schemaVersion: number;
  readonly bytes: number;
  readonly unsettledDeliveries: number;
}
