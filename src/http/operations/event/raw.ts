import { BytesOut } from '../../../contract/event.ts';
import { renderId } from '../../../core/ids.ts';
import { defineOperation } from '../../define-operation.ts';
import { bytesReply, findContent, READ, TAG } from './event-of.ts';

export const getEventRaw = defineOperation({
  id: 'event.raw',
  method: 'GET',
  path: '/api/v1/event/{event_id}/raw',
  tag: TAG,
  summary: 'Get the bytes of a received event as they came',
  description:
    'With its own Content-Type and Content-Encoding undone by nobody; as a download, never as a page.',
  needs: READ,
  replies: { 200: BytesOut },
  problems: ['not_found', 'missing_payload'],
  async handle(call) {
    const { stored, content } = await findContent(call);
    const { id, contentType } = stored.event;
    return bytesReply(content, { contentType, name: renderId(id, 'event') });
  },
});
