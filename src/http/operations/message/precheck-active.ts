import { MessagePrecheckIn, MessagePrecheckOut } from '../../../contract/message.ts';
import { plan } from '../../../core/event/plan.ts';
import { defineOperation } from '../../define-operation.ts';
import { findApplication } from '../endpoint/find-endpoint.ts';

export const precheckMessage = defineOperation({
  id: 'message.precheck',
  method: 'POST',
  path: '/api/v1/app/{app_id}/msg/precheck/active',
  tag: 'Message',
  summary: 'Ask whether any endpoint would get such a message',
  needs: { role: 'viewer', scope: 'organization', permission: 'message:read' },
  body: MessagePrecheckIn,
  replies: { 200: MessagePrecheckOut },
  problems: ['not_found'],
  async handle(call) {
    const { loaded } = await findApplication(call);
    const event = { type: call.body.eventType, channels: call.body.channels ?? null };
    return { status: 200, body: { active: plan(event, loaded.destinations).length > 0 } };
  },
});
