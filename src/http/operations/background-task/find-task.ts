import type { BackgroundTask } from '../../../core/catalog/resources.ts';
import { type ApplicationId, parseId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import type { Call } from '../../define-operation.ts';

/** The task that the path names, of the caller's organization, and of its application when it is confined to one. */
export async function findTask(
  call: Pick<Call, 'storage' | 'organization' | 'params' | 'principal'>,
): Promise<BackgroundTask> {
  const id = parseId(call.params.task_id ?? '', 'backgroundTask');
  const owner = taskOwner(call);
  const task =
    id === undefined
      ? null
      : await call.storage.catalog.find(call.organization, 'background-task', { id }, owner);
  if (task === null) {
    throw new Problem(
      'not_found',
      'There is no background task with this id: pass the id of an answer that started one.',
    );
  }
  return task;
}

/** Whose tasks the caller sees; undefined = all of the organization. */
export function taskOwner({ principal }: Pick<Call, 'principal'>): ApplicationId | undefined {
  return principal.applicationId ?? undefined;
}
