import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';
import { Problem } from '../../../core/problem.ts';

let hub: TestPosthorn;
before(async () => {
  hub = await startPosthorn();
});
after(() => hub.stop());

const ask = (path: string, method = 'GET') => hub.call(method, `/api/v1/health${path}`, { token: null });

test('a healthy server says so without a token, to GET and to HEAD', async () => {
  const ok = { status: 'ok' };
  assert.deepEqual((await ask('')).json, { database: ok, queue: ok, cache: ok });
  assert.deepEqual([(await ask('/ping')).status, (await ask('/ping', 'HEAD')).status], [204, 204]);
  assert.deepEqual([(await ask('', 'HEAD')).status, (await ask('', 'HEAD')).text], [200, '']);
  assert.deepEqual([(await ask('/live')).json, (await ask('/ready')).json], [ok, ok]);
  await hub.sdk.health.get();
});

test('the deep report shows the store and the deliveries', async () => {
  const { json } = await ask('/deep');
  assert.equal(json.status, 'ok');
  assert.equal(typeof json.store.schemaVersion, 'number');
  assert.equal(json.delivery.inFlight, 0);
});

test('with the store gone it stays alive, is not ready, and does not say why', async () => {
  const { upkeep } = hub.storage;
  const ping = upkeep.ping;
  upkeep.ping = () => Promise.reject(new Problem('unavailable', 'disk I/O error'));
  try {
    const report = await ask('');
    assert.deepEqual([report.status, report.json.database.status], [500, 'error']);
    assert.deepEqual(
      [(await ask('/ready')).status, (await ask('/deep')).status, (await ask('/live')).status],
      [503, 503, 200],
    );
    assert.doesNotMatch((await ask('/deep')).text, /disk/);
  } finally {
    upkeep.ping = ping;
  }
});
