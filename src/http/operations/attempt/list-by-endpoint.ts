import { MessageAttemptList } from '../../../contract/attempt.ts';
import { defineOperation } from '../../define-operation.ts';
import { findEndpoint } from '../endpoint/find-endpoint.ts';
import { AttemptsQuery, attemptsReply } from './list-attempts.ts';

export const listAttemptsByEndpoint = defineOperation({
  id: 'attempt.list-by-endpoint',
  method: 'GET',
  path: '/api/v1/app/{app_id}/attempt/endpoint/{endpoint_id}',
  tag: 'Attempt',
  summary: 'List the attempts to deliver to an endpoint',
  description: 'Newest first; the last 90 days unless `before` or `after` say otherwise.',
  needs: { role: 'viewer', scope: 'application', permission: 'attempt:read' },
  query: AttemptsQuery,
  replies: { 200: MessageAttemptList },
  problems: ['not_found'],
  async handle(call) {
    const { scope, destination } = await findEndpoint(call);
    return attemptsReply(call, scope, { destinationId: destination.id });
  },
});
