/** A million deliveries wait for an endpoint that is down: how long does a start take, and how much memory? */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { application } from '../api.ts';
import { type BenchOptions, PUBLISHERS } from '../options.ts';
import { memoryMb, startPeer, startServer } from '../processes.ts';
import { heading, step, table } from '../report.ts';

const CHUNK = 100_000;
const SETTLE_MS = 5_000;

export async function backlog(options: BenchOptions): Promise<void> {
  heading(`Start with ${options.waiting.toLocaleString('en')} deliveries waiting`);
  const dataDir = mkdtempSync(join(tmpdir(), 'posthorn-bench-'));
  await using load = await startPeer<unknown>('load.ts');
  const first = await startServer({ dataDir });
  const path = await application(first, 'dead', ['http://127.0.0.1:1/']);
  const order = {
    ports: [first.port],
    token: first.token,
    wrap: true,
    publishers: PUBLISHERS,
    paths: [path],
    rate: null,
  };
  for (let done = 0; done < options.waiting; done += CHUNK) {
    step(`publishing ${done.toLocaleString('en')} of ${options.waiting.toLocaleString('en')}`);
    await load.ask({ ...order, count: Math.min(CHUNK, options.waiting - done) });
  }
  const filling = memoryMb(first.pid);
  await first.stop('SIGKILL');
  const second = await startServer({ dataDir });
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const started = memoryMb(second.pid);
  table(
    [
      'deliveries waiting',
      'start-up s after SIGKILL',
      `MB ${SETTLE_MS / 1000} s after the start`,
      'peak MB after the start',
      'peak MB while filling',
    ],
    [
      [
        String(options.waiting),
        (second.startMs / 1000).toFixed(2),
        started.now.toFixed(0),
        started.peak.toFixed(0),
        filling.peak.toFixed(0),
      ],
    ],
  );
  await second.stop('SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
}
