/** What the operations on received events share. */
import type { Static } from 'typebox';
import { renderEvent } from '../../../contract/event.ts';
import {
  type EventFilterIn,
  type EventFilterValues,
  parseEventFilter,
  sourceUidsOf,
} from '../../../contract/event-filter.ts';
import { type EventId, parseId, RECEIVED, type SourceId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import type { EventQuery } from '../../../core/received/event-query.ts';
import type { ReadEvent } from '../../../engine/engine.ts';
import type { EventScope, StoredEvent } from '../../../ports/history.ts';
import type { Call } from '../../define-operation.ts';

export const TAG = 'Event';
export const READ = { role: 'viewer', scope: 'organization', permission: 'event:read' } as const;
export const WRITE = { role: 'editor', scope: 'organization', permission: 'event:write' } as const;

type EventCall = Pick<Call, 'engine' | 'organization' | 'storage' | 'params'>;

export function scopeOf({ organization }: Pick<Call, 'organization'>): EventScope {
  return { organization, applicationId: RECEIVED };
}

/** The event that the path names. */
export async function findEvent(
  call: EventCall,
  options: { readonly withContent: boolean },
): Promise<StoredEvent> {
  const id = parseId<'event'>(call.params.event_id ?? '', 'event') as EventId | undefined;
  const found =
    id === undefined ? null : await call.storage.history.findEvent(scopeOf(call), { id }, options);
  if (found === null) throw new Problem('not_found', 'There is no such event: check its id (`evt_…`).');
  return found;
}

/** Its bytes. Problem missing_payload. */
export async function findContent(
  call: EventCall,
): Promise<{ readonly stored: StoredEvent; readonly content: Uint8Array }> {
  const stored = await findEvent(call, { withContent: true });
  if (stored.content === null || stored.contentState !== 'kept')
    throw new Problem('missing_payload', 'The content of this event has expired or was expunged.');
  return { stored, content: stored.content };
}

/** The filter of a query or a body, with the uids of sources looked up. */
export async function filterOf(
  call: EventCall,
  given: EventFilterValues | Static<typeof EventFilterIn>,
  loc: readonly string[],
): Promise<EventQuery> {
  const sourceIds = new Map<string, SourceId>();
  for (const uid of new Set(sourceUidsOf(given))) {
    const found = await call.storage.catalog.find(call.organization, 'source', { uid }, null);
    if (found !== null) sourceIds.set(uid, found.id);
  }
  return parseEventFilter(given, { loc, sourceIds });
}

export function eventOut({ stored, document, format }: ReadEvent) {
  const { event, contentState } = stored;
  return renderEvent({ event, document, format, contentState, hasContent: stored.content !== null });
}

/** As if its content had not been read. */
export async function withoutContent(call: EventCall, { stored }: ReadEvent): Promise<ReadEvent> {
  return call.engine.received.read({ ...stored, content: null });
}

/** Bytes of strangers: never shown as a page, whatever they say they are. */
export function bytesReply(
  bytes: Uint8Array,
  { contentType, name }: { readonly contentType: string; readonly name: string },
) {
  return {
    status: 200,
    body: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    raw: true,
    headers: {
      'content-type': MEDIA_TYPE.test(contentType) ? contentType : 'application/octet-stream',
      'content-disposition': attachment(name),
      'content-security-policy': "sandbox; default-src 'none'",
      'x-content-type-options': 'nosniff',
    },
  };
}

const MEDIA_TYPE = /^[\w!#$&^.+-]{1,100}\/[\w!#$&^.+-]{1,100}(\s*;[\x20-\x7e]{0,500})?$/;

/** RFC 6266, with the name for those who do not read the extended form. */
export function attachment(name: string): string {
  const plain = name.replaceAll(/[^\w.-]+/g, '_').slice(0, 100) || 'file';
  const encoded = encodeURIComponent(name.slice(0, 200).toWellFormed()).replaceAll(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
