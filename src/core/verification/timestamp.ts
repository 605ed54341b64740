/** Whether a call is of now. */
import type { CallView } from './call-view.ts';
import { type TimestampRule, TOLERANCE_SECONDS } from './provider.ts';
import { beginningOf, type Refused, refuse } from './refusal.ts';
import { type CompileContext, compileSelector, only, placeOf } from './selector.ts';

/** Ms since the epoch and the tolerance in ms, or why not. Sets `made.timestamp` to the text as it came. */
export type ReadTimestamp = (
  view: CallView,
  now: number,
) => { readonly at: number; readonly toleranceMs: number } | Refused;

/** Above this a number is milliseconds: as seconds it would be the year 5138. */
const SECONDS_MAX = 1e11;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/;
const FORMS = { s: 'Unix seconds', ms: 'Unix milliseconds', iso: 'an ISO 8601 instant', unix: 'Unix time' };

export function compileTimestamp(
  rule: TimestampRule,
  override: number | null,
  context: CompileContext,
): ReadTimestamp {
  const take = compileSelector(rule.from, context);
  const seconds = override ?? rule.toleranceSeconds ?? TOLERANCE_SECONDS;
  const toleranceMs = seconds * 1000;
  const place = placeOf(rule.from);
  return (view, now) => {
    const text = only(take(view));
    if (text === undefined) return refuse('timestamp-missing', `${place}: ${FORMS[rule.format]}`, 'nothing');
    const at = instantOf(text, rule.format);
    if (at === null)
      return refuse('timestamp-malformed', `${place}: ${FORMS[rule.format]}`, beginningOf(text));
    view.made.timestamp = text;
    const within = `${place} at most ${seconds} s away`;
    if (now - at > toleranceMs) return refuse('timestamp-too-old', within, `${away(now - at)} ago`);
    if (at - now > toleranceMs) return refuse('timestamp-in-future', within, `${away(at - now)} ahead`);
    return { at, toleranceMs };
  };
}

function away(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}

function instantOf(text: string, format: TimestampRule['format']): number | null {
  if (format === 'iso') {
    const at = ISO.test(text) ? Date.parse(text) : Number.NaN;
    return Number.isFinite(at) ? at : null;
  }
  if (!/^\d{1,15}$/.test(text)) return null;
  const value = Number(text);
  if (format === 'ms' || (format === 'unix' && value > SECONDS_MAX)) return value;
  return value * 1000;
}
