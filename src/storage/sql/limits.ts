/** Every queue, batch, page and wait of a driver, by name. `openSqlite` takes changes to them for tests and small machines. */
export interface StorageLimits {
  /** Writes and payload bytes that go into one transaction. */
  readonly batchOpsMax: number;
  readonly batchBytesMax: number;
  /** Writes and payload bytes that may wait for a transaction; past them a write is refused as `unavailable`. */
  readonly waitingOpsMax: number;
  readonly waitingBytesMax: number;
  /** Reads that may wait for a reader. */
  readonly waitingReadsMax: number;
  /** A read that takes longer fails as `unavailable`. */
  readonly readDeadlineMs: number;
  /** Rows of a search that are tested one by one before PostgreSQL's index of terms is asked. */
  readonly searchLooksMax: number;
  /** Pages of the write-ahead log after which the writer folds it back between two batches. */
  readonly walPagesMax: number;
}

export const STORAGE_LIMITS: StorageLimits = {
  batchOpsMax: 1000,
  batchBytesMax: 16 * 1024 * 1024,
  waitingOpsMax: 20_000,
  waitingBytesMax: 128 * 1024 * 1024,
  waitingReadsMax: 1000,
  readDeadlineMs: 5000,
  searchLooksMax: 5000,
  walPagesMax: 1000,
};

/** Rows that one read answers at most, whatever it was asked for. */
export const PAGE_ROWS_MAX = 5000;
/** Deliveries that one `cancel` or `hurry` changes at most. */
export const SETTLE_ROWS_MAX = 1000;
/** Seconds a caller is told to wait when the store cannot take a write or a read now. */
export const RETRY_AFTER_SECONDS = 1;
