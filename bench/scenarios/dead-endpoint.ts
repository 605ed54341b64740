/**
 * (d): of 20 endpoints one is dead with 100,000 deliveries waiting, once refusing connections and once accepting and
 * never answering, at default timeout and concurrency; the other 19 must not notice. The same server with all 20 alive
 * is measured in the same rounds.
 */
import { application } from '../api.ts';
import { measure, type Round, type Subject } from '../measure.ts';
import { type BenchOptions, PUBLISHERS } from '../options.ts';
import { type Peer, startPeer, startServer } from '../processes.ts';
import { heading, median, percentile, spread, step, table } from '../report.ts';

const LIVE = 19;
const WAITING = 100_000;

export async function deadEndpoint(options: BenchOptions): Promise<void> {
  heading(`One endpoint of ${LIVE + 1} dead with ${WAITING.toLocaleString('en')} deliveries waiting`);
  await using receiver = await startPeer<{ port: number; silentPort: number }>('receiver.ts');
  await using load = await startPeer<unknown>('load.ts');
  const target = `http://127.0.0.1:${receiver.hello.port}/`;
  const cases: [string, string][] = [
    ['all alive', target],
    ['refuses connections', 'http://127.0.0.1:1/'],
    ['accepts, never answers', `http://127.0.0.1:${receiver.hello.silentPort}/`],
  ];
  const results: { name: string; full: Round[]; half: Round }[] = [];
  let rate: number | null = null;
  for (const [name, url] of cases) {
    const result = await oneCase({ name, url, target, rate }, { load, receiver }, options);
    rate ??=
      median(result.full.map((round) => Math.min(round.eventsPerSecond, round.deliveriesPerSecond))) / 2;
    results.push(
      result.half ? { ...result, half: result.half } : { ...result, half: await halfOf(result, rate) },
    );
    await result.close();
  }
  print(results);

  async function halfOf(result: { subject: Subject }, at: number): Promise<Round> {
    return measure(
      result.subject,
      { load, receiver },
      { count: Math.min(options.events, Math.round(at * 8)), rate: at },
    );
  }
}

async function oneCase(
  what: { name: string; url: string; target: string; rate: number | null },
  peers: { load: Peer; receiver: Peer },
  options: BenchOptions,
) {
  const server = await startServer();
  const paths: string[] = [];
  for (let n = 0; n < LIVE; n++) paths.push(await application(server, `live-${n}`, [what.target]));
  const other = await application(server, 'other', [what.url]);
  const order = { port: server.port, token: server.token, wrap: true, publishers: PUBLISHERS };
  const subject: Subject = { pid: server.pid, fanOut: 1, order: { ...order, paths } };
  if (what.url !== what.target) {
    step(`${what.name}: letting ${WAITING} deliveries pile up`);
    await peers.load.ask({ ...order, paths: [other], count: WAITING, rate: null });
  }
  await measure(subject, peers, { count: options.events / 4, rate: null });
  const full: Round[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    step(`round ${round}/${options.rounds}: ${what.name}`);
    full.push(await measure(subject, peers, { count: options.events, rate: null }));
  }
  const half =
    what.rate === null
      ? null
      : await measure(subject, peers, {
          count: Math.min(options.events, Math.round(what.rate * 8)),
          rate: what.rate,
        });
  return { name: what.name, full, half, subject, close: () => server[Symbol.asyncDispose]() };
}

function print(results: readonly { name: string; full: Round[]; half: Round }[]): void {
  const speed = (rounds: Round[]): number => median(rounds.map((round) => round.deliveriesPerSecond));
  const p99 = (round: Round): number => percentile(round.latencies, 0.99);
  const [alive] = results;
  table(
    [
      'the 20th endpoint',
      'deliveries/s of the others',
      '÷ all alive',
      'p99 ms at half load',
      '÷ all alive',
      'peak MB',
    ],
    results.map(({ name, full, half }) => [
      name,
      spread(full.map((round) => round.deliveriesPerSecond)),
      (speed(full) / speed(alive!.full)).toFixed(2),
      p99(half).toFixed(2),
      (p99(half) / p99(alive!.half)).toFixed(2),
      Math.max(...full.map((round) => round.peakMb)).toFixed(0),
    ]),
  );
}
