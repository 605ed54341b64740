/** A lane's stored columns, as every driver selects them, to what the ports say. */
import type { Health } from '../../core/delivery/health.ts';
import type { LaneKey, LaneSummary } from '../../ports/queue.ts';
import { circuitOf } from './codes.ts';

export interface HealthRow {
  readonly failures_in_row: number | null;
  readonly failing_since: number;
  readonly circuit: number;
  readonly probe_at: number;
  readonly probe_delay_ms: number;
  readonly throttled_until: number;
}
export interface LaneRow extends HealthRow {
  readonly organization: LaneKey['organization'];
  readonly destination_id: LaneKey['destinationId'];
  readonly newest_fresh: number | null;
  readonly next_due: number | null;
}

export const HEALTH_COLUMNS =
  'h.failures_in_row, h.failing_since, h.circuit, h.probe_at, h.probe_delay_ms, h.throttled_until';

export function summaryOf(row: LaneRow): LaneSummary {
  return {
    organization: row.organization,
    destinationId: row.destination_id,
    newestFreshSeq: row.newest_fresh ?? 0,
    nextDueAt: row.next_due,
    health: healthOf(row),
  };
}

/** null = healthy: there is no row. */
export function healthOf(row: HealthRow): Health | null {
  if (row.failures_in_row === null) return null;
  return {
    failuresInRow: row.failures_in_row,
    failingSince: row.failing_since,
    circuit: circuitOf(row.circuit),
    probeAt: row.probe_at,
    probeDelayMs: row.probe_delay_ms,
    throttledUntil: row.throttled_until,
  };
}
