/** Delays between attempts, and how people write them. */
import { invalid } from '../problem.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY };

/** Eight attempts over about 27 h 35 m. */
export const DEFAULT_RETRY_SCHEDULE_MS: readonly number[] = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  10 * HOUR,
];
export const RETRY_SCHEDULE_ENTRIES_MAX = 20;
export const RETRY_DELAY_MS_MAX = 7 * DAY;
/** Part of a delay by which it is moved either way, so that what failed together does not come back together. */
const JITTER = 0.2;

/** The delay moved by up to 20 % either way; `uniform` in [0, 1) comes from the dice, 0.5 leaves it alone. */
export function jittered(delayMs: number, uniform: number): number {
  return Math.round(delayMs * (1 - JITTER + 2 * JITTER * uniform));
}

/** A duration in ms: a number is seconds, a text is a number and `ms`, `s`, `m`, `h` or `d` (none: seconds). */
export function parseDuration(
  value: string | number,
  loc: readonly (string | number)[] = ['duration'],
): number {
  const parts =
    typeof value === 'string' ? /^(\d{1,15}(?:\.\d{1,6})?)(ms|s|m|h|d)?$/.exec(value.trim()) : null;
  const ms = typeof value === 'number' ? value * SECOND : Number(parts?.[1]) * UNITS[parts?.[2] ?? 's']!;
  if (!Number.isFinite(ms) || ms < 0) {
    throw invalid(
      loc,
      `${JSON.stringify(value)} is not a duration: give seconds, or a text such as "1ms", "30s", "5m", "2h", "1d".`,
    );
  }
  return Math.round(ms);
}

/**
 * A retry schedule in ms: a list of durations, or its text, JSON (`[5, "5m"]`) or comma-separated (`5,5m`). Empty = no
 * retries. At most 20 delays of at most 7 days.
 */
export function parseSchedule(
  value: unknown,
  loc: readonly (string | number)[] = ['retrySchedule'],
): number[] {
  const entries = typeof value === 'string' ? entriesOfText(value, loc) : value;
  if (!Array.isArray(entries))
    throw invalid(loc, 'A retry schedule is a list of durations, for example [5, "5m", "2h"].');
  if (entries.length > RETRY_SCHEDULE_ENTRIES_MAX) {
    throw invalid(
      loc,
      `A retry schedule has at most ${RETRY_SCHEDULE_ENTRIES_MAX} delays, this one ${entries.length}.`,
    );
  }
  return entries.map((entry: unknown, index) => parseDelay(entry, [...loc, index]));
}

function parseDelay(entry: unknown, loc: readonly (string | number)[]): number {
  if (typeof entry !== 'string' && typeof entry !== 'number') {
    throw invalid(loc, 'A delay is a number of seconds, or a text such as "5m".');
  }
  const delayMs = parseDuration(entry, loc);
  if (delayMs > RETRY_DELAY_MS_MAX) throw invalid(loc, 'A delay is at most 7 days.');
  return delayMs;
}

function entriesOfText(text: string, loc: readonly (string | number)[]): unknown {
  const trimmed = text.trim();
  if (trimmed === '') return [];
  if (!trimmed.startsWith('[')) return trimmed.split(',');
  try {
    return JSON.parse(trimmed);
  } catch {
    throw invalid(loc, 'The retry schedule starts with "[" but is not JSON: write [5, "5m"] or 5,5m.');
  }
}
