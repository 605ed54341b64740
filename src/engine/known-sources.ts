/** Sources by the hash of their token, so that receiving costs no read. */
import { LRUCache } from 'lru-cache';
import type { OrganizationId } from '../core/ids.ts';
import type { Catalog } from '../ports/catalog.ts';
import type { FoundSource } from './engine.ts';
import { growingTo } from './growing-to.ts';

const SOURCES_CACHED = 20_000;
/** A token that nobody has is not looked up again for this long: whoever guesses costs no reads. */
const UNKNOWN_TOKEN_MS = 5_000;

export class KnownSources {
  readonly #catalog: Catalog;
  readonly #open: (organization: OrganizationId) => Promise<void>;
  readonly #byHash = new LRUCache<string, { readonly found: FoundSource | null; readonly until: number }>(
    growingTo(SOURCES_CACHED),
  );
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
    if (cached !== undefined && now < cached.until) return cached.found;
    const running = this.#loads.get(tokenHash);
    if (running !== undefined) return running;
    const loading = this.#load(tokenHash, now).finally(() => this.#loads.delete(tokenHash));
    this.#loads.set(tokenHash, loading);
    return loading;
  }

  drop(tokenHash: string): void {
    this.#drops++;
    this.#byHash.delete(tokenHash);
  }

  dropAll(organization: OrganizationId): void {
    this.#drops++;
    for (const [hash, { found }] of [...this.#byHash.entries()])
      if (found?.organization === organization) this.#byHash.delete(hash);
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
      const until = found === null ? now + UNKNOWN_TOKEN_MS : Number.POSITIVE_INFINITY;
      this.#byHash.set(tokenHash, { found, until });
      return found;
    }
  }
}
