import { renderTaskStarted, TaskStartedOut } from '../../../contract/background-task.ts';
import { Problem } from '../../../core/problem.ts';
import { defineOperation } from '../../define-operation.ts';
import { findSource, TAG, WRITE } from './source-of.ts';

export const resumeSource = defineOperation({
  id: 'source.resume',
  method: 'POST',
  path: '/api/v1/source/{source_id}/resume',
  tag: TAG,
  summary: 'End a source’s pause, and deliver what it kept',
  description:
    'What comes from now on is delivered at once. What was kept is delivered along the flows as they are now, in order of acceptance and nothing twice, by a background task, which is the answer. Canceling it leaves the rest undelivered.',
  needs: WRITE,
  replies: { 202: TaskStartedOut },
  problems: ['not_found', 'conflict'],
  async handle(call) {
    const before = await findSource(call);
    if (before.pausedAt === null)
      throw new Problem('conflict', 'This source is not paused: there is nothing to resume.');
    return call.engine.tasks.start({
      organization: call.organization,
      principal: call.principal,
      task: 'source.resume',
      input: { sourceId: before.id, since: before.pausedAt },
      idempotency: call.idempotency,
      reply: (task) => ({ status: 202, body: renderTaskStarted(task) }),
      alongside: {
        action: 'source.resume',
        edits: [{ kind: 'source', before, after: { ...before, pausedAt: null } }],
      },
    });
  },
});
