/** What a driver opens: the storage ports over one store. */
import type { Catalog } from './catalog.ts';
import type { Cluster } from './cluster.ts';
import type { History } from './history.ts';
import type { Intake } from './intake.ts';
import type { Queue } from './queue.ts';
import type { Rejections } from './rejections.ts';
import type { Search } from './search.ts';
import type { Upkeep } from './upkeep.ts';

export interface Storage {
  readonly intake: Intake;
  readonly queue: Queue;
  readonly catalog: Catalog;
  readonly history: History;
  readonly upkeep: Upkeep;
  readonly cluster: Cluster;
  readonly search: Search;
  readonly rejections: Rejections;
}
