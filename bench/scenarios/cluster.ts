/**
 * `npm run bench -- --cluster`: one, two and four nodes on one PostgreSQL, beside the embedded store in the same run;
 * then how long the work of a killed node stands still.
 */
import { startPostgres } from '../../test/support/postgres.ts';
import { application } from '../api.ts';
import { type DatabaseWork, watchDatabase } from '../database.ts';
import { measure, type Round, type Subject } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import { type Server, startPeer, startServer } from '../processes.ts';
import { heading, median, percentile, spread, step, table } from '../report.ts';

const NODES = [1, 2, 4];
const PUBLISHERS_PER_NODE = 256;
/** Endpoints, each of an application of its own: enough that every node holds some. */
const APPLICATIONS = 32;
const HALF_LOAD_SECONDS = 5;
const TAKEOVER = { nodes: 3, perSecond: 300, count: 4_500, killAfterMs: 5_000 };
const SECRETS = {
  POSTHORN_MAIN_SECRET: 'bench-secret-that-encrypts',
  POSTHORN_JWT_SECRET: 'bench-secret-that-signs-tokens',
  POSTHORN_LOG_LEVEL: 'warn',
};

interface Peers {
  readonly receiver: Awaited<ReturnType<typeof startPeer<{ port: number }>>>;
  readonly load: Awaited<ReturnType<typeof startPeer<unknown>>>;
}
interface Measured {
  readonly name: string;
  readonly rounds: readonly (Round & { readonly work: DatabaseWork | null })[];
  readonly half: Round;
}

export async function cluster(options: BenchOptions): Promise<void> {
  heading(`Nodes on one PostgreSQL, ${PUBLISHERS_PER_NODE} publishers per node`);
  await using receiver = await startPeer<{ port: number }>('receiver.ts');
  await using load = await startPeer<unknown>('load.ts');
  const peers = { receiver, load };
  const all = [await embedded(peers, options)];
  for (const nodes of NODES) all.push(await onPostgres(nodes, peers, options));
  print(all);
  await takeover(peers);
}

async function embedded(peers: Peers, options: BenchOptions): Promise<Measured> {
  await using server = await startServer({ env: SECRETS });
  return await measureAll('embedded store', [server], { peers, options, watch: unwatched });
}

async function onPostgres(nodes: number, peers: Peers, options: BenchOptions): Promise<Measured> {
  const postgres = await startPostgres({ durable: true, settings: SETTINGS });
  const servers: Server[] = [];
  try {
    const url = await postgres.createDatabase();
    for (let node = 0; node < nodes; node++) servers.push(await startNode(url, node));
    const watch: Watch = (act) => watchDatabase(url, act);
    return await measureAll(nodes === 1 ? '1 node' : `${nodes} nodes`, servers, { peers, options, watch });
  } finally {
    for (const server of servers) await server[Symbol.asyncDispose]();
    await postgres.stop();
  }
}

/** As a small server of its own is set up; nothing that costs durability. */
const SETTINGS = {
  shared_preload_libraries: 'pg_stat_statements',
  shared_buffers: '512MB',
  max_wal_size: '4GB',
};

function startNode(url: string, node: number): Promise<Server> {
  return startServer({
    env: { ...SECRETS, POSTHORN_DATABASE_URL: url, POSTHORN_NODE_NAME: `node-${node}` },
  });
}

type Watch = (act: () => Promise<Round>) => Promise<{ result: Round; work: DatabaseWork | null }>;
const unwatched: Watch = async (act) => ({ result: await act(), work: null });

async function measureAll(
  name: string,
  servers: readonly Server[],
  { peers, options, watch }: { peers: Peers; options: BenchOptions; watch: Watch },
): Promise<Measured> {
  const subject = await prepare(servers, peers);
  await measure(subject, peers, { count: options.events / 2, rate: null });
  const rounds: Measured['rounds'][number][] = [];
  for (let round = 1; round <= options.rounds; round++) {
    step(`${name}: round ${round}/${options.rounds}, full load`);
    const { result, work } = await watch(() =>
      measure(subject, peers, { count: options.events, rate: null }),
    );
    rounds.push({ ...result, work });
  }
  step(`${name}: half of its load`);
  const rate = median(rounds.map((round) => round.deliveriesPerSecond)) / 2;
  const half = await measure(subject, peers, { count: Math.round(rate * HALF_LOAD_SECONDS), rate });
  return { name, rounds, half };
}

