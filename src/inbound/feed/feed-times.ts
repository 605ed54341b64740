/** Dates and periods, as feeds write them. */

export const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const PERIODS: Readonly<Record<string, number>> = {
  hourly: HOUR_MS,
  daily: 24 * HOUR_MS,
  weekly: 168 * HOUR_MS,
  monthly: 730 * HOUR_MS,
  yearly: 8_766 * HOUR_MS,
};
const DATE_CHARS_MAX = 100;

/** ISO 8601; null = there is none that can be read. A time without a zone is taken for UTC, not for this machine's. */
export function dateOf(text: string | undefined): string | null {
  if (typeof text !== 'string' || text.length > DATE_CHARS_MAX) return null;
  const trimmed = text.trim();
  const local = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)$/.exec(trimmed);
  const ms = Date.parse(local === null ? trimmed : `${local[1]}T${local[2]}Z`);
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

/** RSS 1.0 syndication module; null = not said. */
export function updatePeriodMs(
  sy: { readonly updatePeriod?: string; readonly updateFrequency?: number } | undefined,
): number | null {
  const period = PERIODS[sy?.updatePeriod?.trim().toLowerCase() ?? ''];
  const times = sy?.updateFrequency ?? 1;
  return period === undefined || !(times > 0) ? null : period / times;
}
