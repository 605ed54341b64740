/** `npm test`'s last step. Many tests wait for clocks and processes, so there are always two files under way. */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

const atOnce = Math.max(2, availableParallelism() - 1);
const { status } = spawnSync(
  process.execPath,
  ['--test', `--test-concurrency=${atOnce}`, 'src/**/*.test.ts', 'test/**/*.test.ts'],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1;