async function prepare(servers: readonly Server[], { receiver }: Peers): Promise<Subject> {
  const paths: string[] = [];
  for (let n = 0; n < APPLICATIONS; n++) {
    paths.push(
      await application(servers[0]!, `bench-${n}`, [`http://127.0.0.1:${receiver.hello.port}/${n}`]),
    );
  }
  return {
    pids: servers.map(({ pid }) => pid),
    fanOut: 1,
    order: {
      ports: servers.map(({ port }) => port),
      paths,
      token: servers[0]!.token,
      wrap: true,
      publishers: PUBLISHERS_PER_NODE * servers.length,
    },
  };
}

const COLUMNS = [
  '',
  'deliveries/s',
  'CPU µs per delivery: nodes',
  'database',
  'round trips per delivery',
  'commits per delivery',
  'of which flush a batch',
  'WAL bytes per delivery',
  'stored bytes per delivery',
  'p50 / p99 ms at half load',
  'peak MB of a node',
];

function print(all: readonly Measured[]): void {
  table(COLUMNS, all.map(rowOf));
  const [sqlite, one] = all.map((each) => median(each.rounds.map((round) => round.deliveriesPerSecond)));
  console.log(`\nOne node / embedded store: ${(one! / sqlite!).toFixed(2)} (aim ≥ 0.5).`);
}

function rowOf({ name, rounds, half }: Measured): readonly string[] {
  const of = (digits: number, value: (round: Round) => number): string => spread(rounds.map(value), digits);
  const worked = rounds.flatMap(({ work, deliveries }) => (work === null ? [] : [{ work, deliveries }]));
  const perDelivery = (digits: number, value: (work: DatabaseWork) => number): string =>
    worked.length === 0
      ? '–'
      : spread(
          worked.map(({ work, deliveries }) => value(work) / deliveries),
          digits,
        );
  return [
    name,
    of(0, (round) => round.deliveriesPerSecond),
    of(0, (round) => round.cpuMicrosPerDelivery),
    perDelivery(0, (work) => work.cpuMicros),
    perDelivery(3, (work) => work.roundTrips),
    perDelivery(3, (work) => work.commits),
    perDelivery(3, (work) => work.batches),
    perDelivery(0, (work) => work.walBytes),
    perDelivery(0, (work) => work.storedBytes),
    `${percentile(half.latencies, 0.5).toFixed(1)} / ${percentile(half.latencies, 0.99).toFixed(1)}`,
    Math.max(...rounds.map((round) => round.peakMb)).toFixed(0),
  ];
}

async function takeover(peers: Peers): Promise<void> {
  heading('Takeover of a killed node');
  const postgres = await startPostgres({ durable: true, settings: SETTINGS });
  const servers: Server[] = [];
  try {
    const url = await postgres.createDatabase();
    for (let node = 0; node < TAKEOVER.nodes; node++) servers.push(await startNode(url, node));
    const subject = await prepare(servers, peers);
    const victim = servers.at(-1)!;
    const order = { ...subject.order, ports: subject.order.ports.slice(0, -1), publishers: 64 };
    step(`killing one of ${TAKEOVER.nodes} nodes under load`);
    setTimeout(() => void victim.stop('SIGKILL'), TAKEOVER.killAfterMs);
    const pids = subject.pids.slice(0, -1);
    const options = { count: TAKEOVER.count, rate: TAKEOVER.perSecond };
    const round = await measure({ ...subject, pids, order }, peers, options);
    console.log(
      `A node that held a third of the endpoints was killed at ${TAKEOVER.perSecond} events/s: every event arrived; the longest wait from the 202 to the arrival was ${(Math.max(...round.latencies) / 1000).toFixed(2)} s (aim ≤ 5 s).`,
    );
  } finally {
    for (const server of servers) await server[Symbol.asyncDispose]();
    await postgres.stop();
  }
}
