import type { Destination } from '../../core/catalog/resources.ts';
import { RECEIVED, type SourceId } from '../../core/ids.ts';
import type { StoredEvent } from '../../ports/history.ts';
import { queueAgain } from './event-replay.ts';
import { readId, readInstant } from './task-input.ts';
import { defineTask, STEP_ITEMS_MAX, type Step, type StepContext } from './task-kind.ts';

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
/**
 * Another node may be storing an event for the pause while that ends. Its statement ends within 5 s, one way or the
 * other; what is stored later was planned without the pause.
 */
const SETTLED_MS = 6_000;
/** A foreign transaction may hide what comes after it: looked for again, but not for ever. */
const HIDDEN_REST_MS = 500;
const HIDDEN_MS = 10 * 60_000;
const BEHIND_REST_MS = 500;
/** Running tasks, of all organizations, that are looked through. */
const RUNNING_MAX = 1_000;

/**
 * Delivers along the flows what a source kept while it was paused, in order of acceptance, and nothing that has a
 * delivery there already. The cursor is `<last seq that was looked at>/<last seq to look at>`; the second is 0 until it
 * is known.
 */
export const sourceResume = defineTask<SourceResume>({
  readInput: (input) => ({ sourceId: readId(input, 'sourceId'), since: readInstant(input, 'since') }),
  async step({ sourceId, since }, context) {
    const { organization, task, storage, received } = context;
    if (await isBehindAnother(sourceId, context))
      return { cursor: null, done: 0, finished: false, data: task.data, restMs: BEHIND_REST_MS };
    const { after, end } = await boundsOf(since, context);
    const rows = await storage.history.readEvents(
      { organization, applicationId: RECEIVED },
      {},
      { afterSeq: after, limit: STEP_ITEMS_MAX, withContent: false },
    );
    const kept = rows.filter(({ seq, event }) => isWithin(seq, end) && event.received?.sourceId === sourceId);
    const queued = await queueAgain(
      kept,
      async (stored) => missing(stored, await received.plan(organization, stored), context),
      context,
    );
    const last = rows.at(-1)?.seq ?? after;
    return {
      cursor: `${last}/${end}`,
      done: kept.length,
      data: { deliveriesQueued: Number(task.data.deliveriesQueued ?? 0) + queued },
      ...whatFollows({ last, end, isFull: rows.length === STEP_ITEMS_MAX }, context),
    };
  },
});

function whatFollows(
  { last, end, isFull }: { last: number; end: number; isFull: boolean },
  context: StepContext,
): Pick<Step, 'finished' | 'restMs'> {
  const age = context.now - context.task.createdAt;
  if (isFull && isWithin(last, end)) return { finished: false };
  if (end === UNKNOWN) return { finished: false, restMs: Math.max(1, settledMs(context) - age) };
  return { finished: last >= end || age > HIDDEN_MS, restMs: HIDDEN_REST_MS };
}

const UNKNOWN = 0;

function isWithin(seq: number, end: number): boolean {
  return end === UNKNOWN || seq <= end;
}

function settledMs({ storage }: StepContext): number {
  return storage.cluster.isShared ? SETTLED_MS : 0;
}

async function boundsOf(since: number, context: StepContext): Promise<{ after: number; end: number }> {
  const { organization, storage, task, now } = context;
  const scope = { organization, applicationId: RECEIVED };
  const [known, end] = (task.cursor ?? '').split('/').map(Number);
  const after = task.cursor === null ? await storage.history.seqAt(scope, since - SLACK_MS) : known!;
  if (end || now - task.createdAt < settledMs(context)) return { after, end: end ?? UNKNOWN };
  return { after, end: (await storage.history.lastSeq(scope)) || after };
}

/**
 * Whoever pauses again soon after a resume gets a second task that looks at the same events: it waits for the first, or
 * both would find the same deliveries missing.
 */
async function isBehindAnother(
  sourceId: SourceId,
  { organization, task, storage }: StepContext,
): Promise<boolean> {
  if (task.cursor !== null) return false;
  const running = await storage.catalog.runningTasks(RUNNING_MAX);
  return running.some(
    ({ organization: of, task: { id, task: name, input } }) =>
      of === organization && name === task.task && input.sourceId === sourceId && id < task.id,
  );
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
