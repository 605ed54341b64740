import { renderTaskStarted, TaskStartedOut } from '../../../contract/background-task.ts';
import { parseRange, RecoverIn } from '../../../contract/replay.ts';
import { recoverRange } from '../../../core/recover-range.ts';
import { defineOperation } from '../../define-operation.ts';
import { findEndpoint, refuseDisabled } from './find-endpoint.ts';

export const recoverEndpoint = defineOperation({
  id: 'endpoint.recover',
  method: 'POST',
  path: '/api/v1/app/{app_id}/endpoint/{endpoint_id}/recover',
  tag: 'Endpoint',
  summary: 'Send all failed messages of a range of time again',
  description:
    'Messages that failed for good, and those that were canceled while the endpoint was disabled. Messages that were delivered in the end are left alone. The answer is a background task; its `data` tells how many messages were sent.',
  needs: { role: 'editor', scope: 'application', permission: 'attempt:write' },
  body: RecoverIn,
  replies: { 202: TaskStartedOut },
  problems: ['not_found', 'generic_error'],
  async handle(call) {
    const range = recoverRange({ ...parseRange(call.body), now: call.clock.now() });
    const { id, destination } = await findEndpoint(call);
    refuseDisabled(destination);
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
