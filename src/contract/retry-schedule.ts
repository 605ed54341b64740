/** Delays before each retry, as callers write them: numbers are seconds, texts carry their unit. */
import Type, { type Static } from 'typebox';
import { invalid } from '../core/problem.ts';

export const RETRIES_MAX = 20;
export const RETRY_DELAY_MAX_MS = 7 * 86_400_000;

export const RetrySchedule = Type.Array(
  Type.Union([Type.Number({ minimum: 0 }), Type.String({ pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d)?$' })]),
  {
    maxItems: RETRIES_MAX,
    description:
      'Delays before each retry: numbers are seconds, texts carry a unit ("500ms", "30s", "5m", "2h", "1d"). An empty list means no retries.',
  },
);

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Delays in ms; `loc` names the member in the refusal. */
export function parseRetrySchedule(
  given: Static<typeof RetrySchedule>,
  loc: readonly (string | number)[],
): readonly number[] {
  return given.map((delay, index) => {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(String(delay));
    const unitMs = UNIT_MS[(match?.[2] ?? 's') as keyof typeof UNIT_MS];
    const delayMs = Math.round(Number(match?.[1]) * unitMs);
    if (!(delayMs <= RETRY_DELAY_MAX_MS)) {
      throw invalid([...loc, index], 'Give each delay in seconds, or as a text such as "5m", up to 7 days.');
    }
    return delayMs;
  });
}

/** Seconds, as numbers: what was read can be written back. */
export function renderRetrySchedule(delaysMs: readonly number[]): number[] {
  return delaysMs.map((delayMs) => delayMs / 1000);
}
