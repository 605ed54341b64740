/** The Retry-After header of RFC 9110 §10.2.3: an HTTP date or seconds (fractions are met in the wild). */

/** A receiver can put us off for no longer than this. */
export const RETRY_AFTER_MS_MAX = 24 * 60 * 60 * 1000;

const SECONDS = /^\d{1,12}(?:\.\d{0,9})?$/;
/** Date.parse alone would also read `7 apples` as July 2001, and a date without a zone as local time. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*, .{8,24} (?:GMT|UTC|[+-]\d{4})$/;
/** Names no zone and means UTC (RFC 9110 §5.6.7). */
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/** How long the receiver asks us to wait, 0 to 24 h; undefined when it asks nothing or what it says is no time. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (SECONDS.test(text)) return bounded(Number(text) * 1000);
  const date = ASCTIME.test(text) ? `${text} GMT` : text;
  const at = HTTP_DATE.test(text) || date !== text ? Date.parse(date) : Number.NaN;
  return Number.isNaN(at) ? undefined : bounded(at - now);
}

function bounded(delayMs: number): number {
  return Math.min(Math.max(Math.round(delayMs), 0), RETRY_AFTER_MS_MAX);
}
