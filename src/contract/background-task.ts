/** Long work with progress, as the wire has it. */
import Type, { type Static } from 'typebox';
import type { BackgroundTask } from '../core/catalog/resources.ts';
import { renderId } from '../core/ids.ts';
import { IdOut } from './ids.ts';
import { ListResponse } from './page.ts';
import { Instant, Nullable, renderInstant } from './shape.ts';

/** Every kind of task there is; the wire's own names. */
export const TaskKind = Type.Union([
  Type.Literal('endpoint.replay'),
  Type.Literal('endpoint.recover'),
  Type.Literal('endpoint.bulk-replay'),
  Type.Literal('application.stats'),
  Type.Literal('application.purge_content'),
  Type.Literal('event-type.aggregate'),
  Type.Literal('event.replay'),
  Type.Literal('source.resume'),
]);

/** A canceled task shows as failed: clients that are strict about this list must still be able to read it. */
export const TaskStatus = Type.Union([
  Type.Literal('running'),
  Type.Literal('finished'),
  Type.Literal('failed'),
]);

const STARTED = {
  id: IdOut('backgroundTask'),
  status: TaskStatus,
  task: TaskKind,
  updatedAt: Instant,
};

/** What an operation answers that starts a task. */
export const TaskStartedOut = Type.Object(STARTED, { title: 'TaskStartedOut' });

export const BackgroundTaskOut = Type.Object(
  {
    ...STARTED,
    data: Type.Unknown({
      description: 'The result of a finished task; `canceled: true` in it when it was canceled.',
    }),
    progress: Type.Object(
      { done: Type.Integer(), total: Nullable(Type.Integer()) },
      { description: 'Items done so far, and in all when that is known.' },
    ),
  },
  { title: 'BackgroundTaskOut' },
);

export const BackgroundTaskListOut = ListResponse(BackgroundTaskOut, 'ListResponseBackgroundTaskOut');

export function renderTaskStarted(task: BackgroundTask): Static<typeof TaskStartedOut> {
  return {
    id: renderId(task.id, 'backgroundTask'),
    status: task.status === 'canceled' ? 'failed' : task.status,
    task: task.task as Static<typeof TaskKind>,
    updatedAt: renderInstant(task.updatedAt),
  };
}

export function renderBackgroundTask(task: BackgroundTask): Static<typeof BackgroundTaskOut> {
  return {
    ...renderTaskStarted(task),
    data: task.status === 'canceled' ? { ...task.data, canceled: true } : task.data,
    progress: { done: task.progress.done, total: task.progress.total },
  };
}
