/** What the store says of itself. */
import type { StoreStats } from '../../ports/upkeep.ts';
import type { ReadContext } from './read-context.ts';

/** Past this many rows of the queue the server's own estimate is good enough, and counting would take seconds. */
const COUNTED_MAX = 100_000;

interface StatsRow {
  readonly version: string;
  readonly schema_version: number;
  readonly bytes: number;
  readonly counted: number;
  readonly estimated: number;
}

export async function stats({ db }: Pick<ReadContext, 'db'>): Promise<StoreStats> {
  const [row] = await db.query<StatsRow>(
    `SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS bytes,
       (SELECT value FROM meta WHERE name = 'version') AS schema_version,
       (SELECT count(*) FROM (
          SELECT 1 FROM fresh UNION ALL SELECT 1 FROM waiting LIMIT $1) AS queued) AS counted,
       (SELECT sum(n_live_tup) FROM pg_stat_user_tables
        WHERE relid IN (to_regclass('fresh'), to_regclass('waiting')))::bigint AS estimated`,
    [COUNTED_MAX],
  );
  const { version, counted } = row!;
  return {
    engine: `postgresql ${version.split(' ')[0]}`,
    schemaVersion: row!.schema_version,
    bytes: row!.bytes,
    unsettledDeliveries: counted < COUNTED_MAX ? counted : Math.max(counted, row!.estimated),
  };
}
