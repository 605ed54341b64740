import type { DeliveryStatus } from '../../core/delivery/delivery.ts';
import type { EventId } from '../../core/ids.ts';
import {
  findEndpoint,
  type ReplayRange,
  readReplayRange,
  replayPage,
  scopeOf,
  timesOf,
} from './replay-range.ts';
import {
  readOptionalStatus,
  readOptionalStatusClass,
  readOptionalText,
  readOptionalTexts,
} from './task-input.ts';
import { defineTask, STEP_ITEMS_MAX, type StepContext } from './task-kind.ts';

interface BulkReplay extends ReplayRange {
  readonly eventTypes: readonly string[] | null;
  readonly channel: string | null;
  readonly tag: string | null;
  /** null = whatever became of them. */
  readonly status: DeliveryStatus | null;
  /** Of the latest attempt; 0 = no answer, null = any. */
  readonly statusCodeClass: number | null;
}

/** Sends an endpoint's messages of a range of time again, delivered ones too, narrowed by the filters given. */
export const endpointBulkReplay = defineTask<BulkReplay>({
  readInput: (input) => ({
    ...readReplayRange(input),
    eventTypes: readOptionalTexts(input, 'eventTypes'),
    channel: readOptionalText(input, 'channel'),
    tag: readOptionalText(input, 'tag'),
    status: readOptionalStatus(input, 'status'),
    statusCodeClass: readOptionalStatusClass(input, 'statusCodeClass'),
  }),
  async step(range, context) {
    const destination = await findEndpoint(range, context);
    const events = await context.storage.history.listDestinationEvents(
      scopeOf(range, context),
      destination.id,
      {
        ...timesOf(range, context),
        ...(range.eventTypes === null ? {} : { types: range.eventTypes }),
        ...(range.channel === null ? {} : { channel: range.channel }),
        ...(range.tag === null ? {} : { tag: range.tag }),
        ...(range.status === null ? {} : { status: [range.status] }),
      },
      { after: context.task.cursor, direction: 'ascending', limit: STEP_ITEMS_MAX },
      { withContent: false },
    );
    const ids = events.map((found) => found.event.id);
    return replayPage(
      {
        destination,
        eventIds: range.statusCodeClass === null ? ids : await keepClass(ids, range, context),
        last: ids.at(-1) ?? null,
        isLast: events.length < STEP_ITEMS_MAX,
      },
      context,
    );
  },
});

/** The messages whose latest attempt at this endpoint was answered with the class asked for. */
async function keepClass(
  ids: readonly EventId[],
  range: BulkReplay,
  context: StepContext,
): Promise<EventId[]> {
  const { history } = context.storage;
  const kept: EventId[] = [];
  for (const eventId of ids) {
    const [latest] = await history.listAttempts(
      scopeOf(range, context),
      { eventId, destinationId: range.destinationId },
      { after: null, direction: 'descending', limit: 1 },
    );
    if (latest === undefined) continue;
    if (Math.floor(latest.attempt.statusCode / 100) * 100 === range.statusCodeClass) kept.push(eventId);
  }
  return kept;
}
