import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startPosthorn } from '../../../../test/support/posthorn.ts';
import { startReceiver } from '../../../../test/support/receiver.ts';
import { makeFlow, makeSource } from '../../../../test/support/source.ts';

test('pauses that follow each other while calls come lose nothing and deliver nothing twice', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'posthorn-pause-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await using posthorn = await startPosthorn({ path: join(folder, 'posthorn.db') });
  const receiver = await startReceiver();
  t.after(() => receiver.stop());
  const source = await makeSource(posthorn);
  await makeFlow(posthorn, receiver.url, { flow: { sources: [source.id] } });
  const sent: string[] = [];
  let isOver = false;
  const senders = Array.from({ length: 10 }, async () => {
    while (!isOver) sent.push((await source.send({ body: 'x' })).json.id);
  });
  for (let n = 0; n < 8; n++)
    for (const verb of ['pause', 'resume']) {
      await new Promise((resolve) => setTimeout(resolve, 25));
      assert.ok((await posthorn.call('POST', `/api/v1/source/${source.id}/${verb}`)).status < 300);
    }
  isOver = true;
  await Promise.all(senders);
  await receiver.waitFor(sent.length, 20_000);
  // Until no task is left that could deliver something again.
  for (let tries = 0; tries < 400; tries++) {
    if ((await posthorn.storage.catalog.runningTasks(10)).length === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const arrived = receiver.requests.map(({ headers }) => headers['posthorn-event-id']);
  assert.deepEqual(arrived.toSorted(), sent.toSorted());
});
