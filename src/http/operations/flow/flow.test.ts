import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';

let posthorn: TestPosthorn;
const ids: Record<string, string> = {};
before(async () => {
  posthorn = await startPosthorn();
  const made = await post('/source', { name: 'a shop', uid: 'shop' });
  ids.shop = made.json.id;
  ids.crm = (await post('/destination', { url: 'https://crm.example/', uid: 'crm' })).json.id;
  ids.log = (await post('/destination', { url: 'https://log.example/', uid: 'log' })).json.id;
});
after(() => posthorn.stop());

const post = (path: string, body: unknown) => posthorn.call('POST', `/api/v1${path}`, { body });

test('a flow names its sources and destinations by id or uid, and each counts once', async () => {
  const given = { name: 'f', sources: ['shop'], destinations: ['crm', ids.log, ids.crm] };
  const made = await post('/flow', given);
  assert.equal(made.status, 201, made.text);
  assert.deepEqual(made.json.sources, [ids.shop]);
  assert.deepEqual(made.json.destinations, [ids.crm, ids.log]);
  const path = `/api/v1/flow/${made.json.id}`;
  const patched = await posthorn.call('PATCH', path, { body: { destinations: ['log'] } });
  assert.deepEqual([patched.json.sources, patched.json.destinations], [[ids.shop], [ids.log]]);
  const everywhere = await posthorn.call('PATCH', path, { body: { sources: null } });
  assert.deepEqual([everywhere.json.sources, everywhere.json.destinations], [null, [ids.log]]);
});

test('what a flow names has to be there', async () => {
  const refused = await post('/flow', { name: 'f', sources: ['shop', 'sohp'], destinations: ['crm'] });
  assert.equal(refused.status, 422);
  assert.equal(refused.json.errors[0].pointer, '#/sources/1');
  assert.match(refused.json.detail, /no source "sohp": give its id \(src_…\) or its uid/);
  // The destinations of applications are others: no flow leads there.
  await posthorn.call('PUT', '/api/v1/app/a', { body: { name: 'a' } });
  await posthorn.call('PUT', '/api/v1/app/a/endpoint/e', { body: { url: 'https://a.example/' } });
  assert.equal((await post('/flow', { name: 'f', destinations: ['e'] })).status, 422);
});

test('a misspelt member is refused: what it narrows would be taken as a whole', async () => {
  for (const [path, body, pointer] of [
    ['/flow', { name: 'f', destinations: ['crm'], evenTypes: ['order.*'] }, '#/evenTypes'],
    ['/source', { name: 's', provder: 'github', secrets: ['x'] }, '#/provder'],
    ['/source', { name: 's', answer: { kind: 'static', text: 'x' } }, '#/answer/text'],
    [
      '/destination',
      { url: 'https://a.example/', request: { kind: 'forward', sgned: true } },
      '#/request/sgned',
    ],
    ['/event/replay', { since: '2026-01-01T00:00:00Z', source: 'shop' }, '#/source'],
    ['/event/replay', { since: '2026-01-01T00:00:00Z', filter: { srouce: ['shop'] } }, '#/filter/srouce'],
  ] as const) {
    const refused = await post(path, body);
    assert.equal(refused.status, 422, path);
    assert.equal(refused.json.errors[0].pointer, pointer);
  }
});

test('a misspelt parameter of a search is refused with what was meant', async () => {
  for (const path of ['/event', '/event/export', '/event/tail', '/delivery']) {
    const refused = await posthorn.call('GET', `/api/v1${path}?sources=shop`);
    assert.equal(refused.status, 422, path);
    assert.match(refused.json.detail, /no parameter "sources"; (did you mean "source"\?|use one of)/);
  }
});
