import { EmptyOut } from '../../../contract/attempt.ts';
import { defineOperation } from '../../define-operation.ts';
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
  problems: ['not_found', 'missing_payload'],
  async handle(call) {
    const { scope, destination } = await findEndpoint(call);
    const { event } = await findMessage(call, scope, { ref: call.params.msg_id ?? '', withContent: false });
    await call.engine.resend(call.organization, destination, event.id);
    return { status: 202, body: {} };
  },
});
