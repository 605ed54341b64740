import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';

let hub: TestPosthorn;
before(async () => {
  hub = await startPosthorn();
});
after(() => hub.stop());

test('every change is listed, newest first, with who made it and what changed', async () => {
  // Entries sort by the instant, to 4 ms.
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));
  await hub.sdk.application.create({ name: 'Old', uid: 'a' });
  await pause();
  await hub.sdk.application.patch('a', { name: 'New' });
  await pause();
  await hub.sdk.application.delete('a');
  const { json } = await hub.call('GET', '/api/v1/audit?limit=2');
  assert.deepEqual(
    json.data.map((entry: { action: string }) => entry.action),
    ['application.delete', 'application.update'],
  );
  const [, update] = json.data;
  assert.deepEqual([update.actorKind, update.actorId], ['organization-token', hub.organization]);
  assert.deepEqual([update.before.name, update.after.name], ['Old', 'New']);
  const next = await hub.call('GET', `/api/v1/audit?limit=2&iterator=${json.iterator}`);
  assert.deepEqual(
    [next.json.data.length, next.json.data[0].action, next.json.done],
    [1, 'application.create', true],
  );
});

test('secrets never reach it', async () => {
  await hub.sdk.application.create({ name: 'b', uid: 'b' });
  const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
  const endpoint = await hub.sdk.endpoint.create('b', { url: 'https://example.com/', secret });
  await hub.sdk.endpoint.setHeaders('b', endpoint.id, { headers: { Authorization: 'Bearer hidden' } });
  const key = (await hub.call('POST', '/api/v1/api-key', { body: { name: 'k' } })).json.key as string;
  const { text } = await hub.call('GET', '/api/v1/audit');
  for (const hidden of [secret, 'hidden', key]) assert.ok(!text.includes(hidden));
  assert.match(text, /api-key\.create/);
});

test('reading backwards is refused with what to pass', async () => {
  const answer = await hub.call('GET', '/api/v1/audit?iterator=-audit_1srOrx2ZWZBpBUvZwXKQmoEYga2');
  assert.equal(answer.status, 422);
});
