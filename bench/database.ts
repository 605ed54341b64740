/** What the database did during a round, by its own accounting (pg_stat_statements, pg_stat_database, pg_stat_wal). */
import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { cpuMicros } from './processes.ts';

export interface DatabaseWork {
  /** Statements that clients sent. */
  readonly roundTrips: number;
  /** Transactions that ended well, also those that only read or notified. */
  readonly commits: number;
  /** Batches of accepts and attempts: commits that wait for the disk. */
  readonly batches: number;
  readonly walBytes: number;
  readonly storedBytes: number;
  readonly cpuMicros: number;
}

/** Statistics of a session reach the views within a second. */
const SETTLE_MS = 1_500;
const CLOCK_TICKS_PER_SECOND = 100;

const READ = `
  SELECT (SELECT sum(calls) FROM pg_stat_statements WHERE toplevel)::float8 AS "roundTrips",
    (SELECT sum(calls) FROM pg_stat_statements
     WHERE toplevel AND query LIKE '%posthorn_write_1(%')::float8 AS batches,
    (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database())::float8 AS commits,
    (SELECT wal_bytes FROM pg_stat_wal)::float8 AS "walBytes",
    pg_database_size(current_database())::float8 AS "storedBytes"`;

/** Runs `act` and tells what the database, a server on this machine, did meanwhile. */
export async function watchDatabase<T>(
  url: string,
  act: () => Promise<T>,
): Promise<{ result: T; work: DatabaseWork }> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const postmaster = Number(statOf(rows[0]!.pid)[1]);
    const before = await readWork(client, postmaster);
    const result = await act();
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const after = await readWork(client, postmaster);
    const work = Object.fromEntries(
      Object.entries(after).map(([name, value]) => [name, value - before[name as keyof DatabaseWork]]),
    );
    return { result, work: work as unknown as DatabaseWork };
  } finally {
    await client.end();
  }
}

async function readWork(client: pg.Client, postmaster: number): Promise<DatabaseWork> {
  const { rows } = await client.query<Omit<DatabaseWork, 'cpuMicros'>>(READ);
  return { ...rows[0]!, cpuMicros: serverCpuMicros(postmaster) };
}

/** Of the server's living processes and of those that have ended. */
function serverCpuMicros(postmaster: number): number {
  let micros = cpuMicros(postmaster) + endedChildrenMicros(postmaster);
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (Number(statOf(name)[1]) === postmaster) micros += cpuMicros(Number(name));
    } catch {
      // It ended while we looked: its parent has its time.
    }
  }
  return micros;
}

function endedChildrenMicros(pid: number): number {
  const fields = statOf(pid);
  return ((Number(fields[13]) + Number(fields[14])) / CLOCK_TICKS_PER_SECOND) * 1e6;
}

/** The fields of /proc/…/stat after the name: state, parent, … */
function statOf(pid: number | string): readonly string[] {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
}
