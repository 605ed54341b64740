/** What sources take, signed as GitHub signs, against publishing and against a bare server that only verifies. */
import { application, call } from '../api.ts';
import { measure, type Round, type Subject } from '../measure.ts';
import { type BenchOptions, PUBLISHERS } from '../options.ts';
import { cpuMicros, type Server, startPeer, startServer } from '../processes.ts';
import { heading, median, spread, step, table } from '../report.ts';

const SECRET = 'bench-secret';
const IDLE_LOOK_MS = 500;
const IDLE_LOOKS_MAX = 120;

export async function ingest(options: BenchOptions): Promise<void> {
  heading('Verified ingest');
  await using receiver = await startPeer<{ port: number }>('receiver.ts');
  await using load = await startPeer<unknown>('load.ts');
  await using verifier = await startPeer<{ port: number }>('verifier.ts', [SECRET]);
  await using server = await startServer();
  const target = `http://127.0.0.1:${receiver.hello.port}/`;
  const own = { pids: [server.pid], ports: [server.port] };
  const subjects: Record<string, Subject> = {
    'bare verifier': subjectOf({ pids: [verifier.pid], ports: [verifier.hello.port] }, '/', 0, true),
    publish: published(server, await application(server, 'quiet', []), 0),
    source: subjectOf(own, await source(server, []), 0, true),
    'publish, 1 delivery': published(server, await application(server, 'one', [target]), 1),
    'source, 1 delivery': subjectOf(own, await source(server, [target]), 1, true),
  };
  const peers = { load, receiver };
  const behind: Record<string, number[]> = Object.fromEntries(
    Object.keys(subjects).map((name) => [name, []]),
  );
  const rounds: Record<string, Round[]> = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
  for (let round = 0; round <= options.rounds; round++)
    for (const [name, subject] of Object.entries(subjects)) {
      step(`round ${round}/${options.rounds}: ${name}`);
      const count = round === 0 ? options.events / 2 : options.events;
      const measured = await measure(subject, peers, { count, rate: null });
      // What is left to do behind the answers is that round's, not the next one's.
      const left = await untilIdle(subject.pids[0]!);
      if (round === 0) continue;
      rounds[name]!.push(measured);
      behind[name]!.push(left / count);
    }
  print(rounds, behind);
}

function subjectOf(
  { pids, ports }: { pids: readonly number[]; ports: readonly number[] },
  path: string,
  fanOut: number,
  isSigned: boolean,
): Subject {
  const order = { ports, paths: [path], token: null, wrap: false, publishers: PUBLISHERS };
  return { pids, fanOut, order: { ...order, githubSecret: isSigned ? SECRET : null } };
}

function published(server: Server, path: string, fanOut: number): Subject {
  const order = {
    ports: [server.port],
    paths: [path],
    token: server.token,
    wrap: true,
    publishers: PUBLISHERS,
  };
  return { pids: [server.pid], fanOut, order: { ...order, githubSecret: null } };
}

/** A GitHub source whose events go to these URLs; the path to send to. */
async function source(server: Server, urls: readonly string[]): Promise<string> {
  const body = { name: 'bench', provider: 'github', secrets: [SECRET] };
  const { id, url } = await call<{ id: string; url: string }>(server, 'POST', '/source', body);
  const destinations: string[] = [];
  for (const each of urls) {
    const made = await call<{ id: string }>(server, 'POST', '/destination', { url: each });
    destinations.push(made.id);
  }
  if (urls.length > 0) await call(server, 'POST', '/flow', { name: 'bench', sources: [id], destinations });
  return new URL(url).pathname;
}

/** CPU µs that a process uses until it does next to nothing: the search index is filled behind the intake. */
async function untilIdle(pid: number): Promise<number> {
  const started = cpuMicros(pid);
  for (let looks = 0; looks < IDLE_LOOKS_MAX; looks++) {
    const before = cpuMicros(pid);
    await new Promise((resolve) => setTimeout(resolve, IDLE_LOOK_MS));
    if (cpuMicros(pid) - before <= IDLE_LOOK_MS * 1000 * 0.05) break;
  }
  return cpuMicros(pid) - started;
}

function print(rounds: Record<string, Round[]>, behind: Record<string, number[]>): void {
  const names = Object.keys(rounds);
  table(
    ['', 'events/s', 'CPU µs per event', 'behind the answers', 'peak MB'],
    names.map((name) => [
      name,
      spread(rounds[name]!.map((round) => round.eventsPerSecond)),
      spread(
        rounds[name]!.map((round) => round.cpuMicrosPerEvent),
        1,
      ),
      spread(behind[name]!, 1),
      Math.max(...rounds[name]!.map((round) => round.peakMb)).toFixed(0),
    ]),
  );
  console.log();
  ratio(rounds, 'source', 'publish', 0.9);
  ratio(rounds, 'source, 1 delivery', 'publish, 1 delivery', 0.9);
  ratio(rounds, 'source', 'bare verifier', 0.5);
}

function ratio(rounds: Record<string, Round[]>, own: string, other: string, aim: number): void {
  const ratios = rounds[own]!.map((round, at) => round.eventsPerSecond / rounds[other]![at]!.eventsPerSecond);
  console.log(
    `Events per second, ${own} / ${other}: ${spread(ratios, 2)} (aim ≥ ${aim}; median ${median(ratios).toFixed(2)}).`,
  );
}
