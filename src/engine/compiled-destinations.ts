/** Compiled destinations by id, one version each; the wire is told when connections of an old one are of no more use. */
import { LRUCache } from 'lru-cache';
import type { Destination } from '../core/catalog/resources.ts';
import type { DestinationId, OrganizationId } from '../core/ids.ts';
import type { Wire } from '../ports/wire.ts';
import { type CompiledDestination, compileDestination } from './compile-destination.ts';
import type { EngineSettings, Vault } from './engine.ts';
import { growingTo } from './growing-to.ts';

const COMPILED_MAX = 50_000;

export class CompiledDestinations {
  readonly #vault: Vault;
  readonly #settings: EngineSettings;
  readonly #wire: Wire;
  readonly #compiled: LRUCache<DestinationId, CompiledDestination>;

  constructor(options: { vault: Vault; settings: EngineSettings; wire: Wire }) {
    this.#vault = options.vault;
    this.#settings = options.settings;
    this.#wire = options.wire;
    this.#compiled = new LRUCache({
      ...growingTo(COMPILED_MAX),
      dispose: (old, _id, reason) => {
        if (reason !== 'set') this.#wire.forget(old.connection);
      },
    });
  }

  /** Throws Problem `unavailable` when the main secret does not fit. */
  get(organization: OrganizationId, destination: Destination): CompiledDestination {
    const previous = this.#compiled.get(destination.id);
    if (previous?.destination.version === destination.version) return previous;
    const compiled = compileDestination(destination, {
      organization,
      vault: this.#vault,
      settings: this.#settings,
      previous,
    });
    this.#compiled.set(destination.id, compiled);
    const isMoved =
      previous !== undefined &&
      (previous.connection !== compiled.connection || previous.url.origin !== compiled.url.origin);
    if (isMoved) this.#wire.forget(previous.connection);
    return compiled;
  }

  forget(id: DestinationId): void {
    this.#compiled.delete(id);
  }
}
