import Type from 'typebox';
import { MessageAttemptOut, renderAttempt } from '../../../contract/attempt.ts';
import { STATUS_QUERY } from '../../../contract/delivery-status.ts';
import { defineOperation } from '../../define-operation.ts';
import { findAttempt } from './find-attempt.ts';

export const getAttempt = defineOperation({
  id: 'attempt.get',
  method: 'GET',
  path: '/api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}',
  tag: 'Attempt',
  summary: 'Get an attempt',
  needs: { role: 'viewer', scope: 'application', permission: 'attempt:read' },
  query: Type.Object({ expanded_statuses: STATUS_QUERY.expanded_statuses }),
  replies: { 200: MessageAttemptOut },
  problems: ['not_found'],
  async handle(call) {
    const { attempt } = await findAttempt(call);
    const expanded = call.query.expanded_statuses ?? true;
    return { status: 200, body: renderAttempt(attempt, { withContent: true, expanded }) };
  },
});
