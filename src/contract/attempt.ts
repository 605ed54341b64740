/** Attempts on the wire. */
import Type, { type Static } from 'typebox';
import type { Attempt } from '../core/delivery/delivery.ts';
import { renderId } from '../core/ids.ts';
import { RESPONSE_BYTES_STORED } from '../core/outcome.ts';
import { MessageStatus, MessageStatusText, renderAttemptStatus } from './delivery-status.ts';
import { ENDPOINT_OUT } from './endpoint.ts';
import { IdOut } from './ids.ts';
import { MessageOut } from './message.ts';
import { ListResponse } from './page.ts';
import { decode } from './payload.ts';
import { Instant, Nullable, renderInstant } from './shape.ts';

const ATTEMPT_OUT = {
  id: IdOut('attempt'),
  msgId: IdOut('message'),
  endpointId: IdOut('endpoint'),
  url: Type.String(),
  response: Type.String({
    description:
      'Body of the answer: its first 20,000 bytes, base64 when they are not UTF-8. Without an answer: a sentence that says why. `EXPUNGED` when it was deleted.',
  }),
  responseStatusCode: Type.Integer({ description: '0 = there was no answer.' }),
  responseDurationMs: Type.Integer(),
  status: MessageStatus,
  statusText: MessageStatusText,
  triggerType: Type.Union([Type.Literal(0), Type.Literal(1)], { description: '0 scheduled, 1 manual.' }),
  timestamp: Instant,
  outcome: Type.String({
    description:
      'answered, oversized (the answer was longer than we read), timed-out, unreachable, tls-failed, blocked, unrenderable, or canceled.',
  }),
  nextAttempt: Nullable(Instant),
} as const;

export const MessageAttemptOut = Type.Object(
  { ...ATTEMPT_OUT, msg: Type.Optional(Nullable(MessageOut)) },
  { title: 'MessageAttemptOut' },
);
export const MessageAttemptList = ListResponse(MessageAttemptOut, 'ListResponse_MessageAttemptOut_');

const MessageEndpointOut = Type.Object(
  { ...ENDPOINT_OUT, status: MessageStatus, statusText: MessageStatusText, nextAttempt: Nullable(Instant) },
  { title: 'MessageEndpointOut' },
);
export const MessageEndpointList = ListResponse(MessageEndpointOut, 'ListResponse_MessageEndpointOut_');

export const EmptyOut = Type.Object({}, { title: 'EmptyResponse' });

export function renderAttempt(
  attempt: Attempt,
  options: { readonly withContent: boolean; readonly expanded: boolean },
): Omit<Static<typeof MessageAttemptOut>, 'msg'> {
  return {
    id: renderId(attempt.id, 'attempt'),
    msgId: renderId(attempt.eventId, 'message'),
    endpointId: renderId(attempt.destinationId, 'endpoint'),
    url: attempt.url,
    response: options.withContent ? responseText(attempt.response) : '',
    responseStatusCode: attempt.statusCode,
    responseDurationMs: Math.round(attempt.durationMs),
    ...renderAttemptStatus(attempt.status, options),
    triggerType: attempt.trigger === 'manual' ? 1 : 0,
    timestamp: renderInstant(attempt.startedAt),
    outcome: attempt.outcome,
    nextAttempt: attempt.nextAttemptAt === null ? null : renderInstant(attempt.nextAttemptAt),
  };
}

/** A body that was cut at 20,000 bytes may end inside a character: those few bytes are left out, not the whole text. */
export function responseText(response: Uint8Array | null): string {
  if (response === null) return 'EXPUNGED';
  for (let cut = 0; cut < 4 && cut <= response.length; cut++) {
    const text = decode(response.subarray(0, response.length - cut));
    if (text !== undefined && (cut === 0 || response.length === RESPONSE_BYTES_STORED)) return text;
  }
  return Buffer.from(response).toString('base64');
}
