import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ClusterSabotage,
  goesOnAfterGivingUp,
  trustsItsLease,
  wakesNobody,
} from './cluster/sabotage.ts';
import { reportOf, runSeed, type SeedResult } from './run-seed.ts';

const SEEDS = 30;
/** A sabotaged run may never come to rest; it is given up early. */
const SABOTAGED_INSTANTS_MAX = 8_000;
const SABOTAGED_SEEDS_MAX = 60;

test('nodes that die, pause, lose touch, leave and join keep every promise between them', async () => {
  const totals = { accepted: 0, sends: 0, deaths: 0, repeats: 0, fenced: 0 };
  const failed: SeedResult[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const result = await runSeed({ seed, isCluster: true });
    for (const each of Object.keys(totals) as (keyof typeof totals)[]) totals[each] += result[each];
    if (result.violations.length > 0) failed.push(result);
  }
  assert.equal(failed.length, 0, failed.slice(0, 3).map(reportOf).join('\n\n'));
  // The seeds do put the cluster to the test.
  assert.ok(totals.accepted > SEEDS * 10 && totals.sends > totals.accepted, JSON.stringify(totals));
  assert.ok(totals.deaths > SEEDS && totals.repeats > 10 && totals.fenced > 5, JSON.stringify(totals));
});

test('a seed makes the same things happen to a cluster each time', async () => {
  const traceOf = async () => (await runSeed({ seed: 4, isCluster: true })).trace;
  assert.deepEqual(await traceOf(), await traceOf());
});

interface Sabotaged {
  readonly name: string;
  readonly sabotage: ClusterSabotage;
  readonly promise: string;
  /** Where to begin: a seed that noticed when this was written. */
  readonly from: number;
}

const ONE_HOLDER = 'only the holder of a shard works on it';
const SABOTAGES: readonly Sabotaged[] = [
  {
    name: 'what the dead record is kept',
    sabotage: { recordsAfterDeath: true },
    promise: ONE_HOLDER,
    from: 11,
  },
  {
    name: 'a node trusts its lease for ever',
    sabotage: { node: trustsItsLease },
    promise: ONE_HOLDER,
    from: 7,
  },
  {
    name: 'a node goes on after giving up',
    sabotage: { node: goesOnAfterGivingUp },
    promise: ONE_HOLDER,
    from: 1,
  },
  {
    ...{ name: 'rows count as decided too early', sabotage: { decidesTooEarly: true } },
    ...{ promise: 'order holds where it is promised', from: 11 },
  },
  {
    ...{ name: 'notices are lost in silence', sabotage: { losesNotices: true } },
    ...{ promise: 'new work is begun at once', from: 1 },
  },
  {
    ...{ name: 'nodes wake nobody', sabotage: { node: wakesNobody } },
    ...{ promise: 'new work is begun at once', from: 1 },
  },
];

for (const sabotaged of SABOTAGES) {
  test(`the simulation notices when ${sabotaged.name}`, async () => {
    const noticed = await firstToNotice(sabotaged);
    assert.ok(noticed !== null, `no seed noticed that "${sabotaged.promise}" is broken`);
    assert.match(reportOf(noticed), new RegExp(`SIM_SEED=${noticed.seed} npm run sim -- --cluster`));
  });
}

async function firstToNotice({ sabotage, promise, from }: Sabotaged): Promise<SeedResult | null> {
  for (let seed = from; seed < from + SABOTAGED_SEEDS_MAX; seed++) {
    const result = await runSeed({
      ...{ seed, isCluster: true, clusterSabotage: sabotage },
      instantsMax: SABOTAGED_INSTANTS_MAX,
    });
    if (result.violations.some((violation) => violation.promise === promise)) return result;
  }
  return null;
}
