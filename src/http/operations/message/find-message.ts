import { listText } from '../../../contract/message.ts';
import type { PageRequest } from '../../../contract/page.ts';
import { renderPage } from '../../../contract/page.ts';
import { EMPTY_PAYLOAD, payloadText } from '../../../contract/payload.ts';
import { type EventId, parseId, renderId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import type { EventScope, StoredEvent } from '../../../ports/history.ts';
import type { Call } from '../../define-operation.ts';

/** A message by id or by the publisher's event id. */
export async function findMessage(
  call: Pick<Call, 'storage'>,
  scope: EventScope,
  options: { readonly ref: string; readonly withContent: boolean },
): Promise<StoredEvent> {
  const id = parseId<'event'>(options.ref, 'message') as EventId | undefined;
  const ref = id === undefined ? { eventId: options.ref } : { id };
  const found = await call.storage.history.findEvent(scope, ref, { withContent: options.withContent });
  if (found === null) {
    throw new Problem(
      'not_found',
      'This application has no such message: pass its id (`msg_…`) or its eventId.',
    );
  }
  return found;
}

/** JSON text of the message's `payload`. */
export function storedPayload(stored: StoredEvent, options: { readonly withContent: boolean }): string {
  if (!options.withContent) return EMPTY_PAYLOAD;
  return payloadText({ ...stored, contentType: stored.event.contentType });
}

/** The answer of a list of messages, as JSON text. */
export function messageListText<Row extends StoredEvent>(
  rows: readonly Row[],
  page: PageRequest,
  item: (row: Row) => string,
): string {
  return listText(renderPage(rows, page, { item, iterator: ({ event }) => renderId(event.id, 'message') }));
}
