/** `npm run crash -- --kills 100`: the crash test at length. */
import { parseArgs } from 'node:util';
import { crash } from './crash.ts';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '100' }, publishers: { type: 'string', default: '32' } },
});
const report = await crash({
  kills: Number(values.kills),
  publishers: Number(values.publishers),
  onProgress: (line) => console.log(line),
});
console.log(
  `${report.accepted} accepted, ${report.arrived} arrived, ${report.lost.length} lost, ${report.duplicates} duplicates in ${report.kills} kills`,
);
process.exitCode = report.lost.length === 0 ? 0 : 1;
