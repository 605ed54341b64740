import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startPosthorn, type TestPosthorn } from '../../test/support/posthorn.ts';
import { makeSource, type TestSource } from '../../test/support/source.ts';
import { type Client, createClient } from '../client/create-client.ts';
import { findSource } from './find-source.ts';
import { cursorBefore, cursorSince, sinceBeginning } from './start-cursor.ts';

let posthorn: TestPosthorn;
let client: Client;
let source: TestSource;

before(async () => {
  posthorn = await startPosthorn();
  client = createClient({ serverUrl: posthorn.url, token: () => posthorn.token });
  source = await makeSource(posthorn, { name: 'The Shop', uid: 'shop' });
});
after(() => posthorn.stop());

async function idsAfter(cursor: string, count: number): Promise<string[]> {
  const stop = new AbortController();
  const ids: string[] = [];
  for await (const item of client.tailEvents(
    { source: [source.id] },
    { after: cursor, signal: stop.signal },
  )) {
    if (item.kind === 'event') ids.push(item.data.id);
    if (ids.length === count) stop.abort();
  }
  return ids;
}

test('a source is found by its id, its uid, its name in any case, and its URL', async () => {
  const { url } = await client.getSource('shop');
  for (const ref of [source.id, 'shop', 'the shop', url, `${url}/sub/path?x=1`])
    assert.equal((await findSource(client, ref)).id, source.id, ref);
});

test('who names none, or several, is told which there are', async () => {
  await assert.rejects(findSource(client, 'no body'), /there are: shop/);
  await assert.rejects(findSource(client, `${posthorn.url}/in/aaaa`), /there are: shop/);
  const twin = await makeSource(posthorn, { name: 'the SHOP' });
  await assert.rejects(
    findSource(client, 'the shop'),
    new RegExp(`several: give one of ${source.id}, ${twin.id}`),
  );
});

test('the order of acceptance is read from its beginning, from an event on, or from an instant on', async () => {
  const begunAt = new Date().toISOString();
  const ids: string[] = [];
  for (let n = 0; n < 5; n++) ids.push((await source.send({ body: String(n) })).json.id);
  assert.deepEqual(await idsAfter(sinceBeginning(), 5), ids);
  assert.deepEqual(await idsAfter(await cursorBefore(client, ids[2]!), 3), ids.slice(2));
  assert.deepEqual(await idsAfter(await cursorSince(client, begunAt), 5), ids);
  const end = await cursorSince(client, new Date(Date.now() + 60_000).toISOString());
  const last: string = (await source.send({ body: 'last' })).json.id;
  assert.deepEqual(await idsAfter(end, 1), [last]);
  for (const id of ['evt_2Xy', 'yesterday', renamed(last)])
    await assert.rejects(cursorBefore(client, id), /--from: .* is no event here: give now, beginning/);
});

function renamed(id: string): string {
  return id.slice(0, -1) + (id.endsWith('0') ? '1' : '0');
}
