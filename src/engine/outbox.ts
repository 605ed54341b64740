/**
 * Publishes what other programs left in the store in transactions of their own. The node that holds shard 0 does it;
 * should two nodes think so for a moment, the store lets one of them take each entry out.
 *
 *   idle ──filled──> draining: a page, all its entries in their order, the next page … ──the last──> idle
 *                       └── some could not be published now ──> pausing ──filled, or the pause is over──> draining
 */
import { Problem } from '../core/problem.ts';
import type { OutboxEntry } from '../ports/intake.ts';
import type { Directory, EngineParts, LoadedApplication } from './engine.ts';
import { CHORES_SHARD, type HeldShards } from './held-shards.ts';
import type { Publisher } from './publisher.ts';
import { GIVEN_UP, type Retrier } from './retrier.ts';

const ENTRIES_PER_PAGE = 250;
const PAUSE_MS = 1_000;

type Parts = Pick<EngineParts, 'clock' | 'log'> & {
  readonly storage: Pick<EngineParts['storage'], 'intake'>;
};

export interface OutboxOptions {
  readonly directory: Pick<Directory, 'applicationById'>;
  readonly publisher: Pick<Publisher, 'publishLeft'>;
  readonly held: Pick<HeldShards, 'has'>;
  readonly retrier: Retrier;
}

export class Outbox {
  readonly #parts: Parts;
  readonly #options: OutboxOptions;
  #isFilled = false;
  #draining: Promise<void> | null = null;
  #isStopped = false;

  constructor(parts: Parts, options: OutboxOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** There may be something in it. */
  filled(): void {
    if (this.#isStopped || !this.#options.held.has(CHORES_SHARD)) return;
    this.#isFilled = true;
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = null;
      // It was filled while the last page was already known to be the last.
      if (this.#isFilled) this.filled();
    });
  }

  /** Resolves when nothing is being published any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#draining;
  }

  /** Never rejects. */
  async #drain(): Promise<void> {
    const { held, retrier } = this.#options;
    const { clock, storage } = this.#parts;
    while (this.#isFilled && !this.#isStopped && held.has(CHORES_SHARD)) {
      this.#isFilled = false;
      const take = () => storage.intake.takeOutbox(ENTRIES_PER_PAGE);
      const page = await retrier.untilDone('outbox.read', {}, take);
      if (page === GIVEN_UP) return;
      // Begun in their order, those of one application are accepted in it.
      const areOut = await Promise.all(page.map((entry) => this.#takeOut(entry)));
      if (areOut.includes(false)) {
        this.#isFilled = false;
        clock.after(PAUSE_MS, () => this.filled());
        return;
      }
      // Who left something while the page was still there has woken nobody.
      if (page.length > 0) this.#isFilled = true;
    }
    this.#isFilled = false;
  }

  /** Never rejects; false = it is still there. */
  async #takeOut(entry: OutboxEntry): Promise<boolean> {
    const { log, storage } = this.#parts;
    const { organization, applicationId, id: eventId } = entry;
    const fields = { organization, applicationId, eventId };
    try {
      const refusal = await this.#publish(entry);
      if (refusal === null) return true;
      await storage.intake.dropOutbox(entry.no);
      log.warn('outbox.dropped', { ...fields, reason: refusal });
      return true;
    } catch (cause) {
      if (cause instanceof Problem) log.warn('outbox.postponed', { ...fields, reason: cause.message });
      else log.error('outbox.failed', cause, fields);
      return false;
    }
  }

  /** Why it can never be published; null = it is, here or by another node. */
  async #publish(entry: OutboxEntry): Promise<string | null> {
    const { directory, publisher } = this.#options;
    let application: LoadedApplication;
    try {
      application = await directory.applicationById(entry.organization, entry.applicationId);
    } catch (cause) {
      if (cause instanceof Problem && cause.code === 'not_found') return cause.message;
      throw cause;
    }
    const result = await publisher.publishLeft(entry, application);
    return result === 'duplicate' ? 'Its eventId is taken.' : null;
  }
}
