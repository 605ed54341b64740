import { findEndpoint, readReplayRange, replayPage, scopeOf, timesOf } from './replay-range.ts';
import { defineTask, STEP_ITEMS_MAX } from './task-kind.ts';

/**
 * Sends again what an endpoint has failed to take in a range of time, and what was canceled on its way there, as when
 * the endpoint was disabled: who recovers wants what is missing, whatever took it away. The cursor is a message id, and
 * messages are paged by that same id: what fails again while the task runs lies behind it and is not taken twice.
 */
export const endpointRecover = defineTask({
  readInput: readReplayRange,
  async step(range, context) {
    const { history } = context.storage;
    const destination = await findEndpoint(range, context);
    const scope = scopeOf(range, context);
    const times = timesOf(range, context);
    const isFirst = context.task.cursor === null;
    const counts = isFirst ? await history.countStates(scope, destination.id, times) : null;
    const events = await history.listDestinationEvents(
      scope,
      destination.id,
      { ...times, status: ['failed', 'canceled'] },
      { after: context.task.cursor, direction: 'ascending', limit: STEP_ITEMS_MAX },
      { withContent: false },
    );
    const step = await replayPage(
      {
        destination,
        eventIds: events.map((found) => found.event.id),
        last: events.at(-1)?.event.id ?? null,
        isLast: events.length < STEP_ITEMS_MAX,
      },
      context,
    );
    return { ...step, addTotal: counts === null ? 0 : counts.failed + counts.canceled };
  },
});
