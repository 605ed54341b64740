/** Delays before each retry, as callers write them: numbers are seconds, texts carry their unit. */
import Type, { type Static } from 'typebox';
import { parseSchedule, RETRY_SCHEDULE_ENTRIES_MAX } from '../core/delivery/backoff.ts';

export const RetrySchedule = Type.Array(
  Type.Union([Type.Number({ minimum: 0 }), Type.String({ maxLength: 32 })]),
  {
    maxItems: RETRY_SCHEDULE_ENTRIES_MAX,
    description:
      'Delays before each retry: numbers are seconds, texts carry a unit ("500ms", "30s", "5m", "2h", "1d"). An empty list means no retries.',
  },
);

/** Delays in ms; `loc` names the member in the refusal. */
export function parseRetrySchedule(
  given: Static<typeof RetrySchedule>,
  loc: readonly (string | number)[],
): readonly number[] {
  return parseSchedule(given, loc);
}

/** Seconds, as numbers: what was read can be written back. */
export function renderRetrySchedule(delaysMs: readonly number[]): number[] {
  return delaysMs.map((delayMs) => delayMs / 1000);
}
