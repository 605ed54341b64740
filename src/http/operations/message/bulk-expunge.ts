import {
  BulkExpungeContentsIn,
  BulkExpungeContentsOut,
  type BulkExpungeResults,
} from '../../../contract/message.ts';
import { type EventId, parseId, renderId } from '../../../core/ids.ts';
import { defineOperation } from '../../define-operation.ts';
import { recordAction } from '../../record-action.ts';
import { findApplication } from '../endpoint/find-endpoint.ts';

export const bulkExpungeContents = defineOperation({
  id: 'message.bulk-expunge',
  method: 'POST',
  path: '/api/v1/app/{app_id}/msg/bulk-expunge',
  tag: 'Message',
  summary: 'Delete the payloads of several messages',
  description: 'Each id of the body has its own result; what is not there changes nothing for the others.',
  needs: { role: 'editor', scope: 'organization', permission: 'message:write' },
  body: BulkExpungeContentsIn,
  replies: { 200: BulkExpungeContentsOut },
  problems: ['not_found'],
  async handle(call) {
    const { id: applicationId, scope } = await findApplication(call);
    const results: [string, BulkExpungeResults[string]][] = [];
    for (const ref of new Set(call.body.ids ?? [])) {
      const id = parseId<'event'>(ref, 'message') as EventId | undefined;
      const named = id === undefined ? { eventId: ref } : { id };
      const found = await call.storage.history.findEvent(scope, named, { withContent: false });
      if (found !== null) await call.storage.history.expungeContent(scope, found.event.id);
      results.push([ref, found === null ? 'not-found' : 'expunged']);
    }
    const subject = renderId(applicationId, 'application');
    const reply = { status: 200, body: { results: Object.fromEntries(results) } };
    return recordAction(call, { action: 'message.bulk-expunge', subject, reply });
  },
});
