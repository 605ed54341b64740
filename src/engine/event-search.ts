/**
 * Looks through received events: candidates from the index, each read and looked at again. A look is bounded in rows,
 * in bytes and in time; where it ends early it says from where to go on.
 */
import type { OrganizationId } from '../core/ids.ts';
import { asksContent, mayMatch } from '../core/received/event-query.ts';
import { matches } from '../core/search/matches.ts';
import { termsOf } from '../core/search/terms.ts';
import type { StoredEvent } from '../ports/history.ts';
import type { Candidates } from '../ports/search.ts';
import type { EngineParts, EventPage, FoundEvents, ReadEvent } from './engine.ts';

/** Between two batches others get their turn. */
const BATCH_ROWS = 100;
const BATCH_BYTES = 4 * 1024 * 1024;
/** Bytes of the contents that one look returns, except that one event always fits. */
const FOUND_BYTES_MAX = 16 * 1024 * 1024;
/** Rows that one look reads, and how long it takes. */
const ROWS_MAX = 20_000;
const LOOK_MS = 2_000;

type Read = (stored: StoredEvent) => ReadEvent | Promise<ReadEvent>;

export class EventSearch {
  readonly #parts: Pick<EngineParts, 'storage' | 'clock'>;
  readonly #read: Read;

  constructor(parts: Pick<EngineParts, 'storage' | 'clock'>, read: Read) {
    this.#parts = parts;
    this.#read = read;
  }

  async find(organization: OrganizationId, page: EventPage): Promise<FoundEvents> {
    const look = new Look(page, this.#parts.clock.now() + LOOK_MS);
    const withContent = page.withContent || asksContent(page.query);
    for (let rows = 0; rows < ROWS_MAX; ) {
      const batch = await this.#batch(organization, page, { from: look.at, withContent });
      rows += batch.rows.length;
      for (const stored of batch.rows) {
        const found = await this.#look(stored, page);
        if (found !== null && look.isFull(found)) return look.goesOn();
        look.past(stored.seq, found);
      }
      if (batch.scannedTo === null) return look.ended();
      look.past(batch.scannedTo, null);
      if (this.#parts.clock.now() >= look.deadline) break;
    }
    return look.goesOn();
  }

  #batch(
    organization: OrganizationId,
    { query, direction, after, before }: EventPage,
    { from, withContent }: { from: number | null; withContent: boolean },
  ): Promise<Candidates> {
    const isNewestFirst = direction === 'newest-first';
    return this.#parts.storage.search.candidates(organization, {
      terms: termsOf(query.search),
      before: isNewestFirst ? (from ?? before) : before,
      after: isNewestFirst ? after : (from ?? after),
      direction,
      since: query.since,
      until: query.until,
      limit: BATCH_ROWS,
      bytesMax: BATCH_BYTES,
      withContent,
    });
  }

  async #look(stored: StoredEvent, { query }: EventPage): Promise<ReadEvent | null> {
    if (!mayMatch(query, stored.event)) return null;
    const reading = this.#read(stored);
    const read = reading instanceof Promise ? await reading : reading;
    return matches(read, query.search) ? read : null;
  }
}

/** What one look has found, and how far it got. */
class Look {
  /** The last seq that was looked at; null = none yet. */
  at: number | null = null;
  readonly deadline: number;
  readonly #page: EventPage;
  readonly #found: ReadEvent[] = [];
  #bytes = 0;

  constructor(page: EventPage, deadline: number) {
    this.#page = page;
    this.deadline = deadline;
  }

  isFull(next: ReadEvent): boolean {
    const bytes = next.stored.content?.length ?? 0;
    return (
      this.#found.length >= this.#page.limit ||
      (this.#found.length > 0 && this.#bytes + bytes > FOUND_BYTES_MAX)
    );
  }

  past(seq: number, found: ReadEvent | null): void {
    this.at = seq;
    if (found === null) return;
    this.#found.push(found);
    this.#bytes += found.stored.content?.length ?? 0;
  }

  ended(): FoundEvents {
    return { rows: this.#found, next: null };
  }

  goesOn(): FoundEvents {
    return { rows: this.#found, next: this.at };
  }
}
