import type { Destination } from '../../core/catalog/resources.ts';
import type { Event } from '../../core/event/event.ts';
import { findEndpoint, readReplayRange, replayPage, scopeOf, timesOf } from './replay-range.ts';
import { defineTask, STEP_ITEMS_MAX } from './task-kind.ts';

/** Sends an endpoint the messages of a range of time that it wants and was never given (replay-missing). */
export const endpointReplay = defineTask({
  readInput: readReplayRange,
  async step(range, context) {
    const destination = await findEndpoint(range, context);
    const events = await context.storage.history.listMissing(
      scopeOf(range, context),
      destination.id,
      {
        ...timesOf(range, context),
        ...(destination.eventTypes === null ? {} : { types: destination.eventTypes }),
      },
      { after: context.task.cursor, direction: 'ascending', limit: STEP_ITEMS_MAX },
    );
    return replayPage(
      {
        destination,
        eventIds: events.filter((event) => wantsChannels(destination, event)).map((event) => event.id),
        last: events.at(-1)?.id ?? null,
        isLast: events.length < STEP_ITEMS_MAX,
      },
      context,
    );
  },
});

function wantsChannels({ channels }: Destination, event: Event): boolean {
  return channels === null || (event.channels?.some((channel) => channels.includes(channel)) ?? false);
}
