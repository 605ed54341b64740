/** What a source's own answer says to a sender, once the event is stored. */
import type { Event } from '../core/event/event.ts';
import { oneLine } from '../core/received/forwarding.ts';
import type { HttpAnswer } from '../core/verification/verifier.ts';
import type { Template } from '../ports/expressions.ts';
import type { LiveSource } from './live-source.ts';
import type { Reading } from './reading.ts';

const HEADER_CHARS_MAX = 8192;
/** Who asked for a yes or a no, and cannot be told, must not take it for a yes. */
const UNDECIDED = 500;

export type Answered =
  | { readonly kind: 'rendered'; readonly answer: HttpAnswer }
  /** The source leaves it to the provider, or to us. */
  | { readonly kind: 'none' }
  /** A template failed: the event is stored all the same. `status`: what is answered where the status was at stake. */
  | { readonly kind: 'failed'; readonly detail: string; readonly status?: number };

export function answerOf({ answer }: LiveSource, event: Event, reading: Reading): Answered {
  if (answer.kind !== 'rendered') return { kind: 'none' };
  const status = statusOf(answer.status, event, reading);
  if (typeof status !== 'number') return status;
  const headers: Record<string, string> = {};
  for (const [name, template] of answer.headers) {
    const value = reading.render(template, event.type);
    if (!value.ok) return { kind: 'failed', detail: `header ${name}: ${value.detail}` };
    // Whoever sends it looks for names in lower case, `content-type` first.
    headers[name.toLowerCase()] = oneLine(value.value).slice(0, HEADER_CHARS_MAX);
  }
  const body = reading.render(answer.body, event.type);
  if (!body.ok) return { kind: 'failed', detail: `body: ${body.detail}` };
  return { kind: 'rendered', answer: { status, headers, body: body.value } };
}

function statusOf(status: number | Template, event: Event, reading: Reading): number | Answered {
  if (typeof status === 'number') return status;
  const text = reading.render(status, event.type);
  if (!text.ok) return { kind: 'failed', detail: `status: ${text.detail}`, status: UNDECIDED };
  if (/^[2-5]\d\d$/.test(text.value)) return Number(text.value);
  return { kind: 'failed', detail: 'status: it is none of 200 to 599', status: UNDECIDED };
}
