/** A store that servers may be running on, for `backup` and `doctor`. Takes no lock and writes nothing. */
import type { Sealed } from '../../core/catalog/resources.ts';
import type { StoreStats } from '../../ports/upkeep.ts';

export interface BesideStore {
  /** A consistent copy; `target` must not exist. */
  backup(target: string, progress: (done: number, total: number) => void): Promise<void>;
  /** What the store's own check finds; empty = sound. May read the whole store. */
  check(): Promise<readonly string[]>;
  stats(): Promise<StoreStats>;
  /** One sealed value of the catalog and what it is bound to; null = there is none yet. */
  sealedSample(): Promise<SealedSample | null>;
  close(): Promise<void>;
}

export interface SealedSample {
  readonly sealed: Sealed;
  readonly organization: string;
  readonly id: string;
}
