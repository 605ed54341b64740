/**
 * The chaos test: nodes under load while nodes and their database are killed and paused at random moments. Every event
 * that was answered with 202 must arrive, and those of a key in the order of their acceptance; duplicates and late ones
 * are counted, because delivery is at least once and takes as long as a fault lasts. The same goes for calls of a source.
 */
import { startReceiver } from '../support/receiver.ts';
import { SeededDice } from '../support/seeded-dice.ts';
import { type Books, booksOf, CALLED_SOURCE, type Callers, startCallers } from './callers.ts';
import { startCluster, type TestCluster, until } from './cluster.ts';
import { type FaultKind, inflict } from './faults.ts';
import { type Balance, startTraffic } from './traffic.ts';

export interface ChaosOptions {
  readonly faults: number;
  /** Over which the faults are spread. */
  readonly seconds: number;
  readonly publishers: number;
  /** Repeats the faults, not how the processes meet them. */
  readonly seed: number;
  readonly onProgress: (line: string) => void;
}

export interface ChaosReport extends Balance {
  readonly faults: Readonly<Record<FaultKind, number>>;
  /** Of the calls of a source. */
  readonly received: Books & { readonly answered: number };
  /** What nodes logged as errors in the end, except that they refused requests. */
  readonly errors: readonly string[];
}

const NODES = 3;
const APPLICATIONS = 16;
const KEYS = 6;
const CALLERS = 4;
const PAUSE_MS = 20;
const REFUSED_SHARE = 0.03;
const DRAIN_MS_MAX = 90_000;
const ERROR_CHARS_SHOWN = 1_000;

export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  await using cluster = await startCluster({ nodes: NODES, durable: true });
  await cluster.settled();
  await using traffic = await startTraffic({
    urls: cluster.nodes.map(({ url }) => url),
    token: cluster.token,
    applications: APPLICATIONS,
    publishers: options.publishers,
    keys: KEYS,
    pauseMs: PAUSE_MS,
    refusedShare: REFUSED_SHARE,
  });
  await using receiver = await startReceiver();
  await using callers = await callSource(cluster, receiver.url);
  const onFault = (line: string): void => options.onProgress(`${line}; ${traffic.accepted} accepted so far`);
  const faults = await inflict(cluster, { ...options, dice: new SeededDice(options.seed), onFault });
  await callers.stop();
  const balance = await traffic.finish(DRAIN_MS_MAX);
  const books = (): Books => booksOf(callers.answered, receiver.requests);
  // What does not is told in the report.
  await until('all arrives', () => books().lost.length === 0, DRAIN_MS_MAX).catch(() => {});
  const received = { ...books(), answered: callers.answered.length };
  const errors = cluster.nodes.flatMap(({ log }) => log.split('\n').filter(isError));
  return { ...balance, faults, received, errors };
}

/** Callers of a source whose events go to this URL, in the order of each caller. */
async function callSource(cluster: TestCluster, url: string): Promise<Callers> {
  const made = (path: string, body: object) =>
    cluster.ok<{ id: string; url: string }>(0, 'POST', `/api/v1/${path}`, body);
  const source = await made('source', { name: 'called', ...CALLED_SOURCE });
  const destination = await made('destination', { url, ordering: { scope: 'key' } });
  await made('flow', { name: 'all', sources: [source.id], destinations: [destination.id] });
  const urls = cluster.nodes.map((node) => node.url + new URL(source.url).pathname);
  return startCallers({ urls, callers: CALLERS, pauseMs: PAUSE_MS });
}

const isError = (line: string): boolean =>
  line.startsWith('{"level":50') && !line.includes('"event":"operation.refused"');

/** For people, a line each. */
export function chaosLines(report: ChaosReport): readonly string[] {
  const answers = Object.entries(report.answers).map(([status, count]) =>
    status === '0' ? `no answer: ${count}` : `${status}: ${count}`,
  );
  return [
    `faults: ${Object.entries(report.faults)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(', ')}`,
    `answers to publishers: ${answers.join(', ')}`,
    `${report.accepted} events accepted, ${report.arrived} arrived, ${report.lost.length} deliveries lost, ${report.duplicated} duplicated, ${report.late} late (over 5 s), longest wait ${(report.longestWaitMs / 1000).toFixed(1)} s`,
    `${report.received.answered} calls of a source answered, ${report.received.lost.length} lost, ${report.received.repeated} deliveries repeated`,
    `order per key: ${report.outOfOrder.length === 0 ? 'kept' : `broken: ${report.outOfOrder.join('; ')}`}`,
    ...report.errors.map((line) => line.slice(0, ERROR_CHARS_SHOWN)),
  ];
}
