/**
 * Cached reads of the catalog, so that publishing costs no read. An entry is dropped by our own commits and, for all of
 * an organization, when a transaction tells of a catalog version that is newer than the one we know: somebody else
 * wrote. A load that was under way while something was dropped is done again before its caller sees it.
 */
import { LRUCache } from 'lru-cache';
import {
  type Application,
  type Destination,
  type EventType,
  type Resources,
  UNVERSIONED_KINDS,
} from '../core/catalog/resources.ts';
import {
  type ApplicationId,
  type DestinationId,
  type OrganizationId,
  parseId,
  RECEIVED,
} from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import type { Catalog, ResourceRef } from '../ports/catalog.ts';
import type {
  Directory,
  Edit,
  FoundSource,
  LoadedApplication,
  LoadedDestination,
  LoadedHub,
  LoadedOwner,
} from './engine.ts';
import { growingTo } from './growing-to.ts';
import { KnownSources } from './known-sources.ts';

/** Destinations kept ready, over all owners. An owner counts as one more. */
const DESTINATIONS_CACHED = 100_000;
const [NAMES_CACHED, REFS_KEPT, RESOURCES_PAGE] = [100_000, 50_000, 250];

/** An owner's destinations with an index, which the lanes look into. */
export interface IndexedOwner extends LoadedOwner {
  readonly application: Application | null;
  readonly byId: ReadonlyMap<DestinationId, LoadedDestination>;
  /** The catalog version that it was loaded at, or an earlier one. */
  loadedAt: number;
  /** Kept here, so no later version has changed it. */
  isCurrent: boolean;
}
interface IndexedApplication extends IndexedOwner {
  readonly application: Application;
}
/** What is received, as an owner of destinations, with the flows that lead to them. */
interface IndexedHub extends IndexedOwner, LoadedHub {}

interface Organization {
  /** The catalog version of the last write that we know of. */
  version: number;
  /** Raised whenever something is dropped. */
  drops: number;
}

