import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';
import { makeSource, signedByGithub, type TestSource } from '../../../../test/support/source.ts';

let posthorn: TestPosthorn;
let shop: TestSource;
let code: TestSource;
/** Ids by the name that a test calls them. */
const ids: Record<string, string> = {};

const JSON_TYPE: [string, string] = ['Content-Type', 'application/json'];

before(async () => {
  posthorn = await startPosthorn();
  shop = await makeSource(posthorn, { name: 'shop', uid: 'shop', type: '"order." + body.state' });
  code = await makeSource(posthorn, {
    ...{ name: 'code', provider: 'github', secrets: ['s3cret'] },
    redactHeaders: ['X-Key'],
  });
  const order = async (name: string, body: object, headers: [string, string][] = []) => {
    const sent = { headers: [JSON_TYPE, ...headers], body: JSON.stringify(body), path: '/orders?shop=7' };
    ids[name] = (await shop.send(sent)).json.id;
  };
  await order('first', { state: 'new', customer: { id: 42 }, amount: 5, items: [{ sku: 'abc-1' }] });
  await order('second', {
    state: 'paid',
    customer: { id: '42' },
    amount: 100,
    note: 'Send it to Grüße GmbH',
  });
  await order('third', { state: 'paid', customer: { id: 7 }, amount: 250.5, error: 'declined, twice' });
  const push = '{"ref":"refs/heads/main","commits":[]}';
  ids.push = (
    await code.send({ headers: [...signedByGithub(push, 's3cret'), ['X-Key', 'hidden']], body: push })
  ).json.id;
  ids.put = (await shop.send({ method: 'PUT', headers: [JSON_TYPE], body: '{"state":"new"}' })).json.id;
});
after(() => posthorn.stop());

async function found(query: string): Promise<string[]> {
  const { status, json, text } = await posthorn.call('GET', `/api/v1/event${query}`);
  assert.equal(status, 200, text);
  const names = new Map(Object.entries(ids).map(([name, id]) => [id, name]));
  return json.data.map(({ id }: { id: string }) => names.get(id) ?? id);
}

const where = (...conditions: string[]): string =>
  `?${conditions.map((each) => `where=${encodeURIComponent(each)}`).join('&')}`;

const FINDS: readonly [string, string, string[]][] = [
  ['nothing asked', '', ['put', 'push', 'third', 'second', 'first']],
  ['oldest first', '?order=ascending', ['first', 'second', 'third', 'push', 'put']],
  ['a source by uid', '?source=shop', ['put', 'third', 'second', 'first']],
  ['a type', '?type=order.paid', ['third', 'second']],
  ['a beginning of types', '?type=order.*', ['put', 'third', 'second', 'first']],
  ['several types', '?type=order.new,pu*', ['put', 'push', 'first']],
  ['every type', '?type=*', ['put', 'push', 'third', 'second', 'first']],
  ['known senders', '?verified=true', ['push']],
  ['unknown senders of one type', '?verified=false&type=order.new', ['put', 'first']],
  ['a method, in any case', '?method=put', ['put']],
  ['a way in', '?via=http&method=PUT', ['put']],
  ['another way in', '?via=smtp', []],
  ['a number', where('body.customer.id=42'), ['first']],
  ['a text that looks like a number', where('body.customer.id="42"'), ['second']],
  ['from a number on', where('body.amount>=100'), ['third', 'second']],
  ['two conditions', where('body.amount>=100', 'body.customer.id=7'), ['third']],
  ['a part of a text in a list', where('body.items[].sku~bc-'), ['first']],
  ['what is there', where('body.error exists'), ['third']],
  ['a text with a comma', where('body.error=declined, twice'), ['third']],
  ['a header in any case', where('headers.x-github-event=push'), ['push']],
  ['a parameter of the URL', where('query.shop=7', 'body.state=new'), ['first']],
  ['words', '?q=grüße+gmbh', ['second']],
  ['a phrase', `?q=${encodeURIComponent('"to Grüße"')}`, ['second']],
  ['a phrase that is not there', `?q=${encodeURIComponent('"Grüße to"')}`, []],
  ['nothing that a hidden header said', where('headers.x-key=hidden'), []],
  ['a future', `?since=${new Date(Date.now() + 3_000_000).toISOString()}`, []],
  ['a past', `?until=${new Date(Date.now() - 3_000_000).toISOString()}`, []],
];

