/** What a lane calls: its destination as it is now, compiled. */
import type { Application } from '../core/catalog/resources.ts';
import type { ApplicationId, OrganizationId } from '../core/ids.ts';
import type { Catalog } from '../ports/catalog.ts';
import type { CompiledDestination } from './compile-destination.ts';
import type { CompiledDestinations } from './compiled-destinations.ts';
import type { CachedDirectory, IndexedOwner } from './directory.ts';
import type { LoadedDestination } from './engine.ts';
import type { Lane } from './lane.ts';

export interface Target {
  readonly organization: OrganizationId;
  readonly loaded: LoadedDestination;
  /** null = operational. */
  readonly application: Application | null;
  readonly compiled: CompiledDestination;
}

/** `gone`: removed or disabled; what waits for it is canceled. */
export type Resolved = Target | 'gone';

export class Targets {
  readonly #directory: CachedDirectory;
  readonly #compiled: CompiledDestinations;
  readonly #catalog: Catalog;

  constructor(parts: { directory: CachedDirectory; compiled: CompiledDestinations; catalog: Catalog }) {
    this.#directory = parts.directory;
    this.#compiled = parts.compiled;
    this.#catalog = parts.catalog;
  }

  /** Synchronous unless something has to be read. Throws or rejects with Problem `unavailable`. */
  resolve(lane: Lane): Resolved | Promise<Resolved> {
    if (lane.target !== null && lane.targetEpoch === this.#directory.epoch) return lane.target;
    if (lane.ownerId === undefined) return this.#findOwner(lane);
    return this.#resolveIn(lane, lane.ownerId);
  }

  async #findOwner(lane: Lane): Promise<Resolved> {
    const { organization, destinationId } = lane;
    const found = await this.#catalog.find(organization, 'destination', { id: destinationId }, undefined);
    if (found === null) return 'gone';
    lane.ownerId = found.ownerId;
    return this.#resolveIn(lane, found.ownerId);
  }

  #resolveIn(lane: Lane, ownerId: ApplicationId | null): Resolved | Promise<Resolved> {
    const { epoch } = this.#directory;
    const owner = this.#directory.owner(lane.organization, ownerId);
    if (owner instanceof Promise) return owner.then((loaded) => this.#pick(lane, loaded, epoch));
    return this.#pick(lane, owner, epoch);
  }

  #pick(lane: Lane, owner: IndexedOwner | undefined, epoch: number): Resolved {
    const loaded = owner?.byId.get(lane.destinationId);
    // A poller fetches by itself: what was queued before it became one is not sent.
    if (owner === undefined || loaded === undefined || loaded.disabled || loaded.kind === 'poller') {
      lane.target = null;
      if (loaded === undefined) this.#compiled.forget(lane.destinationId);
      return 'gone';
    }
    const compiled = this.#compiled.get(lane.organization, loaded.destination);
    lane.target = { organization: lane.organization, loaded, application: owner.application, compiled };
    lane.targetEpoch = epoch;
    return lane.target;
  }
}
