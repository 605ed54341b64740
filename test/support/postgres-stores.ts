/** Stores on a database as nodes open them, and a look past them at what is in it. */
import pg from 'pg';
import { systemClock } from '../../src/app/system-clock.ts';
import type { Storage } from '../../src/ports/storage.ts';
import { silent } from '../../src/storage/conformance/scratch.ts';
import { type OpenPostgresOptions, openPostgres } from '../../src/storage/postgres/open.ts';

export async function openPostgresStore(
  url: string,
  options: Partial<OpenPostgresOptions> = {},
): Promise<Storage> {
  const node = { nodeName: 'test', version: '0.0.0', clock: systemClock, log: silent };
  return (await openPostgres({ url, ...node, ...options })).storage;
}

export async function closePostgresStore({ cluster, upkeep }: Storage): Promise<void> {
  await cluster.leave();
  await upkeep.close();
}

/** Statements of somebody else's. */
export async function ask<Row extends pg.QueryResultRow>(
  url: string,
  text: string,
  values?: unknown[],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}
