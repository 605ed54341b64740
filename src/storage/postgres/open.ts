/** Opens the store that many nodes share: one database, and this process's part in the cluster of them. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Storage } from '../../ports/storage.ts';
import { STORAGE_LIMITS, type StorageLimits } from '../sql/limits.ts';
import { WriteQueue } from '../sql/write-queue.ts';
import { openConnections } from './connection.ts';
import { Days } from './days.ts';
import { Interned } from './interned.ts';
import { migrate } from './migrate.ts';
import { openCluster } from './open-cluster.ts';
import { storagePorts } from './ports.ts';
import { Writer } from './writer.ts';

export interface OpenPostgresOptions {
  readonly url: string;
  /** Shown to people; several nodes may have the same. */
  readonly nodeName: string;
  readonly version: string;
  /** The local one. */
  readonly clock: Clock;
  readonly log: Log;
  /** Connections beside the one of the hot writes and the cluster's own. */
  readonly poolMax?: number;
  readonly limits?: Partial<StorageLimits>;
}

export interface OpenedPostgres {
  readonly storage: Storage;
  /** The database's time, the same for all nodes. */
  readonly clock: Clock;
}

const POOL_MAX = 10;
const TAG_BYTES = 9;

/** Rejects with `StorageRefused`, which says why and what to do; then nothing was changed. */
export async function openPostgres(options: OpenPostgresOptions): Promise<OpenedPostgres> {
  const { url, log } = options;
  const limits = { ...STORAGE_LIMITS, ...options.limits };
  const { settings } = await migrate({ url, log });
  const tag = `posthorn ${randomBytes(TAG_BYTES).toString('base64url')}`;
  const connections = openConnections({
    url,
    log,
    settings,
    name: tag,
    poolMax: options.poolMax ?? POOL_MAX,
    waitingMax: limits.waitingReadsMax,
    statementTimeoutMs: limits.readDeadlineMs,
  });
  const { cluster, clock } = openCluster({
    connections,
    tag,
    name: options.nodeName,
    version: options.version,
    clock: options.clock,
    log,
  });
  const interned = new Interned(connections);
  const days = new Days(connections, log);
  const writer = new Writer({
    connections,
    interned,
    days,
    now: () => clock.now(),
    epoch: () => cluster.epoch,
  });
  const writes = new WriteQueue(writer, limits);
  return { storage: storagePorts({ connections, writes, interned, days, cluster, clock, limits }), clock };
}

/** Brings the database to the newest schema, also while nodes run on it. */
export async function migratePostgres(options: {
  readonly url: string;
  readonly log: Log;
}): Promise<{ from: number; to: number }> {
  const { from, to } = await migrate(options);
  return { from, to };
}
