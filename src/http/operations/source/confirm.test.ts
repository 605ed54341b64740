import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startPosthorn } from '../../../../test/support/posthorn.ts';
import { makeSource } from '../../../../test/support/source.ts';
import type { Web } from '../../../ports/web.ts';

test('a flood of calls that have to be confirmed asks few at a time, and holds up no other source', async () => {
  const waiting: (() => void)[] = [];
  const ask: Web['ask'] = ({ url }) =>
    new Promise((resolve) => {
      const body = Buffer.from(JSON.stringify({ id: url.slice(url.lastIndexOf('/') + 1) }));
      waiting.push(() => resolve({ kind: 'answered', url, status: 200, headers: {}, body }));
    });
  const asked = async (count: number): Promise<void> => {
    while (waiting.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(waiting.length, count);
  };
  await using posthorn = await startPosthorn({ web: (real) => ({ ...real, ask }) });
  const flooded = await makeSource(posthorn, { provider: 'mollie', secrets: ['key'] });
  const other = await makeSource(posthorn, { provider: 'mollie', secrets: ['key'] });
  const send = (n: number, { send: call } = flooded) =>
    call({ headers: [['Content-Type', 'application/x-www-form-urlencoded']], body: `id=tr_${n}` });
  const flood = Promise.all(Array.from({ length: 40 }, (_, n) => send(n)));
  await asked(32);
  assert.equal((await send(41)).status, 503);
  const genuine = send(42, other);
  await asked(33);
  for (const answer of waiting) answer();
  assert.equal((await genuine).status, 202);
  const statuses = (await flood).map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 202).length, 32);
  assert.equal(statuses.filter((status) => status === 503).length, 8);
  const later = send(43);
  await asked(34);
  waiting.at(-1)!();
  assert.equal((await later).status, 202);
});
