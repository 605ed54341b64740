/** One wide structured line per finished thing: stable event names, ids first, no bodies, no secrets. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface Log {
  /** `event.accepted`, `delivery.attempted`, `operation.answered`, … */
  info(event: string, fields: LogFields): void;
  warn(event: string, fields: LogFields): void;
  /** A bug or a lost dependency; `cause` is logged, never answered. */
  error(event: string, cause: unknown, fields?: LogFields): void;
}
