import { renderTaskStarted, TaskStartedOut } from '../../../contract/background-task.ts';
import { parseRange, RECOVER_SPAN_MAX_MS, RecoverIn } from '../../../contract/replay.ts';
import { defineOperation } from '../../define-operation.ts';
import { findEndpoint } from './find-endpoint.ts';

export const recoverEndpoint = defineOperation({
  id: 'endpoint.recover',
  method: 'POST',
  path: '/api/v1/app/{app_id}/endpoint/{endpoint_id}/recover',
  tag: 'Endpoint',
  summary: 'Send all failed messages of a range of time again',
  description:
    'Messages that were delivered in the end are left alone. The answer is a background task; its `data` tells how many messages were sent.',
  needs: { role: 'editor', scope: 'application', permission: 'endpoint:write' },
  body: RecoverIn,
  replies: { 202: TaskStartedOut },
  problems: ['not_found'],
  async handle(call) {
    const range = parseRange(call.body, { now: call.clock.now(), spanMaxMs: RECOVER_SPAN_MAX_MS });
    const { id, destination } = await findEndpoint(call);
    return call.engine.tasks.start({
      organization: call.organization,
      principal: call.principal,
      task: 'endpoint.recover',
      input: { applicationId: id, destinationId: destination.id, ...range },
      idempotency: call.idempotency,
      reply: (task) => ({ status: 202, body: renderTaskStarted(task) }),
    });
  },
});
