/** (c): each event goes to ten endpoints. */
import { application } from '../api.ts';
import { measure, type Round } from '../measure.ts';
import { type BenchOptions, PUBLISHERS } from '../options.ts';
import { startPeer, startServer } from '../processes.ts';
import { heading, spread, step, table } from '../report.ts';

const ENDPOINTS = 10;

export async function fanOut(options: BenchOptions): Promise<void> {
  heading(`Fan-out to ${ENDPOINTS} endpoints`);
  await using receiver = await startPeer<{ port: number }>('receiver.ts');
  await using load = await startPeer<unknown>('load.ts');
  await using server = await startServer();
  const urls = Array.from({ length: ENDPOINTS }, (_, n) => `http://127.0.0.1:${receiver.hello.port}/${n}`);
  const path = await application(server, 'bench', urls);
  const order = {
    ports: [server.port],
    paths: [path],
    token: server.token,
    wrap: true,
    publishers: PUBLISHERS,
  };
  const subject = { pids: [server.pid], fanOut: ENDPOINTS, order };
  const rounds: Round[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    step(`round ${round}/${options.rounds}: fan-out`);
    rounds.push(
      await measure(
        subject,
        { load, receiver },
        { count: Math.round(options.events / ENDPOINTS), rate: null },
      ),
    );
  }
  table(
    ['events/s', 'deliveries/s', 'CPU µs per delivery', 'peak MB'],
    [
      [
        spread(rounds.map((round) => round.eventsPerSecond)),
        spread(rounds.map((round) => round.deliveriesPerSecond)),
        spread(
          rounds.map((round) => round.cpuMicrosPerDelivery),
          1,
        ),
        Math.max(...rounds.map((round) => round.peakMb)).toFixed(0),
      ],
    ],
  );
}
