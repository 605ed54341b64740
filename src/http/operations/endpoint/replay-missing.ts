import { renderTaskStarted, TaskStartedOut } from '../../../contract/background-task.ts';
import { parseReplayRange, ReplayIn } from '../../../contract/replay.ts';
import { defineOperation } from '../../define-operation.ts';
import { findEndpoint, refuseDisabled } from './find-endpoint.ts';

export const replayMissingMessages = defineOperation({
  id: 'endpoint.replay-missing',
  method: 'POST',
  path: '/api/v1/app/{app_id}/endpoint/{endpoint_id}/replay-missing',
  tag: 'Endpoint',
  summary: 'Send the messages of a range of time that the endpoint never got',
  description:
    'For messages published before the endpoint was there, or while it was disabled. The answer is a background task.',
  needs: { role: 'editor', scope: 'application', permission: 'attempt:write' },
  body: ReplayIn,
  replies: { 202: TaskStartedOut },
  problems: ['not_found', 'generic_error'],
  async handle(call) {
    const range = parseReplayRange(call.body, { now: call.clock.now() });
    const { id, destination } = await findEndpoint(call);
    refuseDisabled(destination);
    return call.engine.tasks.start({
      organization: call.organization,
      principal: call.principal,
      task: 'endpoint.replay',
      input: { applicationId: id, destinationId: destination.id, ...range },
      idempotency: call.idempotency,
      reply: (task) => ({ status: 202, body: renderTaskStarted(task) }),
    });
  },
});
