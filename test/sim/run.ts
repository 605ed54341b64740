/**
 * The simulation from the command line:
 *
 *   npm run sim -- --seeds 10000 [--from 1]     many seeds; stops at nothing, prints each that fails
 *   SIM_SEED=123 npm run sim                    one seed, with its whole trace
 *   … -- --cluster                              several nodes on one store
 */
import { parseArgs } from 'node:util';
import { reportOf, runSeed } from './run-seed.ts';

const PROGRESS_MS = 1_000;

const { values } = parseArgs({
  options: { seeds: { type: 'string' }, from: { type: 'string' }, cluster: { type: 'boolean' } },
});
const isCluster = values.cluster === true;

async function runOne(seed: number): Promise<boolean> {
  const result = await runSeed({ seed, isCluster });
  for (const line of result.trace) console.log(line);
  console.log(reportOf(result));
  return result.violations.length === 0;
}

async function runMany(from: number, seeds: number): Promise<boolean> {
  const totals = { accepted: 0, sends: 0, deaths: 0, repeats: 0, fenced: 0, broken: [] as number[] };
  let toldAt = performance.now();
  for (let seed = from; seed < from + seeds; seed++) {
    const result = await runSeed({ seed, isCluster });
    totals.accepted += result.accepted;
    totals.sends += result.sends;
    totals.deaths += result.deaths;
    totals.repeats += result.repeats;
    totals.fenced += result.fenced;
    if (result.violations.length > 0) {
      totals.broken.push(seed);
      console.log(reportOf(result));
    }
    if (process.stderr.isTTY && performance.now() - toldAt > PROGRESS_MS) {
      toldAt = performance.now();
      process.stderr.write(`\r${seed - from + 1} of ${seeds} seeds, ${totals.broken.length} failed`);
    }
  }
  console.log(
    `\n${seeds} seeds: ${totals.accepted} events accepted, ${totals.sends} requests, ${totals.deaths} deaths, ` +
      `${totals.repeats} requests repeated, ${totals.fenced} results refused, ${totals.broken.length} seeds failed`,
  );
  if (totals.broken.length > 0) console.log(`failed: ${totals.broken.slice(0, 50).join(' ')}`);
  return totals.broken.length === 0;
}

const one = process.env.SIM_SEED;
const passed =
  one === undefined
    ? await runMany(Number(values.from ?? 1), Number(values.seeds ?? 1_000))
    : await runOne(Number(one));
process.exitCode = passed ? 0 : 1;
