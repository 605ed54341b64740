/** `npm run chaos -- --faults 64 --seconds 320`: the chaos test at length. */
import { parseArgs } from 'node:util';
import { chaos, chaosLines } from './chaos.ts';

const { values } = parseArgs({
  options: {
    faults: { type: 'string', default: '32' },
    seconds: { type: 'string', default: '160' },
    publishers: { type: 'string', default: '12' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
console.log(`seed ${values.seed}`);
const report = await chaos({
  faults: Number(values.faults),
  seconds: Number(values.seconds),
  publishers: Number(values.publishers),
  seed: Number(values.seed),
  onProgress: (line) => console.log(line),
});
for (const line of chaosLines(report)) console.log(line);
const { changed, twofold, ...received } = report.received;
const wrong = [report.lost, report.outOfOrder, changed, twofold, received.lost, received.outOfOrder].flat();
for (const line of wrong) console.log(`wrong: ${line}`);
const isWhole = wrong.length === 0 && !(500 in report.answers);
process.exitCode = isWhole ? 0 : 1;
