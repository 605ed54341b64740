import { renderId } from '../../../core/ids.ts';
import { defineOperation } from '../../define-operation.ts';
import { recordAction } from '../../record-action.ts';
import { findApplication } from '../endpoint/find-endpoint.ts';
import { findMessage } from './find-message.ts';

export const expungeMessageContent = defineOperation({
  id: 'message.expunge-content',
  method: 'DELETE',
  path: '/api/v1/app/{app_id}/msg/{msg_id}/content',
  tag: 'Message',
  summary: 'Delete a message’s payload',
  description: 'It cannot be sent again afterwards; deliveries that still wait are canceled.',
  needs: { role: 'editor', scope: 'organization', permission: 'message:write' },
  replies: { 204: null },
  problems: ['not_found'],
  async handle(call) {
    const { scope } = await findApplication(call);
    const { event } = await findMessage(call, scope, { ref: call.params.msg_id ?? '', withContent: false });
    await call.storage.history.expungeContent(scope, event.id);
    const subject = renderId(event.id, 'message');
    const reply = { status: 204, body: undefined };
    return recordAction(call, { action: 'message.expunge-content', subject, reply });
  },
});
