/** Carries every row from one store to another, page after page, each with its cursor: it may end anywhere and go on. */
import { MOVED_TABLES, type MovedRows, type MovedTable, type Tally } from './moved-rows.ts';

/** Key of the last row of a page. */
export type MoveCursor = readonly (string | number)[];

export interface MovedPage<Table extends MovedTable> {
  /** In the order of the table's key; empty = the table has been read to its end. */
  readonly rows: readonly MovedRows[Table][];
  readonly last: MoveCursor;
}

/** A store that nobody writes to while it is open. */
export interface MoveSource {
  /** Changes whenever the store does. */
  readonly fingerprint: string;
  /** The greatest seq ever given to an event. */
  readonly lastSeq: number;
  tally(table: MovedTable): Tally;
  /** Rows after a cursor; null = from the first. */
  page<Table extends MovedTable>(table: Table, after: MoveCursor | null): MovedPage<Table>;
  close(): void;
}

/** A store that nobody uses until `finish`. What it throws is for people: a StorageRefused. */
export interface MoveTarget {
  /** How far an earlier run has come. */
  progressOf(table: MovedTable): { readonly after: MoveCursor | null; readonly done: number };
  /** The rows, and how far the move has come with them, or nothing of it. */
  write<Table extends MovedTable>(
    table: Table,
    page: MovedPage<Table>,
    after: MoveCursor | null,
  ): Promise<void>;
  tally(table: MovedTable): Promise<Tally>;
  /** Opens the store for use: from now on events get seqs greater than `lastSeq`. */
  finish(lastSeq: number): Promise<void>;
  close(): Promise<void>;
}

export interface MovedCount {
  readonly table: MovedTable;
  readonly source: number;
  readonly target: number;
  /** Counts and sums are the same. */
  readonly isSame: boolean;
}

export interface MoveOptions {
  /** Rows done and in all, whenever a page was written. */
  readonly progress: (table: MovedTable, done: number, total: number) => void;
  /** Ends the move between two pages: it rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

/** The target is opened for use only when all counts are the same. */
export async function moveRows(
  source: MoveSource,
  target: MoveTarget,
  options: MoveOptions,
): Promise<readonly MovedCount[]> {
  const tallies = new Map(MOVED_TABLES.map((table) => [table, source.tally(table)]));
  for (const table of MOVED_TABLES) {
    await moveTable(table, tallies.get(table)!.count, { source, target, ...options });
  }
  const counts: MovedCount[] = [];
  for (const table of MOVED_TABLES) {
    const [there, here] = [await target.tally(table), tallies.get(table)!];
    const isSame = there.count === here.count && there.sum === here.sum;
    counts.push({ table, source: here.count, target: there.count, isSame });
  }
  if (counts.every(({ isSame }) => isSame)) await target.finish(source.lastSeq);
  return counts;
}

async function moveTable(
  table: MovedTable,
  total: number,
  { source, target, progress, signal }: MoveOptions & { source: MoveSource; target: MoveTarget },
): Promise<void> {
  let { after, done } = target.progressOf(table);
  if (done > 0) progress(table, done, total);
  for (;;) {
    signal.throwIfAborted();
    const page = source.page(table, after);
    if (page.rows.length === 0) return;
    await target.write(table, page, after);
    after = page.last;
    done += page.rows.length;
    progress(table, done, total);
  }
}
