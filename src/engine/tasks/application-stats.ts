import type { ApplicationId } from '../../core/ids.ts';
import { renderId } from '../../core/ids.ts';
import { readInstant, readOptionalIds } from './task-input.ts';
import { defineTask, RESULT_ROWS_MAX, STEP_ITEMS_MAX, type StepContext } from './task-kind.ts';

interface Usage {
  readonly since: number;
  readonly until: number;
  /** null = every application. */
  readonly applicationIds: readonly ApplicationId[] | null;
}

interface UsageRow {
  readonly appId: string;
  readonly appUid: string | null;
  /** Attempts made. */
  readonly messageDestinations: number;
  /** Messages accepted. */
  readonly messages: number;
}

/** Counts what each application sent in a range of time. */
export const applicationStats = defineTask<Usage>({
  readInput: (input) => ({
    since: readInstant(input, 'since'),
    until: readInstant(input, 'until'),
    applicationIds: readOptionalIds<'application'>(input, 'applicationIds'),
  }),
  async step(usage, context) {
    const { ids, cursor, finished } = await nextApplications(usage, context);
    const rows = ids.length === 0 ? [] : await countRows(ids, usage, context);
    const before = (context.task.data.appStats ?? []) as readonly UsageRow[];
    const room = RESULT_ROWS_MAX - before.length;
    const truncated = context.task.data.truncated === true || rows.length > room;
    return {
      cursor,
      done: ids.length,
      addTotal: context.task.cursor === null ? (usage.applicationIds?.length ?? 0) : 0,
      finished,
      data: { appStats: [...before, ...rows.slice(0, room)], ...(truncated ? { truncated } : {}) },
    };
  },
});

/** The next page of applications: of those asked for (the cursor is a position), or of all (it is an id). */
async function nextApplications(
  { applicationIds }: Usage,
  { organization, storage, task }: StepContext,
): Promise<{ ids: readonly ApplicationId[]; cursor: string | null; finished: boolean }> {
  if (applicationIds !== null) {
    const from = task.cursor === null ? 0 : Number(task.cursor);
    const to = Math.min(from + STEP_ITEMS_MAX, applicationIds.length);
    return {
      ids: applicationIds.slice(from, to),
      cursor: String(to),
      finished: to === applicationIds.length,
    };
  }
  const page = await storage.catalog.list(organization, 'application', {
    orderBy: 'id',
    direction: 'ascending',
    after: task.cursor,
    limit: STEP_ITEMS_MAX,
  });
  const ids = page.map((application) => application.id as ApplicationId);
  return { ids, cursor: ids.at(-1) ?? task.cursor, finished: page.length < STEP_ITEMS_MAX };
}

async function countRows(
  ids: readonly ApplicationId[],
  { since, until }: Usage,
  { organization, storage }: StepContext,
): Promise<UsageRow[]> {
  const counts = await storage.history.countUsage(organization, ids, { since, before: until });
  const rows: UsageRow[] = [];
  for (const id of ids) {
    // An application removed meanwhile has no name to report its figures under.
    const application = await storage.catalog.find(organization, 'application', { id }, undefined);
    if (application === null) continue;
    const count = counts.find((candidate) => candidate.applicationId === id);
    rows.push({
      appId: renderId(id, 'application'),
      appUid: application.uid,
      messageDestinations: count?.attempts ?? 0,
      messages: count?.events ?? 0,
    });
  }
  return rows;
}
