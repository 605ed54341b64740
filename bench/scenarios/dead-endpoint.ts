/**
 * (d): of 20 endpoints one is dead with 100,000 deliveries waiting, once refusing connections and once accepting and
 * never answering, at default timeout and concurrency; the other 19 must not notice. The same server with all 20 alive
 * is measured in the same rounds.
 */
import { application } from '../api.ts';
import { measure, type Round, type Subject } from '../measure.ts';
import { type BenchOptions, PUBLISHERS } from '../options.ts';
import { type Peer, type Server, startPeer, startServer } from '../processes.ts';
import { heading, median, percentile, spread, step, table } from '../report.ts';

const LIVE = 19;
const WAITING = 100_000;
const HALF_ROUNDS = 3;
const HALF_SECONDS = 5;

interface Case {
  readonly name: string;
  readonly subject: Subject;
  readonly full: Round[];
  readonly half: Round[];
}

export async function deadEndpoint(options: BenchOptions): Promise<void> {
  heading(`One endpoint of ${LIVE + 1} dead with ${WAITING.toLocaleString('en')} deliveries waiting`);
  await using receiver = await startPeer<{ port: number; silentPort: number }>('receiver.ts');
  await using load = await startPeer<unknown>('load.ts');
  await using servers = new AsyncDisposableStack();
  const peers = { load, receiver };
  const live = `http://127.0.0.1:${receiver.hello.port}/`;
  const cases: Case[] = [];
  for (const [name, twentieth] of [
    ['all alive', live],
    ['refuses connections', 'http://127.0.0.1:1/'],
    ['accepts, never answers', `http://127.0.0.1:${receiver.hello.silentPort}/`],
  ] as const) {
    const server = servers.use(await startServer());
    cases.push({ name, subject: await prepare(server, { name, live, twentieth }, load), full: [], half: [] });
  }
  for (const { subject } of cases) await measure(subject, peers, { count: options.events / 2, rate: null });
  // Round by round through all cases: what disturbs the machine disturbs them alike.
  for (let round = 1; round <= options.rounds; round++)
    for (const { name, subject, full } of cases) {
      step(`round ${round}/${options.rounds}: ${name}`);
      full.push(await measure(subject, peers, { count: options.events, rate: null }));
    }
  const rate = speed(cases[0]!.full) / 2;
  for (let round = 1; round <= HALF_ROUNDS; round++)
    for (const { name, subject, half } of cases) {
      step(`round ${round}/${HALF_ROUNDS} at half load: ${name}`);
      half.push(await measure(subject, peers, { count: Math.round(rate * HALF_SECONDS), rate }));
    }
  print(cases);
}

async function prepare(
  server: Server,
  { name, live, twentieth }: { name: string; live: string; twentieth: string },
  load: Peer,
): Promise<Subject> {
  const paths: string[] = [];
  for (let n = 0; n < LIVE; n++) paths.push(await application(server, `live-${n}`, [live]));
  const other = await application(server, 'other', [twentieth]);
  const order = { ports: [server.port], token: server.token, wrap: true, publishers: PUBLISHERS };
  if (twentieth !== live) {
    step(`${name}: letting ${WAITING} deliveries pile up`);
    await load.ask({ ...order, paths: [other], count: WAITING, rate: null });
  }
  return { pids: [server.pid], fanOut: 1, order: { ...order, paths } };
}

const speed = (rounds: readonly Round[]): number => median(rounds.map((round) => round.deliveriesPerSecond));
const p99 = (rounds: readonly Round[]): number =>
  median(rounds.map((round) => percentile(round.latencies, 0.99)));

function print(cases: readonly Case[]): void {
  const [alive] = cases;
  table(
    [
      'the 20th endpoint',
      'deliveries/s of the others',
      '÷ all alive',
      'p99 ms at half load',
      '÷ all alive',
      'peak MB',
    ],
    cases.map(({ name, full, half }) => [
      name,
      spread(full.map((round) => round.deliveriesPerSecond)),
      (speed(full) / speed(alive!.full)).toFixed(2),
      p99(half).toFixed(2),
      (p99(half) / p99(alive!.half)).toFixed(2),
      Math.max(...full.map((round) => round.peakMb)).toFixed(0),
    ]),
  );
}
