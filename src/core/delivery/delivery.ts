/**
 * A delivery is event x destination. Its unsettled life is drawn here and nowhere else:
 *
 *   queued ──attempt──> delivered                      (row leaves the hot table; the attempt says so)
 *      │                 ▲
 *      └──failed──> waiting ──attempt──> waiting …     (until the schedule runs out)
 *                        └──exhausted──> failed
 *   canceled: the destination was deleted or disabled, or the event was canceled, before it settled.
 *
 * A manual resend is a second delivery of the same pair (`trigger: 'manual'`) with one attempt: its failure leaves
 * the automatic retries alone, its success settles both.
 */
import type { AttemptId, DestinationId, EventId } from '../ids.ts';
import type { OutcomeKind } from '../outcome.ts';

export type Trigger = 'scheduled' | 'manual';

/** State of event x destination as people see it. `sending` = failed so far, a retry is planned. */
export type DeliveryStatus = 'delivered' | 'pending' | 'failed' | 'sending' | 'canceled';

/** One try, as kept in history. */
export interface Attempt {
  readonly id: AttemptId;
  readonly eventId: EventId;
  readonly destinationId: DestinationId;
  /** The URL as it was called, without userinfo. */
  readonly url: string;
  readonly outcome: OutcomeKind | 'canceled';
  /** 0 when there was no answer. */
  readonly statusCode: number;
  /** At most 20,000 bytes; for `Unanswered` the UTF-8 of its detail; null = expunged or expired. */
  readonly response: Uint8Array | null;
  readonly durationMs: number;
  readonly startedAt: number;
  readonly trigger: Trigger;
  /** 1 for the first; a manual attempt counts too. 0 for a cancellation, which is no try. */
  readonly number: number;
  /** State of the delivery after this attempt. */
  readonly status: 'delivered' | 'failed' | 'sending' | 'canceled';
  /** When the next automatic attempt was due, as decided after this one; null = none. */
  readonly nextAttemptAt: number | null;
}
