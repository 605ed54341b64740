/** What the lists of attempts have in common: their query, reading and rendering. */
import Type, { type Static } from 'typebox';
import { renderAttempt } from '../../../contract/attempt.ts';
import { parseAttemptStatus, STATUS_QUERY, StatusCodeClass } from '../../../contract/delivery-status.ts';
import { HISTORY_QUERY, parseHistoryQuery } from '../../../contract/history-query.ts';
import { messageText } from '../../../contract/message.ts';
import { renderPage } from '../../../contract/page.ts';
import { EMPTY_PAYLOAD } from '../../../contract/payload.ts';
import { Uid } from '../../../contract/uid.ts';
import { type DestinationId, type EventId, renderId } from '../../../core/ids.ts';
import type { Reply } from '../../../engine/engine.ts';
import type { EventScope } from '../../../ports/history.ts';
import type { Call } from '../../define-operation.ts';

export const AttemptsQuery = Type.Object({
  ...HISTORY_QUERY,
  ...STATUS_QUERY,
  status_code_class: Type.Optional(StatusCodeClass),
  with_msg: Type.Optional(
    Type.Boolean({ description: 'Adds the message, without its payload, to each attempt.' }),
  ),
});
export const MessageAttemptsQuery = Type.Object({
  ...AttemptsQuery.properties,
  endpoint_id: Type.Optional(Uid),
});

export type AttemptsCall = Pick<Call, 'storage' | 'clock'> & { readonly query: Static<typeof AttemptsQuery> };

/** A page of attempts of an endpoint, of a message, or of both. */
export async function attemptsReply(
  call: AttemptsCall,
  scope: EventScope,
  of: { readonly destinationId?: DestinationId; readonly eventId?: EventId },
): Promise<Reply> {
  const { query } = call;
  const expanded = query.expanded_statuses ?? true;
  const { page, filter } = parseHistoryQuery(query, { now: call.clock.now(), prefix: 'attempt' });
  const status = query.status === undefined ? undefined : parseAttemptStatus(query.status, { expanded });
  const wanted = {
    ...filter,
    ...of,
    ...(status === undefined ? {} : { status }),
    ...(query.status_code_class === undefined ? {} : { statusCodeClass: query.status_code_class }),
  };
  const rows =
    status?.length === 0
      ? []
      : await call.storage.history.listAttempts(scope, wanted, {
          after: page.after,
          direction: page.readDirection,
          limit: page.readLimit,
        });
  const options = { withContent: query.with_content ?? true, expanded };
  const withMessage = query.with_msg ?? false;
  const body = renderPage(rows, page, {
    item: ({ attempt, event }) => ({
      ...renderAttempt(attempt, options),
      ...(withMessage ? { msg: JSON.parse(messageText(event, EMPTY_PAYLOAD)) as unknown } : {}),
    }),
    iterator: ({ attempt }) => renderId(attempt.id, 'attempt'),
  });
  return { status: 200, body };
}
