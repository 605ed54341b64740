import type { ApplicationId } from '../../core/ids.ts';
import { renderId } from '../../core/ids.ts';
import { DESTINATIONS_PER_OWNER_MAX } from '../destination-limit.ts';
import { readOptionalInstant } from './task-input.ts';
import { defineTask, RESULT_ROWS_MAX, type Step, type StepContext } from './task-kind.ts';

/** Applications per step: each costs a look at its endpoints. */
const APPLICATIONS_PER_STEP = 50;
/** Days of history whose used types are collected unless the input says otherwise. */
const DAYS_DEFAULT = 90;
const DAY_MS = 86_400_000;
/** Steps that the range of time is cut into at most. */
const SLICES_MAX = 100;
/** The cursor of the second phase: `used:<ms>`, the instant up to which types have been collected. */
const USED = 'used:';

interface Aggregate {
  readonly since: number | null;
  readonly until: number | null;
}

interface SubscribedRow {
  readonly appId: string;
  readonly explicitlySubscribedEventTypes: readonly string[];
  readonly hasCatchAllEndpoint: boolean;
}

/**
 * Which event types are wanted and which are used. First, application by application, what the endpoints subscribe
 * to (`event_types`), then, slice by slice of time, what has been published (`used_event_types`).
 */
export const eventTypeAggregate = defineTask<Aggregate>({
  readInput: (input) => ({
    since: readOptionalInstant(input, 'since'),
    until: readOptionalInstant(input, 'until'),
  }),
  step: (range, context) =>
    context.task.cursor?.startsWith(USED) ? collectUsed(range, context) : collectSubscribed(range, context),
});

async function collectSubscribed(range: Aggregate, context: StepContext): Promise<Step> {
  const { organization, storage, task } = context;
  const applications = await storage.catalog.list(organization, 'application', {
    orderBy: 'id',
    direction: 'ascending',
    after: task.cursor,
    limit: APPLICATIONS_PER_STEP,
  });
  const before = (task.data.event_types ?? []) as readonly SubscribedRow[];
  const room = RESULT_ROWS_MAX - before.length;
  const rows: SubscribedRow[] = [];
  for (const { id } of applications) rows.push(await subscribedTypes(id as ApplicationId, context));
  const truncated = task.data.truncated === true || rows.length > room;
  const isLast = applications.length < APPLICATIONS_PER_STEP;
  return {
    cursor: isLast ? USED + timesOf(range, context).since : applications.at(-1)!.id,
    done: applications.length,
    finished: false,
    data: { event_types: [...before, ...rows.slice(0, room)], ...(truncated ? { truncated } : {}) },
  };
}

async function subscribedTypes(
  owner: ApplicationId,
  { organization, storage }: StepContext,
): Promise<SubscribedRow> {
  const endpoints = await storage.catalog.list(organization, 'destination', {
    owner,
    orderBy: 'id',
    direction: 'ascending',
    after: null,
    limit: DESTINATIONS_PER_OWNER_MAX,
  });
  const types = new Set(endpoints.flatMap((endpoint) => endpoint.eventTypes ?? []));
  return {
    appId: renderId(owner, 'application'),
    explicitlySubscribedEventTypes: [...types].toSorted(),
    hasCatchAllEndpoint: endpoints.some((endpoint) => endpoint.eventTypes === null),
  };
}

async function collectUsed(range: Aggregate, context: StepContext): Promise<Step> {
  const { organization, storage, task } = context;
  const { since, until } = timesOf(range, context);
  const from = Number(task.cursor!.slice(USED.length));
  const before = Math.min(until, from + Math.max(DAY_MS, Math.ceil((until - since) / SLICES_MAX)));
  const found =
    from < before ? await storage.history.usedEventTypes(organization, { since: from, before }) : [];
  const known = (task.data.used_event_types ?? []) as readonly string[];
  const used = [...new Set([...known, ...found])].toSorted();
  return {
    cursor: USED + before,
    done: used.length - known.length,
    finished: before >= until,
    data: { ...task.data, used_event_types: used.slice(0, RESULT_ROWS_MAX) },
  };
}

function timesOf(range: Aggregate, { task }: StepContext): { since: number; until: number } {
  const until = range.until ?? task.createdAt;
  return { since: range.since ?? Math.max(0, until - DAYS_DEFAULT * DAY_MS), until };
}
