import type { ApplicationId, EventId } from '../../core/ids.ts';
import { readId } from './task-input.ts';
import { defineTask, STEP_ITEMS_MAX } from './task-kind.ts';

/** Removes the payloads of every message that an application had when the task was started. */
export const applicationPurgeContent = defineTask({
  readInput: (input) => ({ applicationId: readId<'application'>(input, 'applicationId') as ApplicationId }),
  async step({ applicationId }, { organization, storage, task }) {
    // What came in the same millisecond was there.
    const before = task.createdAt + 1;
    const { last, count } = await storage.history.expungeContents(
      { organization, applicationId },
      { after: task.cursor as EventId | null, before, limit: STEP_ITEMS_MAX },
    );
    const purged = typeof task.data.messagesPurged === 'number' ? task.data.messagesPurged : 0;
    return {
      cursor: last ?? task.cursor,
      done: count,
      finished: last === null,
      data: { messagesPurged: purged + count },
    };
  },
});
