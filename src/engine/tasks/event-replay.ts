import type { Destination } from '../../core/catalog/resources.ts';
import { type DestinationId, type EventId, RECEIVED } from '../../core/ids.ts';
import { invalid, Problem } from '../../core/problem.ts';
import type { EventQuery } from '../../core/received/event-query.ts';
import type { StoredEvent } from '../../ports/history.ts';
import { readOptionalId } from './task-input.ts';
import { defineTask, STEP_ITEMS_MAX, type StepContext, type TaskData } from './task-kind.ts';

interface EventReplay {
  readonly query: EventQuery;
  /** null = along the flows as they are now. */
  readonly destinationId: DestinationId | null;
  /** Events. */
  readonly ratePerSecond: number;
  readonly limit: number | null;
}

/**
 * Delivers received events again, in order of acceptance and no faster than asked. The cursor is the seq that was looked
 * at last. It ends with what was there when it began, so that what comes in meanwhile cannot keep it running.
 */
export const eventReplay = defineTask<EventReplay>({
  readInput: (input) => ({
    query: readQuery(input),
    destinationId: readOptionalId(input, 'destinationId'),
    ratePerSecond: readPositive(input, 'ratePerSecond'),
    limit: input.limit == null ? null : readPositive(input, 'limit'),
  }),
  async step({ query, destinationId, ratePerSecond, limit }, context) {
    const { task, organization, received } = context;
    const room = limit === null ? STEP_ITEMS_MAX : limit - task.progress.done;
    const { rows, next } = await received.find(organization, {
      // What came in the same millisecond was there.
      query: { ...query, until: Math.min(query.until ?? Number.POSITIVE_INFINITY, task.createdAt + 1) },
      direction: 'oldest-first',
      after: Number(task.cursor ?? 0),
      before: null,
      // Half a second's worth, so that it is steady.
      limit: Math.min(room, STEP_ITEMS_MAX, Math.max(1, Math.ceil(ratePerSecond / 2))),
      withContent: false,
    });
    const only = destinationId === null ? null : await findDestination(destinationId, context);
    const queued = await queueAgain(
      rows.map(({ stored }) => stored),
      async (stored) => (only === null ? received.plan(organization, stored) : [only]),
      context,
    );
    return {
      cursor: next === null ? task.cursor : String(next),
      done: rows.length,
      finished: next === null || rows.length >= room,
      data: { deliveriesQueued: Number(task.data.deliveriesQueued ?? 0) + queued },
      restMs: (rows.length * 1000) / ratePerSecond,
    };
  },
});

/** Queues events for the destinations of each, in their order; how many deliveries are in the queue now. */
export async function queueAgain(
  events: readonly StoredEvent[],
  destinationsOf: (stored: StoredEvent) => Promise<readonly Destination[]>,
  { organization, replay }: StepContext,
): Promise<number> {
  const byDestination = new Map<DestinationId, { destination: Destination; eventIds: EventId[] }>();
  for (const stored of events) {
    for (const destination of await destinationsOf(stored)) {
      const asked = byDestination.get(destination.id) ?? { destination, eventIds: [] };
      asked.eventIds.push(stored.event.id);
      byDestination.set(destination.id, asked);
    }
  }
  let queued = 0;
  for (const { destination, eventIds } of byDestination.values())
    queued += await replay(organization, destination, eventIds);
  return queued;
}

async function findDestination(
  id: DestinationId,
  { organization, storage }: StepContext,
): Promise<Destination> {
  const found = await storage.catalog.find(organization, 'destination', { id }, RECEIVED);
  if (found === null)
    throw new Problem('not_found', 'The destination was removed before all events were queued.');
  return found;
}

function readQuery({ query }: TaskData): EventQuery {
  if (typeof query !== 'object' || query === null || !('search' in query))
    throw invalid(['input', 'query'], 'Give the query of the events.');
  return query as EventQuery;
}

function readPositive(input: TaskData, member: string): number {
  const value = input[member];
  if (typeof value !== 'number' || !(value > 0))
    throw invalid(['input', member], `Give ${member} as a number above 0.`);
  return value;
}
