/**
 * `npm run soak -- --minutes 30`: one node on PostgreSQL under a steady load, part of it to an endpoint that refuses
 * every fourth attempt. Prints what the hot tables weigh while rows come and go: they must stay flat.
 */
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startPostgres } from '../test/support/postgres.ts';
import { application } from './api.ts';
import type { LoadReport } from './load.ts';
import { memoryMb, startPeer, startServer } from './processes.ts';
import { heading, table } from './report.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, rate: { type: 'string', default: '300' } },
});
const minutes = Number(values.minutes);
const rate = Number(values.rate);

const WEIGHTS = `
  SELECT relname AS name, pg_table_size(relid)::float8 AS heap, pg_indexes_size(relid)::float8 AS indexes,
    n_live_tup::float8 AS live, n_dead_tup::float8 AS dead, autovacuum_count::float8 AS vacuums
  FROM pg_stat_user_tables WHERE relname IN ('fresh', 'waiting', 'health', 'idempotency', 'node', 'shard', 'outbox')
  ORDER BY relname`;
interface Weight {
  readonly name: string;
  readonly heap: number;
  readonly indexes: number;
  readonly live: number;
  readonly dead: number;
  readonly vacuums: number;
}

heading(`The hot tables over ${minutes} minutes at ${rate} events/s`);
const postgres = await startPostgres({ durable: true });
await using receiver = await startPeer<{ port: number }>('receiver.ts');
await using load = await startPeer<unknown>('load.ts');
const url = await postgres.createDatabase();
const server = await startServer({
  env: {
    POSTHORN_DATABASE_URL: url,
    POSTHORN_MAIN_SECRET: 'soak-secret-that-encrypts',
    POSTHORN_JWT_SECRET: 'soak-secret-that-signs-tokens',
    POSTHORN_RETRY_SCHEDULE: '[1, 2, 4, 8]',
    POSTHORN_LOG_LEVEL: 'warn',
  },
});
const client = new pg.Client(url);
try {
  const paths: string[] = [];
  for (const at of ['a', 'b', 'c', 'flaky']) {
    paths.push(await application(server, at, [`http://127.0.0.1:${receiver.hello.port}/${at}`]));
  }
  await client.connect();
  await receiver.ask({ ask: 'reset', size: 1 });
  const order = { ports: [server.port], paths, token: server.token, wrap: true, publishers: 64, rate };
  const rows: string[][] = [];
  for (let minute = 1; minute <= minutes; minute++) {
    const { refused } = await load.ask<LoadReport>({ ...order, count: rate * 60 });
    const weights = (await client.query<Weight>(WEIGHTS)).rows;
    rows.push([String(minute), String(refused), memoryMb(server.pid).now.toFixed(0), ...weights.map(shown)]);
    if (minute === 1)
      console.log(`| minute | refused | node MB | ${weights.map(({ name }) => name).join(' | ')} |`);
    console.log(`| ${rows.at(-1)!.join(' | ')} |`);
  }
  console.log('\nPer table: kB of heap + indexes (live / dead rows, vacuums so far).\n');
  const columns = [
    'minute',
    'refused',
    'node MB',
    ...(await client.query<Weight>(WEIGHTS)).rows.map((w) => w.name),
  ];
  const every = Math.max(1, Math.floor(minutes / 6));
  table(
    columns,
    rows.filter((_, i) => i === 0 || (i + 1) % every === 0),
  );
} finally {
  await client.end();
  await server[Symbol.asyncDispose]();
  await postgres.stop();
}

function shown({ heap, indexes, live, dead, vacuums }: Weight): string {
  return `${(heap / 1024).toFixed(0)} + ${(indexes / 1024).toFixed(0)} (${live} / ${dead}, ${vacuums})`;
}
