/** What of a received call can be sent on to a destination, and how far it has been sent on already. */
import type { RawHeaders } from './received.ts';

/** Of one connection (RFC 9110 §7.6.1), or said anew of each request. */
const OF_ONE_HOP: ReadonlySet<string> = new Set(
  `connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer trailers transfer-encoding
  upgrade http2-settings expect host content-length`.split(/\s+/),
);
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const OUTSIDE_VALUES = /[^\t\u0020-\u007e\u0080-\u00ff]/g;

/** Whether a header of that name can be said of a message by others than the client or server that sends it. */
export function isSendableHeader(name: string): boolean {
  return NAME.test(name) && !OF_ONE_HOP.has(name.toLowerCase());
}

/** In the order and case in which they came. What other ways in bring (mail, queues) may be no header of HTTP. */
export function forwardedHeaders(headers: RawHeaders): RawHeaders {
  const named = headers
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map((option) => option.trim().toLowerCase()));
  return headers
    .filter(([name]) => isSendableHeader(name) && !named.includes(name.toLowerCase()))
    .map(([name, value]) => [name, oneLine(value)] as const);
}

/** As a header's value: nothing in it can begin another header. */
export function oneLine(value: string): string {
  return value.replaceAll(OUTSIDE_VALUES, ' ');
}

/** What parts the steps of a path, also where the receiver decodes before it looks; a step ends at `;` for some. */
const BETWEEN_STEPS = /\/|\\|%2f|%5c/i;

/**
 * A received path as it may stand behind a destination's own: steps back (`..`, however it is escaped) end where it
 * begins. Without any it stays as it came, byte for byte.
 */
export function appendablePath(sub: string): string {
  const steps = sub.split(BETWEEN_STEPS).map((step) => ({ step, plain: plainStep(step) }));
  if (!steps.some(({ plain }) => plain === '.' || plain === '..')) return sub;
  const kept: string[] = [];
  for (const { step, plain } of steps.slice(1)) {
    if (plain === '..') kept.pop();
    else if (plain !== '.') kept.push(step);
  }
  return `/${kept.join('/')}`;
}

/** `%252e` is a dot to whoever decodes twice, and URLs lose their tabs and line breaks (WHATWG URL §4.4). */
function plainStep(step: string): string {
  const dotted = step.replaceAll(/[\t\n\r]/g, '').replaceAll(/%(?:25)*2e/gi, '.');
  return dotted.split(/;|%3b/i, 1)[0]!;
}

/** Counts the deliveries that led to a call: of flows that lead back to their own sources there would be no end. */
export const TRACE_HEADER = 'Posthorn-Trace';
export const HOPS_MAX = 8;

/** Hops that a call has behind it; of several values the largest. What is no number is none of ours. */
export function hopsOf(headers: RawHeaders): number {
  let hops = 0;
  for (const [name, value] of headers) {
    if (name.length !== TRACE_HEADER.length || name.toLowerCase() !== 'posthorn-trace') continue;
    const told = /^hops=(\d{1,3})$/.exec(value.trim())?.[1];
    hops = Math.max(hops, Number(told ?? 0));
  }
  return hops;
}

export function traceOf(hops: number): string {
  return `hops=${hops}`;
}
