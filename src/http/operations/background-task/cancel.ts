import { BackgroundTaskOut, renderBackgroundTask } from '../../../contract/background-task.ts';
import { Problem } from '../../../core/problem.ts';
import { defineOperation } from '../../define-operation.ts';
import { findTask } from './find-task.ts';

export const cancelBackgroundTask = defineOperation({
  id: 'background-task.cancel',
  method: 'POST',
  path: '/api/v1/background-task/{task_id}/cancel',
  tag: 'Background task',
  summary: 'Stop a running background task',
  description: 'What it has done so far stays done. Canceling a canceled task changes nothing.',
  needs: { role: 'editor', scope: 'organization', permission: 'background-task:write' },
  replies: { 200: BackgroundTaskOut },
  problems: ['not_found', 'conflict'],
  async handle(call) {
    const task = await findTask(call);
    if (task.status === 'canceled') return { status: 200, body: renderBackgroundTask(task) };
    if (task.status !== 'running') {
      throw new Problem(
        'conflict',
        `This task has already ${task.status}: only a running one can be canceled.`,
      );
    }
    const after = { ...task, uid: null, status: 'canceled' as const, updatedAt: call.clock.now() };
    return call.commit('background-task.cancel', [{ kind: 'background-task', before: task, after }], {
      status: 200,
      body: renderBackgroundTask(after),
    });
  },
});
