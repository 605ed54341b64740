import type { Destination } from '../../core/catalog/resources.ts';
import { RECEIVED, type SourceId } from '../../core/ids.ts';
import type { StoredEvent } from '../../ports/history.ts';
import { queueAgain } from './event-replay.ts';
import { readId, readInstant } from './task-input.ts';
import { defineTask, STEP_ITEMS_MAX, type StepContext } from './task-kind.ts';

interface SourceResume {
  readonly sourceId: SourceId;
  /** When it was paused. */
  readonly since: number;
}

/**
 * An event may be stored a while after it was stamped, and clocks of nodes differ: it looks so much further back. What
 * was delivered there has deliveries, and is left alone.
 */
const SLACK_MS = 60_000;
/** Rows that other nodes are still writing: looked for again, but not for ever. */
const UNDECIDED_REST_MS = 500;
const UNDECIDED_MS = 60_000;

/**
 * Delivers along the flows what a source kept while it was paused, in order of acceptance, and nothing that has a
 * delivery there already. The cursor is `<last seq that was looked at>/<last seq to look at>`.
 */
export const sourceResume = defineTask<SourceResume>({
  readInput: (input) => ({ sourceId: readId(input, 'sourceId'), since: readInstant(input, 'since') }),
  async step({ sourceId, since }, context) {
    const { organization, task, storage, received, now } = context;
    const scope = { organization, applicationId: RECEIVED };
    const { after, end } = await boundsOf(task.cursor, since, context);
    const rows =
      after >= end
        ? []
        : await storage.history.readEvents(
            scope,
            {},
            { afterSeq: after, limit: STEP_ITEMS_MAX, withContent: false },
          );
    const kept = rows.filter(({ seq, event }) => seq <= end && event.received?.sourceId === sourceId);
    const queued = await queueAgain(
      kept,
      async (stored) => missing(stored, await received.plan(organization, stored), context),
      context,
    );
    const last = rows.at(-1)?.seq ?? after;
    const isEmpty = rows.length === 0;
    return {
      cursor: `${last}/${end}`,
      done: kept.length,
      finished: last >= end || (isEmpty && now - task.createdAt > UNDECIDED_MS),
      data: { deliveriesQueued: Number(task.data.deliveriesQueued ?? 0) + queued },
      restMs: isEmpty ? UNDECIDED_REST_MS : 0,
    };
  },
});

/** Read after the pause has ended: what comes later than `end` was delivered when it came. */
async function boundsOf(
  cursor: string | null,
  since: number,
  { organization, storage }: StepContext,
): Promise<{ after: number; end: number }> {
  if (cursor !== null) {
    const [after, end] = cursor.split('/').map(Number);
    return { after: after!, end: end! };
  }
  const scope = { organization, applicationId: RECEIVED };
  const after = await storage.history.seqAt(scope, since - SLACK_MS);
  return { after, end: await storage.history.lastSeq(scope) };
}

/** The destinations where it has no delivery, settled or not. */
async function missing(
  { event }: StoredEvent,
  destinations: readonly Destination[],
  { organization, storage }: StepContext,
): Promise<readonly Destination[]> {
  if (destinations.length === 0) return [];
  const scope = { organization, applicationId: RECEIVED };
  const states = await storage.history.listDestinationStates(scope, event.id);
  const there = new Set(states.map(({ destinationId }) => destinationId));
  return destinations.filter(({ id }) => !there.has(id));
}
