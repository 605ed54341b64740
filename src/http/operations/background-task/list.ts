import Type from 'typebox';
import {
  BackgroundTaskListOut,
  renderBackgroundTask,
  TaskKind,
  TaskStatus,
} from '../../../contract/background-task.ts';
import { ORDERED_PAGE_QUERY, type PageRequest, parsePage, renderPage } from '../../../contract/page.ts';
import type { BackgroundTask } from '../../../core/catalog/resources.ts';
import { parseId, renderId } from '../../../core/ids.ts';
import { type Call, defineOperation } from '../../define-operation.ts';
import { taskOwner } from './find-task.ts';

export const listBackgroundTasks = defineOperation({
  id: 'background-task.list',
  method: 'GET',
  path: '/api/v1/background-task',
  tag: 'Background task',
  summary: 'List background tasks, newest first',
  description: 'A token confined to one application sees the tasks of that application.',
  needs: { role: 'viewer', scope: 'application', permission: 'background-task:read' },
  query: Type.Object({
    ...ORDERED_PAGE_QUERY,
    status: Type.Optional(TaskStatus),
    task: Type.Optional(TaskKind),
  }),
  replies: { 200: BackgroundTaskListOut },
  problems: [],
  async handle(call) {
    const { status, task } = call.query;
    const page = parsePage(call.query, {
      parse: (text) => parseId(text, 'backgroundTask'),
      defaultOrder: 'descending',
    });
    const kind = task === undefined ? {} : { task };
    // A canceled task shows as failed, so a list of failed ones is two lists in one order.
    const wheres = status === 'failed' ? ['failed', 'canceled'] : [status];
    const lists = await Promise.all(
      wheres.map((stored) =>
        readTasks(call, page, stored === undefined ? kind : { ...kind, status: stored }),
      ),
    );
    const rows = lists.length === 1 ? (lists[0] ?? []) : merged(lists.flat(), page);
    return {
      status: 200,
      body: renderPage(rows, page, {
        item: renderBackgroundTask,
        iterator: (row) => renderId(row.id, 'backgroundTask'),
      }),
    };
  },
});

function readTasks(
  call: Pick<Call, 'storage' | 'organization' | 'principal'>,
  page: PageRequest,
  where: Readonly<Record<string, string>>,
): Promise<readonly BackgroundTask[]> {
  return call.storage.catalog.list(call.organization, 'background-task', {
    owner: taskOwner(call),
    orderBy: 'id',
    direction: page.readDirection,
    after: page.after,
    limit: page.readLimit,
    where,
  });
}

function merged(tasks: readonly BackgroundTask[], page: PageRequest): readonly BackgroundTask[] {
  const sign = page.readDirection === 'ascending' ? 1 : -1;
  return tasks.toSorted((a, b) => (a.id < b.id ? -sign : sign)).slice(0, page.readLimit);
}
