/** One round of load against one subject: throughput, CPU per event, latency from the 202 to the arrival. */
import type { LoadOrder, LoadReport } from './load.ts';
import { cpuMicros, memoryMb, type Peer } from './processes.ts';

export interface Round {
  readonly deliveries: number;
  readonly eventsPerSecond: number;
  readonly deliveriesPerSecond: number;
  readonly cpuMicrosPerEvent: number;
  readonly cpuMicrosPerDelivery: number;
  /** Ms from the 202, as the publisher saw it, to the arrival; one per event (its first delivery). */
  readonly latencies: readonly number[];
  readonly refused: number;
  /** Of the largest process. */
  readonly peakMb: number;
}

export interface Subject {
  readonly pids: readonly number[];
  /** Deliveries that each event makes. */
  readonly fanOut: number;
  readonly order: Omit<LoadOrder, 'count' | 'rate'>;
}

const DRAIN_MS_MAX = 15_000;

export async function measure(
  subject: Subject,
  peers: { load: Peer; receiver: Peer },
  options: { count: number; rate: number | null },
): Promise<Round> {
  await peers.receiver.ask({ ask: 'reset', size: options.count });
  const cpuBefore = cpuOf(subject);
  const started = performance.now();
  const report = await peers.load.ask<LoadReport>({ ...subject.order, ...options });
  const expected = (options.count - report.refused) * subject.fanOut;
  const arrived = await drained(peers.receiver, expected);
  const drainedMs = performance.now() - started;
  const cpu = cpuOf(subject) - cpuBefore;
  const { arrivals } = await peers.receiver.ask<{ arrivals: Float64Array }>({ ask: 'arrivals' });
  const accepted = options.count - report.refused;
  return {
    deliveries: arrived,
    eventsPerSecond: (accepted / report.wallMs) * 1000,
    deliveriesPerSecond: (arrived / drainedMs) * 1000,
    cpuMicrosPerEvent: cpu / accepted,
    cpuMicrosPerDelivery: cpu / arrived,
    latencies: latenciesOf(report.answered, arrivals),
    refused: report.refused,
    peakMb: Math.max(...subject.pids.map((pid) => memoryMb(pid).peak)),
  };
}

function cpuOf({ pids }: Subject): number {
  return pids.reduce((sum, pid) => sum + cpuMicros(pid), 0);
}

function latenciesOf(answered: Float64Array, arrivals: Float64Array): number[] {
  const latencies: number[] = [];
  answered.forEach((at, n) => {
    // A delivery may arrive before its publisher has read the 202: that is a latency of nothing.
    if (at > 0 && arrivals[n]! > 0) latencies.push(Math.max(0, arrivals[n]! - at));
  });
  return latencies;
}

async function drained(receiver: Peer, expected: number): Promise<number> {
  const deadline = performance.now() + DRAIN_MS_MAX;
  for (;;) {
    const { count } = await receiver.ask<{ count: number }>({ ask: 'count' });
    if (count >= expected) return count;
    if (performance.now() > deadline) throw new Error(`only ${count} of ${expected} deliveries arrived`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
