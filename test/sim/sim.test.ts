import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALL_SHARDS, ScriptedCluster } from '../support/scripted-cluster.ts';
import { reportOf, runSeed, type SeedResult } from './run-seed.ts';
import {
  dropsDeliveries,
  forgetsHealth,
  forgetsKeys,
  forgetsOutcomes,
  garblesPayloads,
  hurriesRetries,
  type Sabotage,
  turnsLinesAround,
} from './sabotage.ts';

const SEEDS = 250;
const SHARED_SEEDS = 60;
/** A sabotaged run may never come to rest; it is given up early. */
const SABOTAGED_INSTANTS_MAX = 4_000;
const SABOTAGED_SEEDS_MAX = 40;

test('every promise is kept under some hundreds of seeds of failing disks, networks and processes', async () => {
  const totals = { accepted: 0, sends: 0, deaths: 0, repeats: 0 };
  const failed: SeedResult[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const result = await runSeed({ seed });
    totals.accepted += result.accepted;
    totals.sends += result.sends;
    totals.deaths += result.deaths;
    totals.repeats += result.repeats;
    if (result.violations.length > 0) failed.push(result);
  }
  assert.equal(failed.length, 0, failed.slice(0, 3).map(reportOf).join('\n\n'));
  // The seeds do put the engine to the test: it died, often in the middle of a request.
  assert.ok(totals.accepted > SEEDS * 10 && totals.sends > totals.accepted, JSON.stringify(totals));
  assert.ok(totals.deaths > SEEDS / 2 && totals.repeats > 50, JSON.stringify(totals));
});

test('a node of a store that others may write keeps them too, but for rates, which it leases by the quarter second', async () => {
  const failed: SeedResult[] = [];
  for (let seed = 1; seed <= SHARED_SEEDS; seed++) {
    const cluster = new ScriptedCluster();
    const share: Sabotage = (store) => cluster.storage(store, cluster.node(ALL_SHARDS));
    const result = await runSeed({ seed, sabotage: share });
    const violations = result.violations.filter(({ promise }) => promise !== 'a rate is never exceeded');
    if (violations.length > 0) failed.push({ ...result, violations });
  }
  assert.equal(failed.length, 0, failed.slice(0, 3).map(reportOf).join('\n\n'));
});

test('a seed makes the same things happen each time', async () => {
  for (const seed of [2, 3]) {
    assert.deepEqual((await runSeed({ seed })).trace, (await runSeed({ seed })).trace);
  }
});

const SABOTAGES: readonly (readonly [name: string, sabotage: Sabotage, promise: string])[] = [
  ['deliveries are dropped', dropsDeliveries, 'an accepted event is never lost'],
  ['outcomes are forgotten', forgetsOutcomes, 'a settled delivery is not sent again'],
  ['idempotency keys are forgotten', forgetsKeys, 'a repeated publish is one event'],
  ['lines are turned around', turnsLinesAround, 'order holds where it is promised'],
  ['retries are hurried', hurriesRetries, 'no attempt before its due time'],
  ['payloads are garbled', garblesPayloads, 'payloads are kept byte for byte'],
  ['health is forgotten', forgetsHealth, 'an open circuit lets nothing through'],
];

for (const [name, sabotage, promise] of SABOTAGES) {
  test(`the simulation notices when ${name}`, async () => {
    const noticed = await firstToNotice(sabotage, promise);
    assert.ok(noticed !== null, `no seed noticed that "${promise}" is broken`);
    const report = reportOf(noticed);
    assert.match(report, new RegExp(`SIM_SEED=${noticed.seed} npm run sim`));
  });
}

async function firstToNotice(sabotage: Sabotage, promise: string): Promise<SeedResult | null> {
  for (let seed = 1; seed <= SABOTAGED_SEEDS_MAX; seed++) {
    const result = await runSeed({ seed, sabotage, instantsMax: SABOTAGED_INSTANTS_MAX });
    if (result.violations.some((violation) => violation.promise === promise)) return result;
  }
  return null;
}
