/**
 * Fills the search index behind the intake, on the one node that does the chores: woken by what arrives here, else
 * looking every two seconds. Taking events in goes first, received or published: the more comes in, the longer it
 * rests, since both wait for the same writer and what cannot keep up need not try.
 *
 *   take what is not indexed ──> read ──> terms ──> index ──> more? again : wait
 */
import { eventTerms } from '../core/search/terms.ts';
import type { StoredEvent } from '../ports/history.ts';
import type { IndexEntry } from '../ports/search.ts';
import type { EngineMetrics, EngineParts, ReadEvent } from './engine.ts';
import { CHORES_SHARD, type HeldShards } from './held-shards.ts';

const BATCH_ROWS = 100;
const BATCH_BYTES = 2 * 1024 * 1024;
/** What comes shortly after an event goes into the same batch. */
const WAKE_MS = 50;
const LOOK_MS = 2_000;
/** Events per second, received and published, from which on it makes room. */
const BUSY_PER_SECOND = 100;
/** So many times as long as it worked, it rests then; one more for each so many events per second. */
const REST_MIN = 4;
const REST_MAX = 49;
const REST_PER_SECOND = 400;

export interface IndexerOptions {
  readonly held: HeldShards;
  readonly metrics: EngineMetrics;
  readonly read: (stored: StoredEvent) => ReadEvent | Promise<ReadEvent>;
}

type Unindexed = Awaited<ReturnType<EngineParts['storage']['search']['takeUnindexed']>>[number];

export class Indexer {
  readonly #parts: EngineParts;
  readonly #options: IndexerOptions;
  #cancel: () => void = () => {};
  #running: Promise<void> | null = null;
  /** When the next look is planned; Infinity = none is. */
  #plannedAt = Number.POSITIVE_INFINITY;
  #arrived = false;
  #works = false;
  /** It has something to do, and makes room for receiving first. */
  #rests = false;
  #stopped = true;

  constructor(parts: EngineParts, options: IndexerOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    // Nobody receives where there is no way in: then it sleeps until something arrives all the same.
    if (this.#hasWaysIn) this.#plan(0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#running;
  }

  /** An event was stored here. */
  wake(): void {
    this.#arrived = true;
    if (!this.#works && !this.#rests) this.#plan(WAKE_MS);
  }

  get #hasWaysIn(): boolean {
    return this.#parts.inboundKinds.length > 0;
  }

  #plan(afterMs: number): void {
    const { clock } = this.#parts;
    const at = clock.now() + afterMs;
    if (this.#stopped || at >= this.#plannedAt) return;
    this.#cancel();
    this.#plannedAt = at;
    this.#cancel = clock.after(afterMs, () => {
      this.#plannedAt = Number.POSITIVE_INFINITY;
      this.#works = true;
      this.#running = this.#round().then((restMs) => {
        this.#works = false;
        this.#rests = restMs !== null;
        if (restMs !== null) this.#plan(restMs);
        else if (this.#arrived) this.#plan(WAKE_MS);
        else if (this.#hasWaysIn) this.#plan(LOOK_MS);
      });
    });
  }

  /** One batch. Ms until the next one; null = nothing is left for now. Never rejects. */
  async #round(): Promise<number | null> {
    const { clock, log } = this.#parts;
    const { held, metrics } = this.#options;
    this.#arrived = false;
    if (!held.has(CHORES_SHARD)) return null;
    const startedAt = clock.now();
    const takenBefore = takenIn(metrics);
    try {
      const rows = await this.#parts.storage.search.takeUnindexed({
        limit: BATCH_ROWS,
        bytesMax: BATCH_BYTES,
      });
      metrics.indexLagMs = Math.max(0, ...rows.map(({ event }) => startedAt - event.acceptedAt));
      if (rows.length === 0) return null;
      await this.#parts.storage.search.index(await this.#entriesOf(rows));
    } catch (cause) {
      // What is not indexed is found all the same, only not as fast.
      log.warn('search.not-indexed', { reason: String(cause) });
      return LOOK_MS;
    }
    const tookMs = clock.now() - startedAt;
    const taken = takenIn(metrics) - takenBefore;
    const perSecond = (taken * 1000) / Math.max(1, tookMs);
    return perSecond > BUSY_PER_SECOND ? Math.max(1, restFactor(perSecond) * tookMs) : 0;
  }

  async #entriesOf(rows: readonly Unindexed[]): Promise<IndexEntry[]> {
    const entries: IndexEntry[] = [];
    for (const row of rows) {
      const { seq, organization } = row;
      const entry = { organization, seq, id: row.event.id };
      // Its terms would tell what somebody had deleted.
      if (row.contentState === 'expunged') entries.push({ ...entry, terms: [], overflows: false });
      else entries.push({ ...entry, ...(await this.#termsOf(row)) });
    }
    return entries;
  }

  /** One event that cannot be read must not stop the index of all: every search looks at it. */
  async #termsOf(row: Unindexed): Promise<Pick<IndexEntry, 'terms' | 'overflows'>> {
    try {
      const reading = this.#options.read(row);
      return eventTerms(reading instanceof Promise ? await reading : reading);
    } catch (cause) {
      this.#parts.log.error('search.unreadable', cause, { eventId: row.event.id });
      return { terms: [], overflows: true };
    }
  }
}

function restFactor(perSecond: number): number {
  return Math.min(REST_MAX, Math.max(REST_MIN, Math.floor(perSecond / REST_PER_SECOND)));
}

/** Both write to the same store, which indexing keeps busy too. */
function takenIn({ eventsReceived, eventsAccepted }: EngineMetrics): number {
  return eventsReceived + eventsAccepted;
}