for (const [what, query, expected] of FINDS)
  test(`events are found by ${what}`, async () => assert.deepEqual(await found(query), expected));

test('what is found is the same once it is indexed', async () => {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const left = await posthorn.storage.search.takeUnindexed({ limit: 1, bytesMax: 1000 });
    if (left.length === 0) break;
    assert.ok(Date.now() < deadline, 'the index did not fill');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  for (const [what, query, expected] of FINDS) assert.deepEqual(await found(query), expected, what);
});

test('pages go on where they ended, and back', async () => {
  const first = (await posthorn.call('GET', '/api/v1/event?limit=2&source=shop')).json;
  assert.deepEqual([first.data.length, first.done], [2, false]);
  assert.deepEqual(await found(`?limit=2&source=shop&iterator=${first.iterator}`), ['second', 'first']);
  const last = (await posthorn.call('GET', `/api/v1/event?limit=2&source=shop&iterator=${first.iterator}`))
    .json;
  assert.equal(last.done, true);
  assert.deepEqual(await found(`?limit=2&source=shop&iterator=${last.prevIterator}`), ['put', 'third']);
  const ascending = (await posthorn.call('GET', '/api/v1/event?limit=4&order=ascending')).json;
  assert.deepEqual(await found(`?limit=4&order=ascending&iterator=${ascending.iterator}`), ['put']);
});

test('an event is told as one document, without credentials', async () => {
  const { data } = (await posthorn.call('GET', '/api/v1/event?type=push')).json;
  const [push] = data;
  assert.equal(push.source, code.id);
  assert.equal(push.type, 'push');
  assert.deepEqual(push.body, { ref: 'refs/heads/main', commits: [] });
  assert.equal(push.headers['x-github-event'], 'push');
  assert.equal(push.headers['x-key'], '••••••••');
  assert.deepEqual([push.verified, push.method, push.via, push.format], [true, 'POST', 'http', 'json']);
  assert.equal(push.size, 38);
});

test('without contents, what only the bytes tell is left out, and still asked about', async () => {
  const { data } = (await posthorn.call('GET', `/api/v1/event${where('body.amount=5')}&with_content=false`))
    .json;
  assert.deepEqual(
    data.map(({ id, body, size, format }: Record<string, unknown>) => [id, body, size, format]),
    [[ids.first, null, null, 'none']],
  );
});

const REFUSED: readonly [string, string][] = [
  [where('amount=5'), 'where'],
  [where('body.amount'), 'where'],
  ['?source=nobody', 'source'],
  ['?since=yesterday', 'since'],
  ['?iterator=%2F', 'iterator'],
  ['?via=pigeon', 'via'],
];
for (const [query, member] of REFUSED)
  test(`the query ${decodeURIComponent(query)} is refused, and where`, async () => {
    const { status, json } = await posthorn.call('GET', `/api/v1/event${query}`);
    assert.ok(status === 422 || status === 400, `${status}`);
    if (status === 422) assert.match(json.errors[0].pointer, new RegExp(`^${member}`));
    else assert.match(json.detail, new RegExp(`"${member}"`));
  });

test('what came in, and how far the index is behind, is measured', async () => {
  const { text } = await posthorn.call('GET', '/metrics', { token: null });
  assert.match(text, /^posthorn_events_received_total 5$/m);
  assert.match(text, /^posthorn_search_lag_seconds \d/m);
  await code.send({ body: '{}' });
  const { text: after } = await posthorn.call('GET', '/metrics', { token: null });
  assert.match(after, /^posthorn_rejections_total\{reason="[a-z-]+"\} 1$/m);
});

test('another organization finds none of it', async () => {
  const token = await posthorn.tokenOf('org_cyd');
  assert.deepEqual((await posthorn.call('GET', '/api/v1/event', { token })).json, {
    ...{ data: [], iterator: null, prevIterator: null, done: true },
  });
  assert.equal((await posthorn.call('GET', `/api/v1/event?source=shop`, { token })).status, 422);
  assert.deepEqual((await posthorn.call('GET', `/api/v1/event?source=${shop.id}`, { token })).json.data, []);
  for (const path of ['', '/raw', '/file/0'])
    assert.equal((await posthorn.call('GET', `/api/v1/event/${ids.first}${path}`, { token })).status, 404);
});
