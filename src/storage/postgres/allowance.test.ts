import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestCluster } from '../../../test/support/cluster-nodes.ts';
import type { ApplicationId, OrganizationId } from '../../core/ids.ts';

const organization = 'org_1' as OrganizationId;
const application = 'application' as ApplicationId;
const OWNER = { organization, applicationId: application };

async function withApplication(): Promise<TestCluster> {
  const cluster = await TestCluster.start();
  await cluster.query(
    `WITH o AS (
       INSERT INTO organization (id, catalog_version, created_at) VALUES ($1, 1, 0) RETURNING no
     ) INSERT INTO scope (organization_no, application_id) SELECT no, $2 FROM o`,
    [organization, application],
  );
  return cluster;
}

test('three nodes together get no more than the rate and one bucket, and nearly all of it', async () => {
  await using cluster = await withApplication();
  const nodes = ['a', 'b', 'c'].map((name) => cluster.open(name));
  const perSecond = 200;
  const beganAt = performance.now();
  let granted = 0;
  const taking = nodes.map(async (node) => {
    while (performance.now() - beganAt < 2_000) {
      const took = await node.cluster.takeTokens(OWNER, { perSecond, wanted: 7 });
      granted += took.granted;
      assert.ok(took.granted <= 7);
      if (took.granted === 0) {
        assert.ok(took.waitMs > 0 && took.waitMs <= 1_000 / perSecond);
        await sleep(took.waitMs);
      }
    }
  });
  await Promise.all(taking);
  const tookMs = performance.now() - beganAt;
  const most = perSecond + (perSecond * tookMs) / 1_000;
  assert.ok(granted <= most, `${granted} granted in ${tookMs} ms`);
  assert.ok(granted > perSecond * 2, `${granted} granted in ${tookMs} ms`);
});

test('a bucket holds a second’s worth, also when the rate is lowered', async () => {
  await using cluster = await withApplication();
  const { takeTokens } = cluster.open('a').cluster;
  assert.deepEqual(await takeTokens(OWNER, { perSecond: 1_000, wanted: 10 }), { granted: 10, waitMs: 0 });
  assert.deepEqual(await takeTokens(OWNER, { perSecond: 2, wanted: 10 }), { granted: 2, waitMs: 0 });
  const { granted, waitMs } = await takeTokens(OWNER, { perSecond: 2, wanted: 10 });
  assert.equal(granted, 0);
  assert.ok(waitMs > 0 && waitMs <= 500);
});

test('an application that is gone gets nothing', async () => {
  await using cluster = await withApplication();
  const { takeTokens } = cluster.open('a').cluster;
  await takeTokens(OWNER, { perSecond: 5, wanted: 1 });
  await cluster.query('DELETE FROM scope');
  assert.deepEqual(await takeTokens(OWNER, { perSecond: 5, wanted: 1 }), { granted: 0, waitMs: 1_000 });
  assert.deepEqual(await cluster.query('SELECT 1 FROM allowance'), []);
});

test('a clock of the database that was set back neither blocks nor fills a bucket', async () => {
  await using cluster = await withApplication();
  const { takeTokens } = cluster.open('a').cluster;
  await takeTokens(OWNER, { perSecond: 100, wanted: 100 });
  await cluster.query('UPDATE allowance SET at = at + 3600000');
  assert.ok((await takeTokens(OWNER, { perSecond: 100, wanted: 100 })).granted < 50);
  await sleep(200);
  assert.ok((await takeTokens(OWNER, { perSecond: 100, wanted: 100 })).granted > 0);
});
