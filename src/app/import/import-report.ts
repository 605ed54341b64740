/** What an import found and what became of it. */

export const IMPORTED_KINDS = [
  'event types',
  'applications',
  'endpoints',
  'operational webhook endpoints',
  'integrations',
] as const;
export type ImportedKind = (typeof IMPORTED_KINDS)[number];

export interface ImportCounts {
  found: number;
  new: number;
  updated: number;
  unchanged: number;
  /** Not brought at all. */
  skipped: number;
  /** Brought (and counted above), but without a part that the other server does not give away. */
  incomplete: number;
}

export interface LeftBehind {
  readonly subject: string;
  /** A sentence that says what to do. */
  readonly reason: string;
}

/** Entries that are kept to be listed; the rest is counted. */
const LISTED_MAX = 1000;
const TEXT_CHARS_MAX = 500;

export class ImportReport {
  readonly counts: Readonly<Record<ImportedKind, ImportCounts>>;
  readonly leftBehind: LeftBehind[] = [];
  /** What one should know and need not mend. */
  readonly notes: string[] = [];
  readonly #onFound: (found: number) => void;
  #found = 0;

  /** `onFound`: called with the number of resources found so far. */
  constructor(onFound: (found: number) => void) {
    this.#onFound = onFound;
    const none = { found: 0, new: 0, updated: 0, unchanged: 0, skipped: 0, incomplete: 0 };
    this.counts = Object.fromEntries(IMPORTED_KINDS.map((kind) => [kind, { ...none }])) as Record<
      ImportedKind,
      ImportCounts
    >;
  }

  /** Everything is here now as it is there. */
  get isWhole(): boolean {
    return Object.values(this.counts).every(({ skipped, incomplete }) => skipped + incomplete === 0);
  }

  found(kind: ImportedKind): void {
    this.counts[kind].found++;
    this.#onFound(++this.#found);
  }

  brought(kind: ImportedKind, how: 'new' | 'updated' | 'unchanged'): void {
    this.counts[kind][how]++;
  }

  skip(kind: ImportedKind, subject: string, reason: string): void {
    this.counts[kind].skipped++;
    this.#list(subject, reason);
  }

  incomplete(kind: ImportedKind, subject: string, reason: string): void {
    this.counts[kind].incomplete++;
    this.#list(subject, reason);
  }

  note(sentence: string): void {
    if (this.notes.length < LISTED_MAX) this.notes.push(printable(sentence));
  }

  #list(subject: string, reason: string): void {
    if (this.leftBehind.length >= LISTED_MAX) return;
    this.leftBehind.push({ subject: printable(subject), reason: printable(reason) });
  }
}

/** Texts of the other server reach a terminal: nothing in them may steer it. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?').slice(0, TEXT_CHARS_MAX);
}
