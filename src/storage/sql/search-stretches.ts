/**
 * A search reads a range of seqs in stretches: what is indexed through the index, what is not indexed yet one by one,
 * in the order asked for. A page ends by its limits, and says how far it got.
 */
import type { StoredEvent } from '../../ports/history.ts';
import type { CandidateQuery, Candidates } from '../../ports/search.ts';
import { PAGE_ROWS_MAX } from './limits.ts';

/** Events that were accepted within so much of each other may have their seqs in any order. */
export const ORDER_SLACK_MS = 60_000;

/** Both ends are exclusive. */
export interface Range {
  readonly after: number;
  readonly before: number;
}
export interface Stretch extends Range {
  readonly isIndexed: boolean;
}

/** `indexed`: up to which seq, inclusive. */
export function stretchesOf(
  query: CandidateQuery,
  { after, before }: Range,
  indexed: number,
): readonly Stretch[] {
  if (query.terms.length === 0) return [{ after, before, isIndexed: false }];
  const stretches = [
    { after: Math.max(after, indexed), before, isIndexed: false },
    { after, before: Math.min(before, indexed + 1), isIndexed: true },
  ].filter((stretch) => stretch.before - stretch.after > 1);
  return query.direction === 'newest-first' ? stretches : stretches.toReversed();
}

export class CandidatePage {
  readonly #rows: StoredEvent[] = [];
  readonly #limits: { readonly limit: number; readonly bytesMax: number };
  readonly #isLate: () => boolean;
  #bytes = 0;

  /** `isLate`: the read must come to its end now. */
  constructor({ limit, bytesMax }: CandidateQuery, isLate: () => boolean) {
    this.#limits = { limit: Math.min(limit, PAGE_ROWS_MAX), bytesMax };
    this.#isLate = isLate;
  }

  /** Rows that still fit. */
  get room(): number {
    return this.#limits.limit - this.#rows.length;
  }

  get isLate(): boolean {
    return this.#isLate();
  }

  /** True when the page ends with this row. */
  add(row: StoredEvent): boolean {
    this.#rows.push(row);
    this.#bytes += row.content?.byteLength ?? 0;
    return this.room <= 0 || this.#bytes >= this.#limits.bytesMax || this.#isLate();
  }

  /** Ended by a limit. `scannedTo`: when more was looked at than the last row. */
  result(scannedTo?: number): Candidates {
    return { rows: this.#rows, scannedTo: scannedTo ?? this.#rows.at(-1)?.seq ?? null };
  }

  whole(): Candidates {
    return { rows: this.#rows, scannedTo: null };
  }
}
