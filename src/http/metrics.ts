/**
 * `/metrics`: what an operator watches. Labels come from fixed sets (route templates, status classes, outcome kinds),
 * never from callers, so the number of series is bounded.
 */

import { collectDefaultMetrics, Registry } from 'prom-client';
import { Problem } from '../core/problem.ts';
import type { EngineMetrics } from '../engine/engine.ts';
import type { Storage } from '../ports/storage.ts';
import { histogram, type Labels, type Observer, sampled } from './bucket-counts.ts';

export interface Metrics {
  /** Counters of one route; call once per route. */
  route(method: string, template: string): RouteMetrics;
  render(): Promise<string>;
  readonly contentType: string;
}

export interface RouteMetrics {
  answered(status: number, durationMs: number): void;
}

export function createMetrics(parts: {
  readonly engine: { readonly metrics: EngineMetrics };
  readonly storage: Storage;
}): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  addEngineMetrics(registry, parts.engine.metrics);
  addStoreMetrics(registry, parts.storage);
  const requests: RequestCount[] = [];
  sampled(
    registry,
    {
      name: 'posthorn_http_requests_total',
      help: 'Requests answered, by route and status class.',
      type: 'counter',
    },
    () => requests.flatMap(requestSamples),
  );
  const durations = histogram(
    registry,
    'posthorn_http_request_duration_seconds',
    'Time from headers to answer.',
  );
  const route = (method: string, template: string): RouteMetrics => {
    const count: RequestCount = { method, route: template, byClass: [0, 0, 0, 0, 0, 0] };
    requests.push(count);
    const observer = durations.labels({ method, route: template });
    return {
      answered: (status, durationMs) => {
        count.byClass[Math.min(5, Math.floor(status / 100))]!++;
        observer.observe(durationMs / 1000);
      },
    };
  };
  return {
    route,
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

interface RequestCount {
  readonly method: string;
  readonly route: string;
  /** Index = status / 100. */
  readonly byClass: number[];
}

function requestSamples(count: RequestCount): { labels: Labels; value: number }[] {
  return count.byClass
    .map((value, status) => ({
      labels: { method: count.method, route: count.route, status: `${status}xx` },
      value,
    }))
    .filter((sample) => sample.value > 0);
}

function addEngineMetrics(registry: Registry, engine: EngineMetrics): void {
  const single = (name: string, type: 'counter' | 'gauge', help: string, read: () => number): void =>
    sampled(registry, { name: `posthorn_${name}`, help, type }, () => [{ labels: {}, value: read() }]);
  const byKind = (name: string, help: string, label: string, read: () => ReadonlyMap<string, number>): void =>
    sampled(registry, { name: `posthorn_${name}`, help, type: 'counter' }, () =>
      [...read()].map(([kind, value]) => ({ labels: { [label]: kind }, value })),
    );
  single('events_accepted_total', 'counter', 'Events stored and answered.', () => engine.eventsAccepted);
  single('events_received_total', 'counter', 'Events that sources took in.', () => engine.eventsReceived);
  single(
    'events_received_twice_total',
    'counter',
    'Calls that were known already, and answered with the event that they had made.',
    () => engine.receivedTwice,
  );
  byKind('rejections_total', 'Calls that sources refused.', 'reason', () => engine.rejectedByReason);
  single(
    'search_lag_seconds',
    'gauge',
    'Age of the oldest received event that was not indexed yet at the last look.',
    () => engine.indexLagMs / 1000,
  );
  byKind('attempts_total', 'Attempts made, by outcome.', 'outcome', () => engine.attemptsByOutcome);
  byKind(
    'deliveries_settled_total',
    'Deliveries settled, by state.',
    'state',
    () => engine.deliveriesSettled,
  );
  single('attempts_in_flight', 'gauge', 'Attempts running now.', () => engine.inFlight);
  single('lanes', 'gauge', 'Destinations with unsettled deliveries.', () => engine.lanes);
  single('lanes_blocked', 'gauge', 'Lanes behind an open circuit or a throttle.', () => engine.lanesBlocked);
  single('shards_held', 'gauge', 'Shards of the cluster that this node works on.', () => engine.shardsHeld);
  single('held_deliveries', 'gauge', 'Deliveries held in memory.', () => engine.heldInMemory);
  single('held_bytes', 'gauge', 'Payload bytes held in memory.', () => engine.heldBytes);
  listenToAttempts(registry, engine);
}

function listenToAttempts(registry: Registry, engine: EngineMetrics): void {
  const durations = histogram(
    registry,
    'posthorn_attempt_duration_seconds',
    'Time of one attempt, by outcome.',
  );
  const firstDelay = histogram(
    registry,
    'posthorn_first_attempt_delay_seconds',
    'Time from acceptance to the end of the first attempt.',
  ).labels({});
  const byOutcome = new Map<string, Observer>();
  engine.onAttempt = (attempt) => {
    let observer = byOutcome.get(attempt.outcome);
    if (observer === undefined) {
      observer = durations.labels({ outcome: attempt.outcome });
      byOutcome.set(attempt.outcome, observer);
    }
    observer.observe(attempt.durationMs / 1000);
    if (attempt.first) firstDelay.observe(attempt.sinceAcceptedMs / 1000);
  };
}

function addStoreMetrics(registry: Registry, storage: Storage): void {
  let stats: ReturnType<Storage['upkeep']['stats']> | null = null;
  // Both gauges of one scrape read the same statistics.
  const read = (): ReturnType<Storage['upkeep']['stats']> => {
    if (stats === null) {
      const asked = storage.upkeep.stats();
      stats = asked;
      const clear = (): void => {
        stats = null;
      };
      asked.then(clear, clear);
    }
    return stats;
  };
  sampled(registry, { name: 'posthorn_store_bytes', help: 'Size of the store.', type: 'gauge' }, () =>
    unlessAway(async () => [{ labels: {}, value: (await read()).bytes }]),
  );
  sampled(
    registry,
    {
      name: 'posthorn_deliveries_unsettled',
      help: 'Deliveries queued or waiting for a retry.',
      type: 'gauge',
    },
    () => unlessAway(async () => [{ labels: {}, value: (await read()).unsettledDeliveries }]),
  );
}

/** While the store is away its numbers are left out: the others say the more. */
async function unlessAway<T>(sample: () => Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await sample();
  } catch (cause) {
    if (cause instanceof Problem && cause.code === 'unavailable') return [];
    throw cause;
  }
}
