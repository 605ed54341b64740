/**
 * A supply is what a lane holds of its part of the queue, and how it gets the rest. The table is the queue: a supply
 * may drop anything it holds, as long as it knows that there is something left to read. There are three: for lanes
 * whose deliveries may pass each other (parallel-supply.ts), for lanes in order where a waiting one is passed
 * (passing-supply.ts), and where it holds the line (blocking-supply.ts).
 */
import type { DuePosition, QueuedDelivery, Taken } from '../ports/queue.ts';

export const NEVER = Number.POSITIVE_INFINITY;

/** A read that the supply would like now. */
export type ReadPlan =
  | {
      readonly kind: 'fresh';
      readonly afterSeq: number;
      readonly limit: number;
      readonly decidedOnly: boolean;
    }
  | { readonly kind: 'due'; readonly after: DuePosition | null; readonly limit: number }
  | { readonly kind: 'in-order'; readonly afterSeq: number; readonly limit: number };

/** What a read found. */
export interface ReadAnswer extends Taken {
  /** The read was not cut off by its limits: there was nothing more. */
  readonly isEnd: boolean;
  readonly readAt: number;
}

/** What became of a delivery that `next` gave out, after it was recorded. */
export type Finish =
  | { readonly kind: 'settled'; readonly status: 'delivered' | 'failed' | 'canceled' }
  | { readonly kind: 'waiting'; readonly dueAt: number; readonly attempts: number };

export interface Supply {
  /** A delivery of a commit just made, in order of acceptance. The supply keeps it or remembers to read it. */
  hand(delivery: QueuedDelivery): void;
  /** One that a person waits for: it goes before all others and past a closed door. */
  handUrgent(delivery: QueuedDelivery): void;
  /** There may be fresh rows in the table that nobody hands over. */
  mark(): void;
  /** There may be a row in the table that is due at this instant. */
  markDue(dueAt: number): void;
  /** Another node may have queued something again, or made it due: it is looked for at this instant, not before. */
  lookForDue(at: number): void;
  hasNext(now: number): boolean;
  readonly hasUrgent: boolean;
  /** Gives a delivery out to be attempted; `finish` or `putBack` follows. */
  next(now: number): QueuedDelivery | undefined;
  nextUrgent(): QueuedDelivery | undefined;
  finish(delivery: QueuedDelivery, finish: Finish, now: number): void;
  /** The read that is wanted, at most `limitMax` rows; null = none now. */
  plan(now: number, limitMax: number): ReadPlan | null;
  /** The rows of a read; those that the lane has given out are left alone. */
  absorb(plan: ReadPlan, answer: ReadAnswer, isGivenOut: (delivery: QueuedDelivery) => boolean): void;
  /** When to look again although nobody calls; Infinity = never. */
  readonly lookAt: number;
  /** Nothing is held, and nothing is known to be left in the table. */
  readonly isIdle: boolean;
  /** Drops what is held: the lane goes to sleep, or is about to be canceled. */
  release(): void;
  /** As `release`, and doubts everything it knew: reads the table from its start. */
  reset(): void;
}

/** Names a row of a lane: an event can wait there twice, by itself and as a manual resend. */
export function deliveryKey(delivery: Pick<QueuedDelivery, 'seq' | 'trigger'>): number {
  return delivery.seq * 2 + (delivery.trigger === 'manual' ? 1 : 0);
}
