/** `npm run test:pg15`: the tests that use PostgreSQL, on Debian's version 15. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const BIN = '/usr/lib/postgresql/15/bin';
const FILES = ['src/storage/postgres/**/*.test.ts', 'test/**/*{postgres,cluster}*.test.ts'];

if (!existsSync(`${BIN}/postgres`)) {
  console.error(
    `posthorn: ${BIN} is missing; on Debian 12 run "apt-get install postgresql-15" and try again.`,
  );
  process.exit(1);
}
const { status } = spawnSync(process.execPath, ['--test', ...FILES], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  env: { ...process.env, POSTHORN_TEST_POSTGRES_BIN: BIN },
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
