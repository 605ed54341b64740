/**
 * Connections to one database. Every statement is prepared under a name made from its text, so it is parsed and planned
 * once per connection. Two pools: `hot` runs the batches of accepts and records, one at a time; everything else shares
 * the other, so that a slow read or a long list never stands before a commit that a publisher waits for.
 */
import { createHash } from 'node:crypto';
import pg from 'pg';
import { Problem } from '../../core/problem.ts';
import type { Log } from '../../ports/log.ts';
import { RETRY_AFTER_SECONDS } from '../sql/limits.ts';
import { breaksConnection, isTransient, lostStore } from './errors.ts';

/** One connection, inside a transaction or not. Rejects with the driver's error. */
export interface Session {
  query<Row>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
}

export interface HotSession extends Session {
  /** Which one it is. Behind a new one may be another server, which has lost what the one before had committed last. */
  readonly connection: number;
}

export interface Connections {
  /** One statement on a connection of the pool. Rejects with Problem `unavailable` when the database cannot take it. */
  query<Row>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** BEGIN … COMMIT; run again from its start after a deadlock or a serialization failure, so it must be repeatable. */
  transact<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** Work on the connection of the hot writes, one at a time. Rejects with the driver's error. */
  hot<T>(work: (session: HotSession) => Promise<T>): Promise<T>;
  /** A connection of its own that listens; the caller ends it. */
  dedicated(name: string): Promise<pg.Client>;
  /** Refuses what comes from now on; resolves when what is under way has ended. */
  close(): Promise<void>;
}

export interface ConnectionOptions {
  readonly url: string;
  /** Shown in pg_stat_activity, so that a takeover can end what a dead node left open. At most 63 bytes. */
  readonly name: string;
  /** Connections beside the hot one and the listening one. */
  readonly poolMax: number;
  /** Statements that may wait for a connection; past them they are refused as `unavailable`. */
  readonly waitingMax: number;
  readonly statementTimeoutMs: number;
  /** Settings of every session, as `SET` takes them. */
  readonly settings?: Settings;
  readonly log: Log;
}
export type Settings = Readonly<Record<string, string>>;

const CONNECT_TIMEOUT_MS = 5_000;
const IDLE_IN_TRANSACTION_MS = 5_000;
/** The server ends a statement by itself; past this as well, it is the network or the machine that is gone. */
const SILENCE_MS = 3_000;
const TRANSACTION_RUNS_MAX = 5;
/**
 * Every statement here is written for a snapshot of its own and to find its rows by indexes, in their order. Other
 * plans would be made once, while a table is empty or by a guess at how much a range holds, and kept when it has
 * millions of rows; a plan for the values at hand looks at every partition (90: 7 ms, the statement itself 0.5 ms).
 */
const SETTINGS = {
  jit: 'off',
  default_transaction_isolation: 'read committed',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  max_parallel_workers_per_gather: '0',
  plan_cache_mode: 'force_generic_plan',
};

const INT8 = 20;
const INT8_ARRAY = 1016;
/** 64-bit integers of this schema (seqs, ms) are below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === INT8 && format !== 'binary') return Number;
    if (oid === INT8_ARRAY && format !== 'binary') return (text: string) => numbersOf(text);
    return pg.types.getTypeParser(oid, format as 'text');
  },
};

/** `{1,2}`, an array of 64-bit integers. */
function numbersOf(text: string): number[] {
  return text === '{}' ? [] : text.slice(1, -1).split(',').map(Number);
}

export function openConnections(options: ConnectionOptions): Connections {
  const settings = { ...SETTINGS, ...options.settings };
  const config: pg.ClientConfig = {
    ...clientConfig(options.url, options.name, settings),
    statement_timeout: options.statementTimeoutMs,
    query_timeout: options.statementTimeoutMs + SILENCE_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
  };
  const pool = poolOf({ ...config, max: options.poolMax }, options.log);
  const hot = poolOf({ ...config, max: 1 }, options.log);
  let hotConnections = 0;
  hot.on('connect', () => {
    hotConnections++;
  });
  const underWay = new UnderWay();
  return {
    query: (text, values = []) =>
      underWay.add(async () => {
        refuseWhenFull(pool, options.waitingMax);
        try {
          return await withClient(pool, (client) => run(client, text, values));
        } catch (cause) {
          throw lostStore(cause) ?? cause;
        }
      }),
    transact: (work) => underWay.add(() => transact(pool, options.waitingMax, work)),
    hot: (work) =>
      underWay.add(() =>
        withClient(hot, (client) => work({ ...sessionOn(client), connection: hotConnections })),
      ),
    async dedicated(name) {
      const client = new pg.Client({ ...config, application_name: name });
      await client.connect();
      return client;
    },
    async close() {
      await underWay.end();
      await Promise.all([hot.end(), pool.end()]);
    },
  };
}

