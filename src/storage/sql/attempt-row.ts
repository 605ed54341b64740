/** Attempt to stored columns and back. */
import type { Attempt } from '../../core/delivery/delivery.ts';
import type { AttemptId, DestinationId, EventId } from '../../core/ids.ts';
import type { AttemptRecord } from '../../ports/queue.ts';
import { outcomeCode, outcomeOf, statusCode, statusOf, triggerCode, triggerOf } from './codes.ts';
import { acceptOp } from './event-row.ts';
import type { RecordOp } from './write-op.ts';

export function recordOp(record: AttemptRecord): RecordOp {
  const { attempt, next } = record;
  return {
    kind: 'record',
    organization: record.organization,
    epoch: record.epoch,
    seq: record.seq,
    destinationId: attempt.destinationId,
    id: attempt.id,
    url: attempt.url,
    outcome: outcomeCode(attempt.outcome),
    statusCode: attempt.statusCode,
    response: attempt.response,
    durationMs: attempt.durationMs,
    startedAt: attempt.startedAt,
    trigger: triggerCode(attempt.trigger),
    number: attempt.number,
    status: statusCode(attempt.status),
    nextAttemptAt: attempt.nextAttemptAt,
    dueAt: next.kind === 'waiting' ? next.dueAt : 0,
    attempts: next.kind === 'waiting' ? next.attempts : 0,
    health: record.health,
    publish: record.publish.length === 0 ? [] : record.publish.map(acceptOp),
  };
}

/** The columns every read of an attempt selects. */
export interface AttemptRow {
  readonly attempt_id: string;
  readonly destination_id: string;
  readonly url: string;
  readonly outcome: number;
  readonly status_code: number;
  readonly response: Uint8Array | null;
  readonly duration_ms: number;
  readonly started_at: number;
  readonly trigger: number;
  readonly number: number;
  readonly status: number;
  readonly next_attempt_at: number | null;
}

export function attemptOf(row: AttemptRow, eventId: EventId): Attempt {
  return {
    id: row.attempt_id as AttemptId,
    eventId,
    destinationId: row.destination_id as DestinationId,
    url: row.url,
    outcome: outcomeOf(row.outcome),
    statusCode: row.status_code,
    response: row.response,
    durationMs: row.duration_ms,
    startedAt: row.started_at,
    trigger: triggerOf(row.trigger),
    number: row.number,
    status: statusOf(row.status),
    nextAttemptAt: row.next_attempt_at,
  };
}