export class CachedDirectory implements Directory {
  /** Raised by every change anywhere: whoever keeps what it looked up compares it. */
  epoch = 0;
  readonly #catalog: Catalog;
  readonly #heardOf: (organization: OrganizationId) => void;
  /** What the last publishers named, for this epoch only: found without putting a key together. */
  readonly #refs = new Map<OrganizationId, Map<string, LoadedApplication>>();
  #refsKept = 0;
  readonly #organizations = new Map<OrganizationId, Organization>();
  readonly #opening = new Map<OrganizationId, Promise<Organization>>();
  readonly #owners = new LRUCache<string, IndexedOwner>({
    maxSize: DESTINATIONS_CACHED,
    sizeCalculation: (owner) => 1 + owner.destinations.length,
    dispose: (owner) => {
      owner.isCurrent = false;
    },
  });
  readonly #uids = new LRUCache<string, ApplicationId>(growingTo(NAMES_CACHED));
  readonly #eventTypes = new LRUCache<string, { readonly found: EventType | undefined }>(
    growingTo(NAMES_CACHED),
  );
  readonly #revoked = new LRUCache<string, { readonly found: boolean }>(growingTo(NAMES_CACHED));
  readonly #sources: KnownSources;
  readonly #loads = new Map<string, Promise<unknown>>();

  /** `heardOf`: another node changed something of this organization. */
  constructor(catalog: Catalog, heardOf: (organization: OrganizationId) => void = () => {}) {
    this.#catalog = catalog;
    this.#heardOf = heardOf;
    this.#sources = new KnownSources(catalog, (organization) => this.open(organization));
  }

  application(organization: OrganizationId, ref: string): LoadedApplication | Promise<LoadedApplication> {
    const known = this.#refs.get(organization)?.get(ref);
    if (known !== undefined) return known;
    const id = parseId<'application'>(ref, 'application') ?? this.#uids.get(`${organization}/${ref}`);
    if (id === undefined) return this.#loadApplication(organization, { uid: ref });
    const found = this.applicationById(organization, id);
    if (!(found instanceof Promise)) this.#remember(organization, ref, found);
    return found;
  }

  applicationById(
    organization: OrganizationId,
    id: ApplicationId,
  ): LoadedApplication | Promise<LoadedApplication> {
    const cached = this.#owners.get(`${organization}/${id}`);
    return (cached as IndexedApplication | undefined) ?? this.#loadApplication(organization, { id });
  }

  /** The owner of a destination: an application, or the organization itself. undefined when it is gone. */
  owner(
    organization: OrganizationId,
    ownerId: ApplicationId | null,
  ): IndexedOwner | Promise<IndexedOwner | undefined> {
    const cached = this.#owners.get(`${organization}/${ownerId ?? ''}`);
    if (cached !== undefined) return cached;
    if (ownerId === null) return this.#loadOperational(organization);
    if (ownerId === RECEIVED) return this.#loadHub(organization);
    return this.#loadApplication(organization, { id: ownerId }).catch((cause: unknown) => {
      if (cause instanceof Problem && cause.code === 'not_found') return undefined;
      throw cause;
    });
  }

  async destination(
    organization: OrganizationId,
    applicationId: ApplicationId | null,
    ref: string,
  ): Promise<Destination> {
    const id = parseId<'destination'>(ref, 'endpoint') ?? parseId<'destination'>(ref, 'destination');
    const cached = this.#owners.get(`${organization}/${applicationId ?? ''}`);
    if (cached !== undefined) {
      const found =
        id === undefined
          ? cached.destinations.find((loaded) => loaded.destination.uid === ref)
          : cached.byId.get(id);
      if (found !== undefined) return found.destination;
    }
    const by: ResourceRef = id === undefined ? { uid: ref } : { id };
    const found = await this.#catalog.find(organization, 'destination', by, applicationId);
    if (found === null) throw new Problem('not_found', 'There is no such endpoint: check its id or uid.');
    return found;
  }

  eventType(
    organization: OrganizationId,
    name: string,
  ): EventType | undefined | Promise<EventType | undefined> {
    const key = `${organization}/${name}`;
    const cached = this.#eventTypes.get(key);
    if (cached !== undefined) return cached.found;
    const read = async () => {
      const row = await this.#catalog.find(organization, 'event-type', { uid: name }, null);
      const found = row ?? undefined;
      return { value: found, keep: () => this.#eventTypes.set(key, { found }) };
    };
    return this.#load(organization, `event-type ${key}`, read);
  }

  operational(organization: OrganizationId): LoadedOwner | Promise<LoadedOwner> {
    return this.#owners.get(`${organization}/`) ?? this.#loadOperational(organization);
  }

  hub(organization: OrganizationId): LoadedHub | Promise<LoadedHub> {
    const cached = this.#owners.get(`${organization}/${RECEIVED}`);
    return (cached as IndexedHub | undefined) ?? this.#loadHub(organization);
  }

  source(tokenHash: string, now: number): FoundSource | null | Promise<FoundSource | null> {
    return this.#sources.find(tokenHash, now);
  }

  async isTokenRevoked(organization: OrganizationId, tokenHash: string): Promise<boolean> {
    const key = `${organization}/${tokenHash}`;
    const cached = this.#revoked.get(key);
    if (cached !== undefined) return cached.found;
    return this.#load(organization, `revoked-token ${key}`, async () => {
      const found =
        (await this.#catalog.find(organization, 'revoked-token', { uid: tokenHash }, null)) !== null;
      return { value: found, keep: () => this.#revoked.set(key, { found }) };
    });
  }

  /** Makes the organization when it is new. */
  async open(organization: OrganizationId): Promise<void> {
    await this.#open(organization);
  }

  /** Somebody told of this version: a newer one than we know means that another node wrote. */
  sawVersion(organization: OrganizationId, version: number): void {
    const known = this.#organizations.get(organization);
    if (known !== undefined) {
      if (version <= known.version) return;
      known.version = version;
      this.dropAll(organization);
    }
    this.#heardOf(organization);
  }

  /** The store refused a plan, because this is its version: what we know counts for nothing, also when it is newer. */
  mustBe(organization: OrganizationId, version: number): void {
    const known = this.#organizations.get(organization);
    if (known !== undefined && version < known.version) known.version = version - 1;
    this.sawVersion(organization, version);
  }

  /** The catalog version that deliveries planned for this owner are right for. */
  versionOf(organization: OrganizationId, owner: LoadedOwner): number {
    const { isCurrent, loadedAt } = owner as IndexedOwner;
    const known = this.#organizations.get(organization);
    return isCurrent && known !== undefined ? known.version : loadedAt;
  }

  /** After a commit of ours, which left the catalog at `version`. */
  changed(organization: OrganizationId, version: number, edits: readonly Edit[]): void {
    if (edits.every(({ kind }) => UNVERSIONED_KINDS.has(kind))) {
      // It made no version of its own: a newer one than we know is another node's.
      this.sawVersion(organization, version);
      return;
    }
    const known = this.#organizations.get(organization);
    this.#turn();
    if (known === undefined) return;
    if (version > known.version + 1) this.dropAll(organization);
    else for (const edit of edits) this.#dropEdited(organization, edit);
    known.version = Math.max(known.version, version);
    known.drops++;
  }

  /** Forgets all of an organization. */
  dropAll(organization: OrganizationId): void {
    this.#turn();
    const known = this.#organizations.get(organization);
    if (known !== undefined) known.drops++;
    const prefix = `${organization}/`;
    for (const cache of [this.#owners, this.#uids, this.#eventTypes, this.#revoked]) {
      for (const key of [...cache.keys()]) if (key.startsWith(prefix)) cache.delete(key);
    }
    this.#sources.dropAll(organization);
  }

  #dropEdited(organization: OrganizationId, edit: Edit): void {
    for (const resource of [edit.before, edit.after]) {
      if (resource === null) continue;
      if (edit.kind === 'application') {
        this.#owners.delete(`${organization}/${resource.id}`);
        this.#uids.delete(`${organization}/${resource.uid}`);
      } else if (edit.kind === 'destination') {
        this.#owners.delete(`${organization}/${resource.ownerId ?? ''}`);
      } else if (edit.kind === 'event-type') this.#eventTypes.delete(`${organization}/${resource.uid}`);
      else if (edit.kind === 'revoked-token') this.#revoked.delete(`${organization}/${resource.uid}`);
      else if (edit.kind === 'flow') this.#owners.delete(`${organization}/${RECEIVED}`);
    }
    if (edit.kind === 'source') {
      for (const source of [edit.before, edit.after])
        if (source !== null) this.#sources.drop(source.tokenHash);
    }
  }

  #remember(organization: OrganizationId, ref: string, application: LoadedApplication): void {
    if (this.#refsKept++ >= REFS_KEPT) this.#turn();
    const refs = this.#refs.get(organization) ?? new Map<string, LoadedApplication>();
    this.#refs.set(organization, refs.set(ref, application));
  }

  #turn(): void {
    this.epoch++;
    this.#refs.clear();
    this.#refsKept = 0;
  }

  #loadApplication(organization: OrganizationId, ref: ResourceRef): Promise<IndexedApplication> {
    const name = 'id' in ref ? ref.id : `uid ${ref.uid}`;
    return this.#load(organization, `application ${organization}/${name}`, async () => {
      const application = await this.#catalog.find(organization, 'application', ref, null);
      if (application === null)
        throw new Problem('not_found', 'There is no such application: check its id or uid.');
      const id = application.id as ApplicationId;
      const owner = await this.#loadDestinations(organization, application, id);
      return {
        value: owner as IndexedApplication,
        keep: (version) => {
          this.#keepOwner(`${organization}/${id}`, owner, version);
          if (application.uid !== null) this.#uids.set(`${organization}/${application.uid}`, id);
        },
      };
    });
  }

  #loadOperational(organization: OrganizationId): Promise<IndexedOwner> {
    return this.#load(organization, `operational ${organization}`, async () => {
      const owner = await this.#loadDestinations(organization, null, null);
      return { value: owner, keep: (version) => this.#keepOwner(`${organization}/`, owner, version) };
    });
  }

  #loadHub(organization: OrganizationId): Promise<IndexedHub> {
    return this.#load(organization, `hub ${organization}`, async () => {
      const owner = await this.#loadDestinations(organization, null, RECEIVED);
      const flows = await this.#listAll(organization, 'flow', null);
      const hub: IndexedHub = { ...owner, flows };
      return { value: hub, keep: (version) => this.#keepOwner(`${organization}/${RECEIVED}`, hub, version) };
    });
  }

  #keepOwner(key: string, owner: IndexedOwner, version: number): void {
    owner.loadedAt = version;
    owner.isCurrent = true;
    this.#owners.set(key, owner);
  }

  async #loadDestinations(
    organization: OrganizationId,
    application: Application | null,
    ownerId: ApplicationId | null,
  ): Promise<IndexedOwner> {
    const destinations = (await this.#listAll(organization, 'destination', ownerId)).map(loaded);
    const byId = new Map(destinations.map((each) => [each.id, each]));
    return { application, destinations, byId, loadedAt: 0, isCurrent: false };
  }

  async #listAll<K extends 'destination' | 'flow'>(
    organization: OrganizationId,
    kind: K,
    owner: ApplicationId | null,
  ): Promise<Resources[K][]> {
    const all: Resources[K][] = [];
    for (let after: string | null = null; ; ) {
      const page: readonly Resources[K][] = await this.#catalog.list(organization, kind, {
        owner,
        orderBy: 'id',
        direction: 'ascending',
        after,
        limit: RESOURCES_PAGE,
      });
      all.push(...page);
      if (page.length < RESOURCES_PAGE) return all;
      after = page.at(-1)!.id;
    }
  }

  /** Coalesces loads of the same thing, and repeats one during which something was dropped. */
  #load<T>(
    organization: OrganizationId,
    key: string,
    read: () => Promise<{ readonly value: T; readonly keep: (version: number) => void }>,
  ): Promise<T> {
    const running = this.#loads.get(key);
    if (running !== undefined) return running as Promise<T>;
    const loading = this.#loadFresh(organization, read).finally(() => this.#loads.delete(key));
    this.#loads.set(key, loading);
    return loading;
  }

  async #loadFresh<T>(
    organization: OrganizationId,
    read: () => Promise<{ readonly value: T; readonly keep: (version: number) => void }>,
  ): Promise<T> {
    for (;;) {
      const known = await this.#open(organization);
      const { drops } = known;
      try {
        const { value, keep } = await read();
        if (known.drops !== drops) continue;
        keep(known.version);
        return value;
      } catch (cause) {
        // What was not there may be there now.
        if (known.drops === drops) throw cause;
      }
    }
  }

  #open(organization: OrganizationId): Promise<Organization> | Organization {
    const known = this.#organizations.get(organization) ?? this.#opening.get(organization);
    if (known !== undefined) return known;
    const opening = this.#catalog
      .openOrganization(organization)
      .then((version) => {
        const opened: Organization = { version, drops: 0 };
        this.#organizations.set(organization, opened);
        return opened;
      })
      .finally(() => this.#opening.delete(organization));
    this.#opening.set(organization, opening);
    return opening;
  }
}

function loaded(destination: Destination): LoadedDestination {
  return {
    id: destination.id,
    kind: destination.kind,
    disabled: destination.disabled,
    eventTypes: destination.eventTypes === null ? null : new Set(destination.eventTypes),
    channels: destination.channels === null ? null : new Set(destination.channels),
    destination,
  };
}
