/**
 * Facts sorted by delivery. A delivery's story is one or more rows of the queue (the planned one, then one for each
 * replay or resend), the requests that went out for it, and what was recorded of them.
 */
import type { Attempt, Trigger } from '../../src/core/delivery/delivery.ts';
import { isDelivered } from '../../src/core/outcome.ts';
import type {
  AcceptFact,
  CancelFact,
  EndpointFacts,
  EnqueueFact,
  Facts,
  FormFact,
  Moment,
  RecordFact,
  SendFact,
} from './facts.ts';

export interface Story {
  readonly endpoint: EndpointFacts;
  readonly accept: AcceptFact;
  readonly isPlanned: boolean;
  readonly rows: Row[];
  readonly sends: StorySend[];
  /** Records of attempts and cancellations, each attempt once, in order of commit. */
  readonly records: StoryRecord[];
}

export interface Row {
  readonly trigger: Trigger;
  readonly opened: Moment;
  /** The record that settled it; null = none did. */
  closed: { readonly by: StoryRecord } | null;
  /** When its lane was canceled; null = not before it was settled. */
  canceled: CancelFact | null;
}

export interface StorySend {
  readonly story: Story;
  readonly fact: SendFact;
  record: StoryRecord | null;
}

export interface StoryRecord {
  readonly fact: RecordFact;
  /** null = nothing was sent: the payload was gone, or the request could not be made. */
  send: StorySend | null;
}

/** What the store says at the end. */
export interface FinalState {
  readonly states: ReadonlyMap<string, string>;
  readonly attempts: ReadonlyMap<string, readonly Attempt[]>;
}

export function storyKey(eventId: string, destinationId: string): string {
  return `${eventId} ${destinationId}`;
}

/** Stories of everything accepted, by `storyKey`, in order of acceptance. */
export function tellStories(facts: Facts): Map<string, Story> {
  const stories = new Map<string, Story>();
  const accepts = new Map(facts.accepts.map((accept) => [accept.acceptance.event.id as string, accept]));
  for (const accept of facts.accepts) {
    for (const endpoint of facts.endpoints) {
      const isPlanned = accept.acceptance.destinations.includes(endpoint.id);
      const rows: Row[] = isPlanned ? [openedBy(accept, 'scheduled')] : [];
      const key = storyKey(accept.acceptance.event.id, endpoint.id);
      stories.set(key, { endpoint, accept, isPlanned, rows, sends: [], records: [] });
    }
  }
  for (const fact of facts.sends) {
    if (!accepts.has(fact.eventId)) continue;
    const story = stories.get(storyKey(fact.eventId, facts.endpoints[fact.endpoint]!.id));
    story?.sends.push({ story, fact, record: null });
  }
  const changes = [...facts.enqueues, ...facts.records, ...facts.cancels];
  for (const change of changes.toSorted((a, b) => a.order - b.order)) {
    if ('entry' in change) openRow(stories, change);
    else if ('record' in change) closeRow(stories, change);
    else cancelRows(stories, change);
  }
  return stories;
}

/**
 * True when the request was made for a person, or may have been: when its process died nothing tells which of the two
 * rows of a pair it was for.
 */
export function isManual(send: StorySend): boolean {
  if (send.record !== null) return send.record.fact.record.attempt.trigger === 'manual';
  return send.story.rows.some((row) => row.trigger === 'manual' && row.opened.order < send.fact.order);
}

export function hasDelivered(send: StorySend): boolean {
  return send.fact.outcome !== null && isDelivered(send.fact.outcome);
}

/** True when the process that made this request was gone before it could record it. */
export function diedAfter(facts: Facts, send: SendFact): boolean {
  return facts.deaths.some((death) => death.process === send.process);
}

/** True when what came of this request was refused, because its sender's membership had ended. */
export function wasFenced(facts: Facts, send: SendFact): boolean {
  return facts.fenced.some(({ process, record: { attempt } }) => {
    const isSame = process === send.process && attempt.eventId === send.eventId;
    return isSame && attempt.startedAt === send.sentAt;
  });
}

/**
 * Forms of an endpoint that a part of the engine may go by at some instant of a range of time: each from its commit
 * until the engine certainly knows of a later one, which is when it was told of that write, or started again.
 */
export function possibleForms(
  facts: Facts,
  endpoint: EndpointFacts,
  range: { from: number; to: number },
): FormFact[] {
  return endpoint.forms.filter((form, index) => {
    if (form.at > range.to) return false;
    return !endpoint.forms.slice(index + 1).some((later) => knownFrom(facts, later) < range.from);
  });
}

export function knownFrom(facts: Facts, form: FormFact): number {
  if (form.told !== null) return form.told.at;
  const death = facts.deaths.find((candidate) => candidate.order > form.order);
  return death?.at ?? Number.POSITIVE_INFINITY;
}

/** Kept for requests of the endpoint that no story claims, such as ones for events nobody accepted. */
export function sendsTo(stories: ReadonlyMap<string, Story>, endpoint: EndpointFacts): StorySend[] {
  const sends: StorySend[] = [];
  for (const story of stories.values()) if (story.endpoint === endpoint) sends.push(...story.sends);
  return sends.toSorted((a, b) => a.fact.order - b.fact.order);
}

function openRow(stories: ReadonlyMap<string, Story>, enqueue: EnqueueFact): void {
  if (enqueue.result.kind !== 'queued') return;
  const story = stories.get(storyKey(enqueue.entry.eventId, enqueue.entry.destinationId));
  story?.rows.push(openedBy(enqueue, enqueue.entry.trigger));
}

function openedBy(opened: Moment, trigger: Trigger): Row {
  return { trigger, opened, closed: null, canceled: null };
}

/** A world has fewer deliveries than one step of a cancellation takes: it takes all that its lane holds. */
function cancelRows(stories: ReadonlyMap<string, Story>, cancel: CancelFact): void {
  for (const { accept, endpoint, rows } of stories.values()) {
    if (endpoint.id !== cancel.destinationId || accept.order > cancel.order) continue;
    if (cancel.eventId !== null && accept.acceptance.event.id !== cancel.eventId) continue;
    for (const row of rows) if (isQueued(row)) row.canceled = cancel;
  }
}

function isQueued(row: Row): boolean {
  return row.closed === null && row.canceled === null;
}

function closeRow(stories: ReadonlyMap<string, Story>, fact: RecordFact): void {
  const { attempt, next } = fact.record;
  const story = stories.get(storyKey(attempt.eventId, attempt.destinationId));
  if (story === undefined) return;
  // A record whose answer was lost is made again: the first one counts.
  if (story.records.some((record) => record.fact.record.attempt.id === attempt.id)) return;
  const record: StoryRecord = { fact, send: null };
  story.records.push(record);
  const send = story.sends.find(
    (candidate) =>
      candidate.record === null &&
      candidate.fact.process === fact.process &&
      candidate.fact.sentAt === attempt.startedAt &&
      candidate.fact.outcome?.kind === attempt.outcome &&
      candidate.fact.outcome.durationMs === attempt.durationMs,
  );
  if (send !== undefined) {
    send.record = record;
    record.send = send;
  }
  if (next.kind !== 'settled') return;
  for (const row of story.rows) {
    const settlesBoth = attempt.trigger === 'manual' && attempt.status === 'delivered';
    if (isQueued(row) && (row.trigger === attempt.trigger || settlesBoth)) row.closed = { by: record };
  }
}
