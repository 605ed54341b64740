/** What the store says about itself. */
import type { StoreStats } from '../../ports/upkeep.ts';
import type { ReadContext } from './read-context.ts';

export function stats({ db }: ReadContext, _query: null): StoreStats {
  const row = db.get<{ version: number; pages: number; page_size: number; unsettled: number }>(
    `SELECT (SELECT value FROM meta WHERE name = 'version') AS version,
       (SELECT page_count FROM pragma_page_count) AS pages,
       (SELECT page_size FROM pragma_page_size) AS page_size,
       (SELECT count(*) FROM fresh) + (SELECT count(*) FROM waiting) AS unsettled`,
  );
  return {
    engine: `sqlite ${process.versions.sqlite}`,
    schemaVersion: row!.version,
    bytes: row!.pages * row!.page_size,
    unsettledDeliveries: row!.unsettled,
  };
}
