/**
 * Follows the commits of a lane in a store that several nodes write. A commit may become visible after one with a
 * greater seq, so no place in the order says "all before this was seen", except that the store knows how far its rows
 * are decided. What is read goes in passes over everything after the cursor:
 *
 *     taken, settled          taken or not, whoever came first          not there yet
 *   ───────────────────┬──────────────────────┬──────────────────┬──────────────────────> seq
 *                    cursor               position            ceiling
 *                      └─────── a pass ───────┘                  └ decided below here when the pass began
 *
 *   caught up ──mark, or no room──> behind ──pages──> the pass is over: the cursor is at its ceiling
 *       ▲                             ▲                  │
 *       └── nothing was marked ───────┼──────────────────┤
 *                                     └── a mark since ──┘
 *
 * What was not visible to the first page of a pass has a seq above the ceiling, or a mark of its own that comes with or
 * after its commit; so a pass that begins after a mark misses nothing. Between the ceiling and the position rows are
 * found again by the next pass: the supply knows those that it holds, the lane those that are under way, and what was
 * settled is gone. Only a commit of ours whose answer is slow may be handed over after it was read and settled:
 * `#read` knows it.
 *
 * A lane that keeps order takes nothing by hand and reads decided rows only: none can turn up before one that was
 * taken. What is not decided is looked for again after a short pause.
 */
import type { QueuedDelivery } from '../ports/queue.ts';
import type { Budget } from './budget.ts';
import type { Follower } from './follower.ts';
import { NEVER, type ReadAnswer } from './supply.ts';

/** Rows that were read and may yet be handed over: more than can be read while one commit is answered. */
const READ_REMEMBERED = 16_384;
/** Pause before undecided rows are looked for again; doubles while none becomes decided, up to the longest. */
const UNDECIDED_FIRST_MS = 5;
const UNDECIDED_LONGEST_MS = 100;

interface Pass {
  position: number;
  /** null = its first page is not read yet. */
  ceiling: number | null;
}

export class SharedCatchUp implements Follower {
  readonly decidedOnly: boolean;
  readonly #budget: Budget;
  /** Every row up to this seq was taken by whoever follows, or is settled. */
  #cursor = 0;
  #pass: Pass | null = null;
  #isBehind = false;
  /** A mark came after the pass began. */
  #isMarked = false;
  /** The table holds more than was read: what is handed over must not overtake it for good. */
  #isCutOff = false;
  /** Above the cursor, oldest first. */
  readonly #read = new Set<number>();
  #awaited = 0;
  #pauseMs = 0;
  #pausedUntil = 0;

  constructor(budget: Budget, { keepsOrder }: { keepsOrder: boolean }) {
    this.#budget = budget;
    this.decidedOnly = keepsOrder;
  }

  get mayRepeat(): boolean {
    return !this.decidedOnly;
  }

  get isBehind(): boolean {
    return this.#isBehind;
  }

  get frontier(): number {
    return (this.#pass?.position ?? this.#cursor) + 1;
  }

  get lookAt(): number {
    return this.#isBehind && this.#pausedUntil > 0 ? this.#pausedUntil : NEVER;
  }

  wants(now: number): boolean {
    return this.#isBehind && now >= this.#pausedUntil;
  }

  hand(delivery: QueuedDelivery): boolean {
    if (delivery.seq <= this.#cursor || this.#read.has(delivery.seq)) return false;
    if (!this.decidedOnly && !this.#isCutOff && this.#budget.hasRoom) return true;
    this.#isCutOff = true;
    this.mark();
    return false;
  }

  mark(): void {
    this.#isBehind = true;
    if (this.#pass !== null) this.#isMarked = true;
  }

  awaitUpTo(seq: number): void {
    if (seq <= this.#cursor) return;
    this.#awaited = Math.max(this.#awaited, seq);
    if (!this.#isBehind) this.mark();
  }

  begin(): number {
    if (this.#pass === null) {
      this.#pass = { position: this.#cursor, ceiling: null };
      this.#isMarked = false;
    }
    return this.#pass.position;
  }

  absorb(answer: ReadAnswer): readonly QueuedDelivery[] {
    const pass = this.#pass;
    // The read began before a rewind.
    if (pass === null) return [];
    const { rows, isEnd } = answer;
    const decidedTo = answer.decidedBelow - 1;
    const last = rows.at(-1);
    if (last !== undefined) pass.position = last.seq;
    // Where order is kept, nothing can turn up below what any page was told.
    if (pass.ceiling === null || this.decidedOnly) pass.ceiling = decidedTo;
    this.#cursor = Math.max(this.#cursor, isEnd ? pass.ceiling : Math.min(pass.position, pass.ceiling));
    this.#remember(rows);
    this.#isCutOff = !isEnd;
    // Past its ceiling a pass no longer moves the cursor: the next one does, and sees what came between.
    const isOvertaken = pass.position >= pass.ceiling && decidedTo > pass.ceiling;
    if (isEnd || isOvertaken) this.#endPass(answer);
    return rows;
  }

  rewind(seq: number): void {
    this.#isBehind = true;
    this.#isCutOff = true;
    this.#pass = null;
    this.#cursor = Math.min(this.#cursor, seq - 1);
    this.#pausedUntil = 0;
  }

  /** Nothing is held here. */
  drop(): void {}
  release(): void {}

  #endPass({ rows, isEnd, hasUndecided, readAt }: ReadAnswer): void {
    this.#pass = null;
    const isWaiting = this.decidedOnly && isEnd && (hasUndecided || this.#cursor < this.#awaited);
    this.#isBehind = this.#isMarked || !isEnd || isWaiting;
    const doubled = Math.min(Math.max(this.#pauseMs * 2, UNDECIDED_FIRST_MS), UNDECIDED_LONGEST_MS);
    this.#pauseMs = !isWaiting ? 0 : rows.length > 0 ? UNDECIDED_FIRST_MS : doubled;
    this.#pausedUntil = isWaiting ? readAt + this.#pauseMs : 0;
  }

  #remember(rows: readonly QueuedDelivery[]): void {
    for (const { seq } of rows) if (seq > this.#cursor) this.#read.add(seq);
    for (const seq of this.#read) {
      if (seq > this.#cursor && this.#read.size <= READ_REMEMBERED) break;
      this.#read.delete(seq);
    }
  }
}