/** Settings that a URL carries itself (`?options=…`) stay; ours come after them and so count. */
export function clientConfig(url: string, name: string, settings: Settings): pg.ClientConfig {
  const address = new URL(url);
  const asked = address.searchParams.get('options') ?? '';
  for (const ours of ['options', 'application_name']) address.searchParams.delete(ours);
  const ourOptions = Object.entries(settings).map(
    ([key, value]) => `-c ${key}=${value.replaceAll(/[\\ ]/g, '\\$&')}`,
  );
  return {
    connectionString: address.href,
    application_name: name,
    options: [asked, ...ourOptions].join(' ').trim(),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    types,
  };
}

function poolOf(config: pg.PoolConfig, log: Log): pg.Pool {
  const pool = new pg.Pool({ ...config, idleTimeoutMillis: 60_000, allowExitOnIdle: true });
  // An idle connection that breaks leaves the pool by itself; whoever asks next gets a new one.
  pool.on('error', (cause) => log.warn('database.connection-lost', { reason: cause.message }));
  return pool;
}

/** Closing a pool would leave those hanging that still wait for one of its connections. */
class UnderWay {
  #count = 0;
  #hasEnded = false;
  #whenNone: (() => void)[] = [];

  async add<T>(work: () => Promise<T>): Promise<T> {
    if (this.#hasEnded) {
      const retry = { retryAfterSeconds: RETRY_AFTER_SECONDS };
      throw new Problem('unavailable', 'The store is closing; try again shortly.', retry);
    }
    this.#count++;
    try {
      return await work();
    } finally {
      if (--this.#count === 0) for (const resolve of this.#whenNone.splice(0)) resolve();
    }
  }

  async end(): Promise<void> {
    this.#hasEnded = true;
    if (this.#count > 0) await new Promise<void>((resolve) => this.#whenNone.push(resolve));
  }
}

async function withClient<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // Between two statements nobody else would hear of it, and an error event that nobody hears ends the process.
  const onError = (cause: Error) => {
    broken = cause;
  };
  client.on('error', onError);
  try {
    return await work(client);
  } catch (cause) {
    if (breaksConnection(cause)) broken ??= cause as Error;
    throw cause;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

function sessionOn(client: pg.PoolClient): Session {
  return { query: (text, values = []) => run(client, text, values) };
}

async function run<Row>(
  client: pg.PoolClient,
  text: string,
  values: readonly unknown[],
): Promise<readonly Row[]> {
  const result = await client.query({ name: nameOf(text), text, values: values as unknown[] });
  return result.rows as Row[];
}

const names = new Map<string, string>();
/** Texts are few: they are written in the code, with some variants by filter. */
function nameOf(text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  const name = createHash('sha1').update(text).digest('base64url');
  names.set(text, name);
  return name;
}

async function transact<T>(
  pool: pg.Pool,
  waitingMax: number,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  for (let runs = 1; ; runs++) {
    refuseWhenFull(pool, waitingMax);
    try {
      return await withClient(pool, (client) => transactOnce(client, work));
    } catch (cause) {
      if (!isTransient(cause) || runs >= TRANSACTION_RUNS_MAX) throw lostStore(cause) ?? cause;
    }
  }
}

async function transactOnce<T>(client: pg.PoolClient, work: (session: Session) => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    const result = await work(sessionOn(client));
    await client.query('COMMIT');
    return result;
  } catch (cause) {
    if (!breaksConnection(cause)) await client.query('ROLLBACK');
    throw cause;
  }
}

function refuseWhenFull(pool: pg.Pool, waitingMax: number): void {
  if (pool.waitingCount < waitingMax) return;
  throw new Problem('unavailable', 'Too many reads and changes wait for the database; try again shortly.', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}
