import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../support/source-files.ts';

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('without a server the example says in one sentence what to start', async () => {
  const env = { ...process.env, POSTHORN_URL: `http://127.0.0.1:${await closedPort()}` };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'examples/quick-start.ts')], {
    env,
    encoding: 'utf8',
  });
  assert.deepEqual([status, stdout], [1, '']);
  assert.match(stderr, /^No server answers at [^\n]+ npm start[^\n]+\n$/);
});
