import { EmptyOut } from '../../../contract/attempt.ts';
import { renderId } from '../../../core/ids.ts';
import { defineOperation } from '../../define-operation.ts';
import { recordAction } from '../../record-action.ts';
import { findEndpoint } from '../endpoint/find-endpoint.ts';
import { findMessage } from '../message/find-message.ts';

export const resendMessage = defineOperation({
  id: 'attempt.resend',
  method: 'POST',
  path: '/api/v1/app/{app_id}/msg/{msg_id}/endpoint/{endpoint_id}/resend',
  tag: 'Attempt',
  summary: 'Send a message to an endpoint once more',
  description:
    'One attempt. When it fails, automatic retries go on as they were; when it succeeds, they end.',
  needs: { role: 'editor', scope: 'application', permission: 'attempt:write' },
  replies: { 202: EmptyOut },
  problems: ['not_found', 'missing_payload', 'generic_error'],
  async handle(call) {
    const { scope, destination } = await findEndpoint(call);
    const { event } = await findMessage(call, scope, { ref: call.params.msg_id ?? '', withContent: false });
    await call.engine.resend(call.organization, destination, event.id);
    const subject = `${renderId(event.id, 'message')} to ${renderId(destination.id, 'endpoint')}`;
    return recordAction(call, { action: 'attempt.resend', subject, reply: { status: 202, body: {} } });
  },
});
