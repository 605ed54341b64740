/**
 * State of event x destination, from its unsettled rows and its latest attempt:
 * an unsettled scheduled delivery is `pending` before its first attempt and `sending` after it; an unsettled manual one
 * is `pending`; else the latest attempt decides.
 */
import type { DeliveryStatus } from '../../core/delivery/delivery.ts';
import { SENDING, statusOf } from './codes.ts';

export interface StateRow {
  /** 1 = a scheduled delivery that is fresh. */
  readonly is_fresh: number | null;
  /** Of the scheduled delivery that waits, if one does. */
  readonly due_at: number | null;
  readonly attempts: number | null;
  /** Due time of the manual delivery; 0 = fresh; NULL = there is none. */
  readonly manual_due_at: number | null;
  /** Stored status of the latest attempt that decides. */
  readonly latest: number | null;
}

export interface State {
  readonly status: DeliveryStatus;
  readonly nextAttemptAt: number | null;
}

/** null = there was never a delivery of this pair. */
export function stateOf(row: StateRow): State | null {
  if (row.is_fresh !== null) return { status: 'pending', nextAttemptAt: null };
  if (row.due_at !== null) {
    return { status: row.attempts === 0 ? 'pending' : 'sending', nextAttemptAt: row.due_at };
  }
  if (row.manual_due_at !== null) return { status: 'pending', nextAttemptAt: row.manual_due_at || null };
  return row.latest === null ? null : { status: settledStatus(row.latest), nextAttemptAt: null };
}

/** `sending` without a delivery that waits: its row was swept together with its destination. */
export function settledStatus(latest: number): DeliveryStatus {
  return latest === SENDING ? 'canceled' : statusOf(latest);
}
