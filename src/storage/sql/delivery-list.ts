/**
 * Lists of deliveries, what both drivers share. A delivery has no row of its own once it is settled, so a list is made
 * chunk by chunk: pairs of event and lane that may be deliveries, then what became of each of them.
 */
import type { DeliveryStatus } from '../../core/delivery/delivery.ts';
import { type DestinationId, idTime } from '../../core/ids.ts';
import type { DeliveryFilter, ListedDelivery, Page } from '../../ports/history.ts';
import { type AttemptRow, attemptOf } from './attempt-row.ts';
import { type StateRow, stateOf } from './delivery-state.ts';
import { type EventRow, eventOf } from './event-row.ts';

/** Events that are looked at in one step. */
export const CHUNK_EVENTS = 200;

export interface DeliveryRow extends EventRow, StateRow, Omit<AttemptRow, 'attempt_id' | 'response'> {
  /** NULL = there was no attempt, and nothing in its columns. */
  readonly attempt_id: string | null;
  readonly tries: number;
}

/** Inclusive. */
export interface SeqRange {
  readonly from: number;
  readonly to: number;
}

export interface DeliveryCursor {
  readonly eventId: string;
  readonly destinationId: string;
  /** Of its event, should that be gone. */
  readonly at: number;
}

export function cursorOf({ after }: Page): DeliveryCursor | null {
  if (after === null) return null;
  const [eventId = '', destinationId = ''] = after.split('/');
  return { eventId, destinationId, at: idTime(eventId) };
}

const QUEUED: ReadonlySet<DeliveryStatus> = new Set(['pending', 'sending', 'failed']);

/** True when all that is asked for is in the queue or in the index of failures: a handful among millions. */
export function isFromQueue({ status }: DeliveryFilter): boolean {
  return status?.every((each) => QUEUED.has(each)) ?? false;
}

/** The page in the making. */
export class DeliveryPage {
  readonly rows: ListedDelivery[] = [];
  readonly #filter: DeliveryFilter;
  readonly #page: Page;
  readonly #after: { readonly seq: number; readonly destinationId: string } | null;

  constructor(
    filter: DeliveryFilter,
    page: Page,
    after: { readonly seq: number; readonly destinationId: string } | null,
  ) {
    this.#filter = filter;
    this.#page = page;
    this.#after = after;
  }

  get isUp(): boolean {
    return this.#page.direction === 'ascending';
  }

  /** Adds the deliveries of a chunk, which comes after all before it; true = the page is full. */
  add(chunk: readonly DeliveryRow[]): boolean {
    const sign = this.isUp ? 1 : -1;
    const sorted = chunk.toSorted((a, b) => sign * compare(a.seq, a.destination_id, b.seq, b.destination_id));
    for (const row of sorted) {
      if (this.rows.length >= this.#page.limit) return true;
      const listed = this.#listed(row);
      if (listed !== null) this.rows.push(listed);
    }
    return this.rows.length >= this.#page.limit;
  }

  #listed(row: DeliveryRow): ListedDelivery | null {
    const { status, since = 0, before = Number.POSITIVE_INFINITY } = this.#filter;
    if (row.accepted_at < since || row.accepted_at >= before) return null;
    if (this.#after !== null) {
      const place = compare(row.seq, row.destination_id, this.#after.seq, this.#after.destinationId);
      if (this.isUp ? place <= 0 : place >= 0) return null;
    }
    const state = stateOf(row);
    if (state === null || status?.includes(state.status) === false) return null;
    return listedOf(row, state);
  }
}

function compare(seqA: number, destinationA: string, seqB: number, destinationB: string): number {
  if (seqA !== seqB) return seqA - seqB;
  return destinationA < destinationB ? -1 : Number(destinationA > destinationB);
}

function listedOf(row: DeliveryRow, state: NonNullable<ReturnType<typeof stateOf>>): ListedDelivery {
  const event = eventOf(row);
  let last: ListedDelivery['last'] = null;
  if (row.attempt_id !== null) {
    const { response: _, ...attempt } = attemptOf(
      { ...row, attempt_id: row.attempt_id, response: null },
      event.id,
    );
    last = attempt;
  }
  return { event, destinationId: row.destination_id as DestinationId, ...state, attempts: row.tries, last };
}

/** Pairs of one list that was cut after so many rows say nothing about what comes after their last. */
export interface CutList {
  readonly seqs: readonly number[];
  readonly isCut: boolean;
}

/** How far in the order all lists are known, inclusive; null = to the end. */
export function knownTo(lists: readonly CutList[], isUp: boolean): number | null {
  const ends = lists.flatMap(({ seqs, isCut }) => (isCut ? [seqs.at(-1)!] : []));
  if (ends.length === 0) return null;
  return isUp ? Math.min(...ends) : Math.max(...ends);
}
