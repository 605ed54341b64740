import Type from 'typebox';
import { MessageOut, messageText } from '../../../contract/message.ts';
import { defineOperation } from '../../define-operation.ts';
import { findApplication } from '../endpoint/find-endpoint.ts';
import { findMessage, storedPayload } from './find-message.ts';

export const getMessage = defineOperation({
  id: 'message.get',
  method: 'GET',
  path: '/api/v1/app/{app_id}/msg/{msg_id}',
  tag: 'Message',
  summary: 'Get a message by its id or event id',
  needs: { role: 'viewer', scope: 'application', permission: 'message:read' },
  query: Type.Object({ with_content: Type.Optional(Type.Boolean()) }),
  replies: { 200: MessageOut },
  problems: ['not_found'],
  async handle(call) {
    const withContent = call.query.with_content ?? true;
    const { scope } = await findApplication(call);
    const stored = await findMessage(call, scope, { ref: call.params.msg_id ?? '', withContent });
    return {
      status: 200,
      body: messageText(stored.event, storedPayload(stored, { withContent })),
      raw: true,
    };
  },
});
