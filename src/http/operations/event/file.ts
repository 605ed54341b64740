import { BytesOut } from '../../../contract/event.ts';
import { Problem } from '../../../core/problem.ts';
import { defineOperation } from '../../define-operation.ts';
import { bytesReply, findContent, READ, TAG } from './event-of.ts';

export const getEventFile = defineOperation({
  id: 'event.file',
  method: 'GET',
  path: '/api/v1/event/{event_id}/file/{index}',
  tag: TAG,
  summary: 'Get a file of a received event: an upload, or an attachment',
  description: '`index` counts the event’s `files` from 0.',
  needs: READ,
  replies: { 200: BytesOut },
  problems: ['not_found', 'missing_payload'],
  async handle(call) {
    const { stored } = await findContent(call);
    const { files } = await call.engine.received.read(stored);
    const index = /^\d{1,6}$/.test(call.params.index ?? '') ? Number(call.params.index) : -1;
    const file = files[index];
    if (file === undefined)
      throw new Problem('not_found', `This event has ${files.length} files, which are counted from 0.`);
    return bytesReply(file.bytes, { contentType: file.contentType, name: file.name });
  },
});
