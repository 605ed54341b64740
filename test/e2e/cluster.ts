/** Several nodes on one PostgreSQL, each a process of the built command. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { SHARDS, shardOf } from '../../src/core/shard.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { ROOT } from '../support/source-files.ts';
import { freePort, ServerProcess, type ServerProcessOptions, temporaryFolder } from './command.ts';

export const SECRETS = {
  POSTHORN_MAIN_SECRET: 'a-main-secret-for-tests-only',
  POSTHORN_JWT_SECRET: 'a-token-secret-for-tests-only',
};
const WITHIN_MS = 30_000;
const POLL_MS = 20;

export interface ClusterOptions {
  readonly nodes?: number;
  readonly settings?: Readonly<Record<string, string>>;
  /** Commits survive a power cut; slower. */
  readonly durable?: boolean;
}

export interface Answer<T> {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: T;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

export interface TestCluster extends AsyncDisposable {
  readonly postgres: PostgresServer;
  readonly nodes: readonly ServerProcess[];
  readonly token: string;
  /** A request to one node with the organization's token. */
  call<T>(node: number, method: string, path: string, options?: CallOptions): Promise<Answer<T>>;
  /** As `call`; anything but a 2xx fails the test. */
  ok<T>(node: number, method: string, path: string, body?: unknown): Promise<T>;
  /** Ends a node that runs, and starts another process in its place. Returns the exit code of the first. */
  replace(node: number, options: ServerProcessOptions): Promise<number | null>;
  /** Which node makes an endpoint's deliveries; -1 = none just now. */
  holderOf(endpointId: string): Promise<number>;
  /** Shards that each node holds and keeps, as the database knows it; a node that it does not know holds 0. */
  shards(): Promise<readonly number[]>;
  /** Until each node that runs holds some of the shards, and all of them together hold all. */
  settled(running?: number): Promise<void>;
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<readonly Row[]>;
}

export async function startCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const folder = temporaryFolder();
  const postgres = await startPostgres({ durable: options.durable ?? false });
  const nodes: ServerProcess[] = [];
  const end = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.end('SIGKILL')));
    await postgres.stop();
    folder[Symbol.dispose]();
  };
  try {
    const database = await postgres.createDatabase();
    const settingsOf = (node: number): Record<string, string> => ({
      ...SECRETS,
      POSTHORN_DATABASE_URL: database,
      POSTHORN_NODE_NAME: nodeName(node),
      POSTHORN_DATA_DIR: join(folder.path, nodeName(node)),
      POSTHORN_RETRY_SCHEDULE: '[0.1, 0.2, 0.5, 1, 1, 2, 2, 5, 5, 5]',
      POSTHORN_LOG_LEVEL: 'warn',
      ...options.settings,
    });
    for (let node = 0; node < (options.nodes ?? 3); node++)
      nodes.push(new ServerProcess(await freePort(), settingsOf(node)));
    await Promise.all(nodes.map((node) => node.start()));
    const token = await nodes[0]!.token();
    return { ...actionsOf({ postgres, database, nodes, token }), [Symbol.asyncDispose]: end };
  } catch (cause) {
    await end();
    throw cause;
  }
}

interface Parts {
  readonly postgres: PostgresServer;
  readonly database: string;
  readonly nodes: ServerProcess[];
  readonly token: string;
}

const nodeName = (node: number): string => `node-${node}`;

function actionsOf({ postgres, database, nodes, token }: Parts): Omit<TestCluster, keyof AsyncDisposable> {
  const query = async <Row extends pg.QueryResultRow>(
    text: string,
    values: unknown[] = [],
  ): Promise<readonly Row[]> => {
    const client = new pg.Client({ connectionString: database });
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  };
  const call: TestCluster['call'] = (node, method, path, options) =>
    request(nodes[node]!.url + path, { method, token, ...options });
  const shards = async (): Promise<readonly number[]> => {
    // Who was killed has its row until it is declared dead, beside the one of its successor.
    const rows = await query<{ name: string; count: number }>(
      `SELECT name, count(*)::int AS count FROM shard JOIN node USING (epoch)
       WHERE wanted IS NULL AND epoch IN (SELECT max(epoch) FROM node GROUP BY name) GROUP BY name`,
    );
    return nodes.map((_, node) => rows.find(({ name }) => name === nodeName(node))?.count ?? 0);
  };
  return {
    postgres,
    nodes,
    token,
    call,
    query,
    shards,
    async ok<T>(node: number, method: string, path: string, body?: unknown): Promise<T> {
      const answer = await call<T>(node, method, path, { body });
      assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body;
    },
    async replace(node, options) {
      const before = nodes[node]!;
      const exitCode = await before.end('SIGTERM');
      nodes[node] = new ServerProcess(before.port, before.settings, options);
      await nodes[node].start();
      return exitCode;
    },
    async holderOf(endpointId) {
      const rows = await query<{ name: string }>(
        'SELECT name FROM shard JOIN node USING (epoch) WHERE no = $1',
        [shardOf(endpointId)],
      );
      return nodes.findIndex((_, node) => nodeName(node) === rows[0]?.name);
    },
    settled: (running = nodes.length) =>
      until(`${running} nodes share the shards`, async () => {
        const held = await shards();
        return held.filter((count) => count > 0).length === running && sum(held) === SHARDS;
      }),
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** Rejects when there was no answer. A body that is no JSON is undefined. */
export async function request<T>(
  url: string,
  options: CallOptions & { readonly method: string; readonly token: string },
): Promise<Answer<T>> {
  const { method, token, body, signal } = options;
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') && text !== '';
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    body: (isJson ? JSON.parse(text) : undefined) as T,
  };
}

/** Waits for a condition; past the (generous) bound the test fails, saying what did not come. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = WITHIN_MS,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) assert.fail(`${what}: not within ${withinMs / 1000} s`);
    await sleep(POLL_MS);
  }
}

/** The built command once more, under another version: for nodes that run beside those of this one. */
export function buildOfVersion(version: string): { command: string } & Disposable {
  const folder = temporaryFolder();
  const own = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
  for (const name of ['bin', 'dist', 'package.json'])
    cpSync(join(ROOT, name), join(folder.path, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'));
  const bundle = join(folder.path, 'dist', 'posthorn.mjs');
  const text = readFileSync(bundle, 'utf8');
  const said = `version: "${own}"`;
  assert.ok(text.includes(said), 'the bundle says its version');
  writeFileSync(bundle, text.replace(said, `version: "${version}"`));
  return {
    command: join(folder.path, 'bin', 'posthorn.js'),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** NODE_OPTIONS of a process whose clock is wrong by `ms`. */
export function skewedClock(ms: number): string {
  const code = `const Real = Date;
    globalThis.Date = class Date extends Real {
      constructor(...given) { if (given.length === 0) super(Real.now() + ${ms}); else super(...given); }
      static now() { return Real.now() + ${ms}; }
    };`;
  return `--import data:text/javascript,${encodeURIComponent(code)}`;
}
