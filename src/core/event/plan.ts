/** Which destinations an event goes to. */
import type { DestinationId } from '../ids.ts';

export interface PlannedEvent {
  readonly type: string;
  readonly channels: readonly string[] | null;
}

export interface Candidate {
  readonly id: DestinationId;
  /** null = every type. */
  readonly eventTypes: ReadonlySet<string> | null;
  /** null = every channel, and events without one. */
  readonly channels: ReadonlySet<string> | null;
  readonly disabled: boolean;
  /** A poller fetches from history by itself; nothing is queued for it. */
  readonly kind: 'http' | 'poller';
}

/** The destinations that get a delivery of the event, in the order given. */
export function plan(event: PlannedEvent, candidates: readonly Candidate[]): DestinationId[] {
  const ids: DestinationId[] = [];
  for (const candidate of candidates) {
    if (candidate.kind === 'http' && !candidate.disabled && wants(candidate, event)) ids.push(candidate.id);
  }
  return ids;
}

/** Whether an event is of the types and channels that a destination asked for. */
export function wants(filter: Pick<Candidate, 'eventTypes' | 'channels'>, event: PlannedEvent): boolean {
  if (filter.eventTypes !== null && !filter.eventTypes.has(event.type)) return false;
  const { channels } = filter;
  return channels === null || (event.channels?.some((channel) => channels.has(channel)) ?? false);
}
