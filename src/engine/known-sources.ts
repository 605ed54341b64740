/** Sources by the hash of their token, so that receiving costs no read. */
import { LRUCache } from 'lru-cache';
import type { OrganizationId } from '../core/ids.ts';
import type { Catalog } from '../ports/catalog.ts';
import type { FoundSource } from './engine.ts';
import { growingTo } from './growing-to.ts';

const SOURCES_CACHED = 20_000;
/** A token that nobody has is not looked up again for this long: whoever guesses costs no reads. */
const UNKNOWN_TOKEN_MS = 5_000;
const UNKNOWN_CACHED = 20_000;

export class KnownSources {
  readonly #catalog: Catalog;
  readonly #open: (organization: OrganizationId) => Promise<void>;
  readonly #byHash = new LRUCache<string, FoundSource>(growingTo(SOURCES_CACHED));
  /** Until when; by themselves, or whoever guesses would push out the sources that there are. */
  readonly #unknown = new LRUCache<string, number>(growingTo(UNKNOWN_CACHED));
  readonly #loads = new Map<string, Promise<FoundSource | null>>();
  readonly #opened = new Set<OrganizationId>();
  /** Raised whenever something is dropped: what was read before counts for nothing. */
  #drops = 0;

  /** `open`: from then on, changes of the organization are told to `drop` and `dropAll`. */
  constructor(catalog: Catalog, open: (organization: OrganizationId) => Promise<void>) {
    this.#catalog = catalog;
    this.#open = open;
  }

  find(tokenHash: string, now: number): FoundSource | null | Promise<FoundSource | null> {
    const cached = this.#byHash.get(tokenHash);
    if (cached !== undefined) return cached;
    if (now < (this.#unknown.get(tokenHash) ?? 0)) return null;
    const running = this.#loads.get(tokenHash);
    if (running !== undefined) return running;
    const loading = this.#load(tokenHash, now).finally(() => this.#loads.delete(tokenHash));
    this.#loads.set(tokenHash, loading);
    return loading;
  }

  drop(tokenHash: string): void {
    this.#drops++;
    this.#byHash.delete(tokenHash);
    this.#unknown.delete(tokenHash);
  }

  dropAll(organization: OrganizationId): void {
    this.#drops++;
    for (const [hash, found] of [...this.#byHash.entries()])
      if (found.organization === organization) this.#byHash.delete(hash);
  }

  async #load(tokenHash: string, now: number): Promise<FoundSource | null> {
    for (;;) {
      const drops = this.#drops;
      let found: FoundSource | null = await this.#catalog.findSource(tokenHash);
      if (found !== null && !this.#opened.has(found.organization)) {
        await this.#open(found.organization);
        this.#opened.add(found.organization);
        found = await this.#catalog.findSource(tokenHash);
      }
      if (this.#drops !== drops) continue;
      if (found === null) this.#unknown.set(tokenHash, now + UNKNOWN_TOKEN_MS);
      else this.#byHash.set(tokenHash, found);
      return found;
    }
  }
}
