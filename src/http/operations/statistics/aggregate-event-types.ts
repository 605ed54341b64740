import { renderTaskStarted, TaskStartedOut } from '../../../contract/background-task.ts';
import { defineOperation } from '../../define-operation.ts';

export const aggregateEventTypes = defineOperation({
  id: 'statistics.aggregate-event-types',
  method: 'PUT',
  path: '/api/v1/stats/usage/event-types',
  tag: 'Statistics',
  summary: 'List the event types that each application’s endpoints subscribe to',
  description:
    'Starts a background task. Its `data` has `event_types`: one row per application with the types its endpoints name and whether one of them takes all; and `used_event_types`: those published lately.',
  needs: { role: 'viewer', scope: 'organization', permission: 'statistics:read' },
  replies: { 202: TaskStartedOut },
  problems: [],
  handle(call) {
    return call.engine.tasks.start({
      organization: call.organization,
      principal: call.principal,
      task: 'event-type.aggregate',
      input: {},
      idempotency: call.idempotency,
      reply: (task) => ({ status: 202, body: renderTaskStarted(task) }),
    });
  },
});
