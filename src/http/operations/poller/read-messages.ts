/**
 * One page of an application's messages in order of acceptance, for a polling endpoint. Every reader passes every
 * message once, in the same order: what does not match the filters only moves the position.
 */
import { messageText } from '../../../contract/message.ts';
import { LIMIT_DEFAULT } from '../../../contract/page.ts';
import { payloadText } from '../../../contract/payload.ts';
import type { Destination } from '../../../core/catalog/resources.ts';
import type { ApplicationId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import type { EventFilter, StoredEvent } from '../../../ports/history.ts';
import type { Call } from '../../define-operation.ts';

/** Messages read at once: bounds how far a page can overshoot its bytes. */
const BATCH_ROWS = 25;
/** Messages that one call looks at; past it the page ends early and says that it is not done. */
export const SCAN_ROWS_MAX = 1000;
/** Bytes of contents in one page, except that one message always fits. */
export const PAGE_BYTES_MAX = 8 * 1024 * 1024;

export interface Reading {
  readonly applicationId: ApplicationId;
  readonly poller: Destination;
  readonly afterSeq: number;
  readonly limit: number | undefined;
  /** Beside the poller's own filters. */
  readonly eventType?: string | undefined;
  readonly channel?: string | undefined;
}

export interface ReadPage {
  readonly rows: readonly StoredEvent[];
  /** Position after the last message that was looked at. */
  readonly seq: number;
  /** True when nothing follows for now. */
  readonly done: boolean;
}

export async function readMessages(
  call: Pick<Call, 'storage' | 'organization'>,
  reading: Reading,
): Promise<ReadPage> {
  if (reading.poller.disabled) {
    throw new Problem(
      'conflict',
      'This polling endpoint is disabled: set its status to "enabled" to read from it.',
    );
  }
  const scope = { organization: call.organization, applicationId: reading.applicationId };
  const limit = reading.limit ?? LIMIT_DEFAULT;
  const filter = filterOf(reading);
  const rows: StoredEvent[] = [];
  let seq = reading.afterSeq;
  let bytes = 0;
  for (let looked = 0; looked < SCAN_ROWS_MAX; looked += BATCH_ROWS) {
    const batch = await call.storage.history.readEvents(scope, filter, {
      afterSeq: seq,
      limit: BATCH_ROWS,
      withContent: true,
    });
    for (const row of batch) {
      if (matches(row, reading)) {
        const size = row.content?.length ?? 0;
        if (rows.length === limit || (rows.length > 0 && bytes + size > PAGE_BYTES_MAX)) {
          return { rows, seq, done: false };
        }
        rows.push(row);
        bytes += size;
      }
      seq = row.seq;
    }
    if (batch.length < BATCH_ROWS) return { rows, seq, done: true };
  }
  return { rows, seq, done: false };
}

/** What the store can filter by; `matches` does the rest. */
function filterOf(reading: Reading): EventFilter {
  const types = reading.eventType === undefined ? reading.poller.eventTypes : [reading.eventType];
  return {
    ...(types === null ? {} : { types }),
    ...(reading.channel === undefined ? {} : { channel: reading.channel }),
  };
}

function matches({ event }: StoredEvent, { poller }: Reading): boolean {
  if (poller.eventTypes !== null && !poller.eventTypes.includes(event.type)) return false;
  return poller.channels === null || poller.channels.some((channel) => event.channels?.includes(channel));
}

/** A message as JSON text; `more` are members that only one of the routes has. */
export function polledMessage(row: StoredEvent, more: Readonly<Record<string, unknown>> = {}): string {
  const { event, content, contentState } = row;
  const payload = payloadText({ content, contentState, contentType: event.contentType });
  const headers = event.headers === null ? null : Object.fromEntries(event.headers);
  return messageText(event, payload, { headers, ...more });
}
