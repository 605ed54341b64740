import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startReceiver } from './receiver.ts';

test('a receiver records what comes and answers by its script, the last answer repeating', async () => {
  await using receiver = await startReceiver();
  receiver.answer(503, { status: 201, body: 'made' });
  const post = (): Promise<Response> => fetch(`${receiver.url}/hook?a=1`, { method: 'POST', body: 'bytes' });
  assert.deepEqual([(await post()).status, (await post()).status, (await post()).status], [503, 201, 201]);
  const [first] = await receiver.waitFor(3);
  assert.equal(first?.url, '/hook?a=1');
  assert.equal(first?.body.toString(), 'bytes');
});

test('waiting for what does not come says how many did', async () => {
  await using receiver = await startReceiver();
  await assert.rejects(receiver.waitFor(1, 20), /0 of 1 requests/);
});
