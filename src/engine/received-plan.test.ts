import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startPosthorn } from '../../test/support/posthorn.ts';
import { makeSource } from '../../test/support/source.ts';

test('a call that many costly conditions look at holds up nobody else for long', async () => {
  await using posthorn = await startPosthorn();
  const costly = await makeSource(posthorn);
  const other = await makeSource(posthorn);
  for (let n = 0; n < 20; n++) {
    const body = { name: 'a flow', sources: [costly.id], when: `body.items.exists(each, each.price > ${n})` };
    assert.equal((await posthorn.call('POST', '/api/v1/flow', { body })).status, 201);
  }
  const headers: [string, string][] = [['Content-Type', 'application/json']];
  let isOver = false;
  const slow = costly
    .send({ headers, body: JSON.stringify({ items: Array(15_000).fill({}) }) })
    .finally(() => {
      isOver = true;
    });
  let answered = 0;
  while (!isOver) {
    assert.equal((await other.send({ body: 'x' })).status, 202);
    if (!isOver) answered++;
  }
  assert.equal((await slow).status, 202);
  assert.ok(answered >= 2, `${answered} calls were answered meanwhile`);
});
