/**
 * Counters and histograms that cost an array increment. prom-client's own hash their labels on every observation
 * (about 1 µs, which a hot route would feel); these know their label sets beforehand and render when scraped.
 */
import type { Registry } from 'prom-client';

export type Labels = Readonly<Record<string, string>>;

/** A sample as prom-client's registry renders it. */
interface Sample {
  readonly metricName?: string;
  readonly labels: Labels;
  readonly value: number;
}

/** Seconds, from what a cached answer takes to what a person gives up on. */
const BUCKET_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** One label set of a histogram. */
export interface Observer {
  observe(seconds: number): void;
}

export interface HistogramFamily {
  /** Call once per label set and keep the observer. */
  labels(labels: Labels): Observer;
}

interface Series extends Observer {
  readonly labels: Labels;
  readonly counts: number[];
  sum: number;
}

export function histogram(registry: Registry, name: string, help: string): HistogramFamily {
  const series: Series[] = [];
  register(registry, { name, help, type: 'histogram' }, () =>
    series.flatMap((one) => histogramSamples(name, one)),
  );
  return {
    labels(labels) {
      const made = newSeries(labels);
      series.push(made);
      return made;
    },
  };
}

function newSeries(labels: Labels): Series {
  const counts = new Array<number>(BUCKET_SECONDS.length + 1).fill(0);
  return {
    labels,
    counts,
    sum: 0,
    observe(seconds) {
      let bucket = 0;
      while (bucket < BUCKET_SECONDS.length && seconds > BUCKET_SECONDS[bucket]!) bucket++;
      counts[bucket]!++;
      this.sum += seconds;
    },
  };
}

function histogramSamples(name: string, series: Series): Sample[] {
  const total = series.counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return [];
  let cumulative = 0;
  const buckets = BUCKET_SECONDS.map((limit, index) => {
    cumulative += series.counts[index]!;
    return {
      metricName: `${name}_bucket`,
      labels: { ...series.labels, le: String(limit) },
      value: cumulative,
    };
  });
  return [
    ...buckets,
    { metricName: `${name}_bucket`, labels: { ...series.labels, le: '+Inf' }, value: total },
    { metricName: `${name}_sum`, labels: series.labels, value: series.sum },
    { metricName: `${name}_count`, labels: series.labels, value: total },
  ];
}

/** A counter or gauge whose samples are read when scraped. */
export function sampled(
  registry: Registry,
  metric: { readonly name: string; readonly help: string; readonly type: 'counter' | 'gauge' },
  samples: () => readonly Sample[] | Promise<readonly Sample[]>,
): void {
  register(registry, metric, samples);
}

function register(
  registry: Registry,
  metric: { readonly name: string; readonly help: string; readonly type: string },
  samples: () => readonly Sample[] | Promise<readonly Sample[]>,
): void {
  const face = { ...metric, get: async () => ({ ...metric, values: await samples(), aggregator: 'sum' }) };
  // The registry asks of a metric only its name and `get`; its types want prom-client's own classes.
  registry.registerMetric(face as unknown as Parameters<Registry['registerMetric']>[0]);
}
