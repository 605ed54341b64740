/** Real PostgreSQL servers for tests, from the programs that npm installs. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { findBinaries } from './postgres-binaries.ts';
import { newServerFolder } from './postgres-data-folder.ts';
import { databasesOf } from './postgres-databases.ts';
import { PortTaken, postmasterOf } from './postgres-process.ts';

/** A PostgreSQL server of its own on a free loopback port, in a data folder under the system's temp directory. */
export interface PostgresServer {
  readonly port: number;
  /** postgres://posthorn:…@127.0.0.1:port/name */
  url(database: string): string;
  /** A new empty database; or a copy of `template` (the URL of one that nobody is connected to). Returns its URL. */
  createDatabase(options?: { readonly template?: string }): Promise<string>;
  /** Cuts its connections first. */
  dropDatabase(url: string): Promise<void>;
  /** SIGKILL of the postmaster and its children. */
  kill(): Promise<void>;
  /** After `kill`: on the same port and data, until it accepts connections. */
  start(): Promise<void>;
  /** As an administrator does it: a 'fast' shutdown, then a start. */
  restart(): Promise<void>;
  /** SIGSTOP of the postmaster and its backends: a stalled database. */
  pause(): void;
  resume(): void;
  /** Ends it and removes the data folder. */
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** As in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Commits survive a power cut. Not said: fsync is off, which is faster; they survive `kill` all the same. */
  readonly durable?: boolean;
}

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  // Files of the data folder, so that a killed server leaves nothing behind in shared memory.
  dynamic_shared_memory_type: 'mmap',
};
const NOT_DURABLE = { fsync: 'off', full_page_writes: 'off' };
/** Below those that the system gives to outgoing connections, so that the port is still free after `kill`. */
const FIRST_PORT = 15_000;
const PORTS = 15_000;
const PORTS_TRIED = 20;

export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const binaries = await findBinaries();
  const folder = await newServerFolder(binaries);
  const settings = { ...SETTINGS, ...(options.durable ? {} : NOT_DURABLE), ...options.settings };
  const postmaster = postmasterOf(binaries, folder, settings);
  let port = 0;
  try {
    port = await startOnFreePort((candidate) => postmaster.start(candidate));
  } catch (cause) {
    await postmaster.end();
    throw cause;
  }
  return {
    port,
    ...databasesOf(new URL(`postgres://posthorn:${folder.password}@127.0.0.1:${port}/postgres`)),
    kill: () => postmaster.kill(),
    start: () => postmaster.start(port),
    async restart() {
      await postmaster.shutDown('fast');
      await postmaster.start(port);
    },
    pause: () => postmaster.pause(),
    resume: () => postmaster.resume(),
    stop: () => postmaster.end(),
  };
}

let shared: Promise<PostgresServer> | undefined;

/**
 * The server of this test process: started on first use, or the one of POSTHORN_TEST_DATABASE_URL (then kill, restart
 * and pause are refused); ended, or its databases dropped, when the process's tests end.
 */
export function testPostgres(): Promise<PostgresServer> {
  shared ??= startShared();
  return shared;
}

async function startShared(): Promise<PostgresServer> {
  const given = process.env.POSTHORN_TEST_DATABASE_URL;
  const server = given ? serverElsewhere(new URL(given)) : await startPostgres();
  // When nothing is left to do. A process that is ended by force leaves it to the watchdog.
  process.once('beforeExit', () => void server.stop());
  return server;
}

function serverElsewhere(at: URL): PostgresServer {
  const { url, createDatabase, dropDatabase } = databasesOf(at);
  const made = new Set<string>();
  const refuse = (): never => {
    throw new Error('This test ends or stalls its server; run it without POSTHORN_TEST_DATABASE_URL.');
  };
  return {
    port: Number(at.port || 5432),
    url,
    async createDatabase(options) {
      const database = await createDatabase(options);
      made.add(database);
      return database;
    },
    async dropDatabase(database) {
      await dropDatabase(database);
      made.delete(database);
    },
    kill: async () => refuse(),
    start: async () => refuse(),
    restart: async () => refuse(),
    pause: refuse,
    resume: refuse,
    async stop() {
      for (const database of made) await dropDatabase(database);
      made.clear();
    },
  };
}

async function startOnFreePort(start: (port: number) => Promise<void>): Promise<number> {
  for (let tried = 0; tried < PORTS_TRIED; tried++) {
    const port = FIRST_PORT + (randomBytes(4).readUInt32BE() % PORTS);
    if (!(await isFree(port))) continue;
    try {
      await start(port);
      return port;
    } catch (cause) {
      if (!(cause instanceof PortTaken)) throw cause; // Otherwise somebody was faster.
    }
  }
  throw new Error(`No free port was found for PostgreSQL in ${PORTS_TRIED} tries from ${FIRST_PORT} on.`);
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
