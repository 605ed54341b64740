import { renderTaskStarted, TaskStartedOut } from '../../../contract/background-task.ts';
import { BulkReplayIn, parseReplayFilter, parseReplayRange } from '../../../contract/replay.ts';
import { defineOperation } from '../../define-operation.ts';
import { findEndpoint, refuseDisabled } from './find-endpoint.ts';

export const bulkReplayEndpoint = defineOperation({
  id: 'endpoint.bulk-replay',
  method: 'POST',
  path: '/api/v1/app/{app_id}/endpoint/{endpoint_id}/bulk-replay',
  tag: 'Endpoint',
  summary: 'Send an endpoint’s messages of a range of time again',
  description:
    'Delivered ones too, unless the filters say otherwise; only messages that the endpoint had before. The answer is a background task.',
  needs: { role: 'editor', scope: 'application', permission: 'attempt:write' },
  body: BulkReplayIn,
  replies: { 202: TaskStartedOut },
  problems: ['not_found', 'generic_error'],
  async handle(call) {
    const range = parseReplayRange(call.body, { now: call.clock.now() });
    const { id, destination } = await findEndpoint(call);
    refuseDisabled(destination);
    return call.engine.tasks.start({
      organization: call.organization,
      principal: call.principal,
      task: 'endpoint.bulk-replay',
      input: { applicationId: id, destinationId: destination.id, ...range, ...parseReplayFilter(call.body) },
      idempotency: call.idempotency,
      reply: (task) => ({ status: 202, body: renderTaskStarted(task) }),
    });
  },
});
