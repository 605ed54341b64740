/** What a source's own answer says to a sender, once the event is stored. */
import type { Event } from '../core/event/event.ts';
import { oneLine } from '../core/received/forwarding.ts';
import type { HttpAnswer } from '../core/verification/verifier.ts';
import type { LiveSource } from './live-source.ts';
import type { Reading } from './reading.ts';

const HEADER_CHARS_MAX = 8192;

export type Answered =
  | { readonly kind: 'rendered'; readonly answer: HttpAnswer }
  /** The source leaves it to the provider, or to us. */
  | { readonly kind: 'none' }
  /** A template failed: the event is stored all the same. */
  | { readonly kind: 'failed'; readonly detail: string };

export function answerOf({ answer }: LiveSource, event: Event, reading: Reading): Answered {
  if (answer.kind !== 'rendered') return { kind: 'none' };
  const headers: Record<string, string> = {};
  for (const [name, template] of answer.headers) {
    const value = reading.render(template, event.type);
    if (!value.ok) return { kind: 'failed', detail: `header ${name}: ${value.detail}` };
    // Whoever sends it looks for names in lower case, `content-type` first.
    headers[name.toLowerCase()] = oneLine(value.value).slice(0, HEADER_CHARS_MAX);
  }
  const body = reading.render(answer.body, event.type);
  if (!body.ok) return { kind: 'failed', detail: `body: ${body.detail}` };
  return { kind: 'rendered', answer: { status: answer.status, headers, body: body.value } };
}
