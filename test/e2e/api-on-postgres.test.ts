/** The tests of the API's operations once more, on a database instead of a file: same API, same behaviour. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { ROOT } from '../support/source-files.ts';

test('every operation behaves on PostgreSQL as it does on SQLite', { timeout: 400_000 }, async () => {
  // Without the marks of the run that this test is part of, else the runner believes it is one of its files.
  const { NODE_TEST_CONTEXT: _, ...own } = process.env;
  const child = spawn(
    process.execPath,
    ['--test', '--test-reporter=spec', 'src/http/operations/**/*.test.ts', 'src/http/server.test.ts'],
    { cwd: ROOT, env: { ...own, POSTHORN_TEST_STORE: 'postgresql' }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let said = '';
  child.stdout.on('data', (chunk) => (said += chunk));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  assert.equal(exitCode, 0, said.slice(said.indexOf('failing tests')));
  const passed = Number(/^ℹ pass (\d+)/m.exec(said)?.[1] ?? 0);
  assert.ok(passed > 200, `only ${passed} tests ran`);
  console.log(`${passed} tests of operations passed on PostgreSQL.`);
});
