/** Runs one seed from an empty store to rest, and holds it to every promise. */
import type { Attempt } from '../../src/core/delivery/delivery.ts';
import type { Storage } from '../../src/ports/storage.ts';
import { openSqlite } from '../../src/storage/sqlite/open.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { CHECKS } from './checks/index.ts';
import { countRepeats } from './checks/not-sent-again.ts';
import { makeClusterScenario } from './cluster/cluster-scenario.ts';
import type { ClusterSabotage } from './cluster/sabotage.ts';
import type { Facts, Violation } from './facts.ts';
import { makeScenario } from './scenario.ts';
import { type FinalState, storyKey, tellStories } from './story.ts';
import { World } from './world.ts';

const ATTEMPTS_PAGE = 200;
/** Lines of the trace that are printed with a violation. */
const TRACE_LINES = 40;

export interface SeedResult {
  readonly seed: number;
  readonly isCluster: boolean;
  readonly violations: readonly Violation[];
  readonly trace: readonly string[];
  readonly accepted: number;
  readonly sends: number;
  readonly deaths: number;
  /** Requests that were made again because their process died before it recorded them. */
  readonly repeats: number;
  /** Results that were refused because their sender's membership had ended. */
  readonly fenced: number;
}

export interface SeedOptions {
  readonly seed: number;
  /** Breaks something on purpose, to see that a check notices. */
  readonly sabotage?: (store: Storage) => Storage;
  readonly instantsMax?: number;
  /** Several nodes on one store. */
  readonly isCluster?: boolean;
  readonly clusterSabotage?: ClusterSabotage;
}

export async function runSeed(options: SeedOptions): Promise<SeedResult> {
  const { seed, sabotage, instantsMax, isCluster = false, clusterSabotage } = options;
  const scenario = isCluster ? makeClusterScenario(seed) : makeScenario(seed);
  const clock = new FakeClock();
  const store = await openSqlite({ path: ':memory:', form: 'inline', clock, log: SILENT });
  const world = new World({
    scenario,
    store: sabotage === undefined ? store : sabotage(store),
    clock,
    ...(instantsMax === undefined ? {} : { instantsMax }),
    ...(clusterSabotage === undefined ? {} : { sabotage: clusterSabotage }),
  });
  const { facts } = world.journal;
  const violations: Violation[] = [];
  try {
    await world.run();
    violations.push(...(await restViolations(world, store)));
    const stories = tellStories(facts);
    const final = await readFinalState(store, facts);
    const evidence = { scenario, startedAt: world.begunAt, facts, stories, final };
    violations.push(...CHECKS.flatMap((check) => check(evidence)));
    await world.close();
    if (world.unrest !== null && violations.length === 0) {
      violations.push({ promise: 'an orderly stop comes to an end', detail: world.unrest, about: [] });
    }
  } catch (cause) {
    const detail = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    violations.push({ promise: 'nothing but a Problem is thrown', detail, about: [] });
  } finally {
    await store.upkeep.close();
  }
  return {
    seed,
    isCluster,
    violations,
    trace: world.journal.lines,
    accepted: facts.accepts.length,
    sends: facts.sends.length,
    deaths: facts.deaths.length,
    repeats: countRepeats(tellStories(facts)),
    fenced: facts.fenced.length,
  };
}

/** What a failing seed prints: the promises, the lines that concern the first one, and how to run it again. */
export function reportOf({ seed, isCluster, violations, trace }: SeedResult): string {
  const first = violations[0];
  if (first === undefined) return `seed ${seed}: every promise was kept`;
  const about =
    first.about.length === 0
      ? trace
      : trace.filter((line) => first.about.some((word) => line.includes(word)));
  const lines = about.filter(
    (_, index) => index < TRACE_LINES / 2 || index >= about.length - TRACE_LINES / 2,
  );
  return [
    `seed ${seed} broke ${violations.length} promises`,
    ...violations
      .slice(0, 8)
      .map(({ promise, detail, about: words }) => `  ${promise}: ${detail} (${words.join(' ')})`),
    'trace (order, time, process):',
    ...lines.map((line) => `  ${line}`),
    `run it again: SIM_SEED=${seed} npm run sim${isCluster ? ' -- --cluster' : ''}`,
  ].join('\n');
}

async function restViolations(world: World, store: Storage): Promise<Violation[]> {
  if (world.unrest !== null)
    return [{ promise: 'everything is settled in the end', detail: world.unrest, about: [] }];
  const found: Violation[] = [];
  const lanes = await store.queue.lanes(null, 100, null);
  const stats = await store.upkeep.stats();
  if (stats.unsettledDeliveries > 0 || lanes.length > 0) {
    const detail = `the hot table holds ${stats.unsettledDeliveries} deliveries in ${lanes.length} lanes`;
    found.push({ promise: 'the hot table is empty in the end', detail, about: [] });
  }
  for (const [node, { heldInMemory, heldBytes, inFlight }] of world.metricsAtRest.entries()) {
    if (heldInMemory === 0 && heldBytes === 0 && inFlight === 0) continue;
    const detail = `node ${node} has ${heldInMemory} deliveries, ${heldBytes} bytes held and ${inFlight} in flight`;
    found.push({ promise: 'what was held is let go', detail, about: [] });
  }
  return found;
}

async function readFinalState(store: Storage, facts: Facts): Promise<FinalState> {
  const states = new Map<string, string>();
  const attempts = new Map<string, Attempt[]>();
  for (const { acceptance } of facts.accepts) {
    const { organization, event } = acceptance;
    const scope = { organization, applicationId: event.applicationId };
    for (const state of await store.history.listDestinationStates(scope, event.id)) {
      states.set(storyKey(event.id, state.destinationId), state.status);
    }
    for (let after: string | null = null; ; ) {
      const page = await store.history.listAttempts(
        scope,
        { eventId: event.id },
        { after, direction: 'ascending', limit: ATTEMPTS_PAGE },
      );
      for (const { attempt } of page) {
        const key = storyKey(event.id, attempt.destinationId);
        attempts.set(key, [...(attempts.get(key) ?? []), attempt]);
      }
      if (page.length < ATTEMPTS_PAGE) break;
      after = page.at(-1)!.attempt.id;
    }
  }
  return { states, attempts };
}

const SILENT = { info: () => {}, warn: () => {}, error: () => {} };
