/**
 * How a supply follows the commits of its lane: what it takes as it is handed over, and where it reads on. A store with
 * one writer shows commits in the order of their seqs (catch-up.ts), a shared one does not (shared-catch-up.ts).
 */
import type { QueuedDelivery } from '../ports/queue.ts';
import type { ReadAnswer } from './supply.ts';

export interface Follower {
  /** Reads may bring rows again that are held: whoever follows must look. */
  readonly mayRepeat: boolean;
  /** Reads are to leave out what is not decided yet. */
  readonly decidedOnly: boolean;
  /** There is something to read, now or after a pause. */
  readonly isBehind: boolean;
  /** No row below this seq is still to come; Infinity = none at all that is known of. */
  readonly frontier: number;
  /** When to read on after a pause; Infinity = there is none. */
  readonly lookAt: number;
  /** A read is wanted now. */
  wants(now: number): boolean;
  /** Of a commit just made: true when it is to be taken now. */
  hand(delivery: QueuedDelivery): boolean;
  /** There may be rows that nobody hands over. */
  mark(): void;
  /** What was accepted up to this seq has to be read before the lane goes on. */
  awaitUpTo(seq: number): void;
  /** A read begins: after which seq. */
  begin(): number;
  /** What is to be taken of what a read found. */
  absorb(answer: ReadAnswer): readonly QueuedDelivery[];
  /** What was taken from `seq` on is dropped: it is read again. */
  rewind(seq: number): void;
  /** One that was handed over is settled already: a manual resend of it arrived. */
  drop(seq: number): void;
  /** Gives back the memory it holds. */
  release(): void;
}
