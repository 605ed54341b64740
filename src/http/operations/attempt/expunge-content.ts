import { renderId } from '../../../core/ids.ts';
import { defineOperation } from '../../define-operation.ts';
import { recordAction } from '../../record-action.ts';
import { findAttempt } from './find-attempt.ts';

export const expungeAttemptContent = defineOperation({
  id: 'attempt.expunge-content',
  method: 'DELETE',
  path: '/api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}/content',
  tag: 'Attempt',
  summary: 'Delete the response that an attempt got',
  needs: { role: 'editor', scope: 'organization', permission: 'attempt:write' },
  replies: { 204: null },
  problems: ['not_found'],
  async handle(call) {
    const { scope, event, attempt } = await findAttempt(call);
    await call.storage.history.expungeResponse(scope, event.id, attempt.id);
    const subject = renderId(attempt.id, 'attempt');
    const reply = { status: 204, body: undefined };
    return recordAction(call, { action: 'attempt.expunge-content', subject, reply });
  },
});
