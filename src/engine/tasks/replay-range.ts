/** What recovering, replaying missing and bulk replaying share: an endpoint, a range of time, and queueing a page. */
import type { Destination } from '../../core/catalog/resources.ts';
import type { ApplicationId, DestinationId, EventId } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import type { EventScope } from '../../ports/history.ts';
import { readId, readInstant, readOptionalId, readOptionalInstant } from './task-input.ts';
import type { Step, StepContext, TaskData } from './task-kind.ts';

export interface ReplayRange {
  /** null = an endpoint for operational events. */
  readonly applicationId: ApplicationId | null;
  readonly destinationId: DestinationId;
  /** Instants of acceptance in ms; `until` null = when the task was started. */
  readonly since: number;
  readonly until: number | null;
}

export function readReplayRange(input: TaskData): ReplayRange {
  return {
    applicationId: readOptionalId(input, 'applicationId'),
    destinationId: readId(input, 'destinationId'),
    since: readInstant(input, 'since'),
    until: readOptionalInstant(input, 'until'),
  };
}

export function scopeOf(range: ReplayRange, context: StepContext): EventScope {
  return { organization: context.organization, applicationId: range.applicationId };
}

/** The range as a filter. It ends at the task's start at the latest, so that a busy application cannot keep it running. */
export function timesOf(range: ReplayRange, context: StepContext): { since: number; before: number } {
  // What came in the same millisecond was there.
  const started = context.task.createdAt + 1;
  return { since: range.since, before: range.until === null ? started : Math.min(range.until, started) };
}

/** Problem not_found when the endpoint has been removed meanwhile. */
export async function findEndpoint(range: ReplayRange, context: StepContext): Promise<Destination> {
  const { catalog } = context.storage;
  const ref = { id: range.destinationId };
  const destination = await catalog.find(context.organization, 'destination', ref, range.applicationId);
  if (destination === null)
    throw new Problem('not_found', 'The endpoint was removed before its messages were queued.');
  return destination;
}

export interface ReplayPage {
  readonly destination: Destination;
  /** The messages to queue again. */
  readonly eventIds: readonly EventId[];
  /** The last message looked at; null = the page was empty. */
  readonly last: EventId | null;
  readonly isLast: boolean;
}

/** Queues one page and says where the next one starts. */
export async function replayPage(page: ReplayPage, context: StepContext): Promise<Step> {
  const ids = page.eventIds;
  const sent = ids.length > 0 ? await context.replay(context.organization, page.destination, ids) : 0;
  const before = context.task.data.messagesSent;
  return {
    cursor: page.last ?? context.task.cursor,
    done: ids.length,
    finished: page.isLast,
    data: { messagesSent: (typeof before === 'number' ? before : 0) + sent },
  };
}
