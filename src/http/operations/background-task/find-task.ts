import type { BackgroundTask } from '../../../core/catalog/resources.ts';
import { parseId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import type { Call } from '../../define-operation.ts';

/** The task that the path names, of the caller's organization. */
export async function findTask(
  call: Pick<Call, 'storage' | 'organization' | 'params'>,
): Promise<BackgroundTask> {
  const id = parseId(call.params.task_id ?? '', 'backgroundTask');
  const task =
    id === undefined
      ? null
      : await call.storage.catalog.find(call.organization, 'background-task', { id }, undefined);
  if (task === null) {
    throw new Problem(
      'not_found',
      'There is no background task with this id: pass the id of an answer that started one.',
    );
  }
  return task;
}
