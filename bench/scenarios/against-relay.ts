/** (a) and (b): the bare relay and Posthorn with one endpoint, in interleaved rounds; then both at half load. */
import { application } from '../api.ts';
import { measure, type Round, type Subject } from '../measure.ts';
import { type BenchOptions, PUBLISHERS } from '../options.ts';
import { startPeer, startServer } from '../processes.ts';
import { heading, median, percentile, spread, step, table } from '../report.ts';

export async function againstRelay(options: BenchOptions): Promise<void> {
  heading('One endpoint against a bare relay');
  await using receiver = await startPeer<{ port: number }>('receiver.ts');
  await using load = await startPeer<unknown>('load.ts');
  const target = `http://127.0.0.1:${receiver.hello.port}`;
  await using relay = await startPeer<{ port: number }>('relay.ts', [target]);
  await using server = await startServer();
  const path = await application(server, 'bench', [`${target}/`]);
  const subjects: Record<string, Subject> = {
    relay: {
      pids: [relay.pid],
      fanOut: 1,
      order: { ports: [relay.hello.port], paths: ['/'], token: null, wrap: false, publishers: PUBLISHERS },
    },
    posthorn: {
      pids: [server.pid],
      fanOut: 1,
      order: { ports: [server.port], paths: [path], token: server.token, wrap: true, publishers: PUBLISHERS },
    },
  };
  const peers = { load, receiver };
  for (const subject of Object.values(subjects))
    await measure(subject, peers, { count: options.events / 2, rate: null });
  const full: Record<string, Round[]> = { relay: [], posthorn: [] };
  for (let round = 1; round <= options.rounds; round++)
    for (const [name, subject] of Object.entries(subjects)) {
      step(`round ${round}/${options.rounds}: ${name}, full load`);
      full[name]!.push(await measure(subject, peers, { count: options.events, rate: null }));
    }
  const half: Record<string, Round> = {};
  for (const [name, subject] of Object.entries(subjects)) {
    step(`${name}, half of its load`);
    const rate =
      median(full[name]!.map((round) => Math.min(round.eventsPerSecond, round.deliveriesPerSecond))) / 2;
    half[name] = await measure(subject, peers, {
      count: Math.min(options.events, Math.round(rate * 8)),
      rate,
    });
  }
  print(full, half);
}

function print(full: Record<string, Round[]>, half: Record<string, Round>): void {
  const names = Object.keys(full);
  table(
    [
      '',
      'events/s',
      'deliveries/s',
      'CPU µs per event',
      'p50 ms at half load',
      'p99 ms at half load',
      'peak MB',
    ],
    names.map((name) => [
      name,
      spread(full[name]!.map((round) => round.eventsPerSecond)),
      spread(full[name]!.map((round) => round.deliveriesPerSecond)),
      spread(
        full[name]!.map((round) => round.cpuMicrosPerEvent),
        1,
      ),
      percentile(half[name]!.latencies, 0.5).toFixed(2),
      percentile(half[name]!.latencies, 0.99).toFixed(2),
      Math.max(...full[name]!.map((round) => round.peakMb)).toFixed(0),
    ]),
  );
  const ratios = full.posthorn!.map(
    (round, at) => round.cpuMicrosPerEvent / full.relay![at]!.cpuMicrosPerEvent,
  );
  const speed = full.posthorn!.map(
    (round, at) => round.deliveriesPerSecond / full.relay![at]!.deliveriesPerSecond,
  );
  console.log(`\nCPU per event, Posthorn / relay, round by round: ${spread(ratios, 2)} (aim ≤ 1.8).`);
  console.log(
    `Deliveries per second, Posthorn / relay: ${spread(speed, 2)} (about 0.7 expected on 2 cores).`,
  );
}
