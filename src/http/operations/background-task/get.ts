import { BackgroundTaskOut, renderBackgroundTask } from '../../../contract/background-task.ts';
import { defineOperation } from '../../define-operation.ts';
import { findTask } from './find-task.ts';

export const getBackgroundTask = defineOperation({
  id: 'background-task.get',
  method: 'GET',
  path: '/api/v1/background-task/{task_id}',
  tag: 'Background task',
  summary: 'Get a background task, its progress and its result',
  description: 'A token confined to one application sees the tasks of that application.',
  needs: { role: 'viewer', scope: 'application', permission: 'background-task:read' },
  replies: { 200: BackgroundTaskOut },
  problems: ['not_found'],
  async handle(call) {
    return { status: 200, body: renderBackgroundTask(await findTask(call)) };
  },
});
