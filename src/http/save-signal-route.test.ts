import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startPosthorn, type TestPosthorn } from '../../test/support/posthorn.ts';
import { startReceiver, type TestReceiver } from '../../test/support/receiver.ts';
import { makeFlow, makeSource, type TestSource } from '../../test/support/source.ts';

let posthorn: TestPosthorn;
let receiver: TestReceiver;
let source: TestSource;
before(async () => {
  posthorn = await startPosthorn();
  receiver = await startReceiver();
  source = await makeSource(posthorn);
  await makeFlow(posthorn, `${receiver.url}/hook`, { flow: { sources: [source.id] } });
});
after(async () => {
  await posthorn.stop();
  await receiver.stop();
});

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const apiId = (of: TestSource): string => of.path.slice('/in/'.length);

async function signal(query: string, form?: string, headers: Record<string, string> = FORM) {
  return posthorn.call(form === undefined ? 'GET' : 'POST', `/save-signal/${query}`, {
    token: null,
    ...(form !== undefined && { body: form, headers }),
  });
}

async function eventOf(text: string) {
  const [, id] = /^OK:(evt_\w{27})$/.exec(text) ?? [];
  assert.ok(id !== undefined, text);
  return (await posthorn.call('GET', `/api/v1/event/${id}`)).json;
}

test('a signal by GET is an event of the source, named after its receiver, with the parameters as its body', async () => {
  const at = receiver.requests.length;
  const answer = await signal(`?api_id=${apiId(source)}&receiver_name=disk&free_disk_space=9`);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type')!, /^text\/plain/);
  const event = await eventOf(answer.text);
  assert.deepEqual([event.source, event.type], [source.id, 'disk']);
  assert.deepEqual(event.body, { receiver_name: 'disk', free_disk_space: '9' });
  const got = (await receiver.waitFor(at + 1))[at]!;
  assert.equal(`${got.method} ${got.url}`, 'POST /hook');
  assert.equal(got.body.toString(), 'receiver_name=disk&free_disk_space=9');
  assert.equal(got.headers['content-type'], FORM['content-type']);
  assert.ok(!JSON.stringify([got.url, got.headers]).includes(apiId(source)), 'nobody learns the api_id');
  assert.ok(!JSON.stringify(event).includes(apiId(source)));
});

test('a form is read as well, in its own charset; the query goes over it', async () => {
  const form = `api_id=${apiId(source)}&receiver_name=shop&state=down&n%61me=M%FCller`;
  const answer = await signal('?state=up', form, {
    'content-type': 'application/x-www-form-urlencoded; charset=windows-1252',
  });
  const event = await eventOf(answer.text);
  assert.equal(event.type, 'shop');
  assert.deepEqual(event.body, { state: 'up', receiver_name: 'shop', name: 'Müller' });
  const over = await signal(`?api_id=${apiId(source)}&receiver_name=a&api_id=x`, 'receiver_name=b&api_id=y');
  assert.equal((await eventOf(over.text)).type, 'a');
});

test('a source that names its events itself does so here, too', async () => {
  const own = await makeSource(posthorn, { type: '"disk." + (int(body.free) < 10 ? "low" : "fine")' });
  const answer = await signal(`?api_id=${apiId(own)}&receiver_name=disk&free=9`);
  assert.equal((await eventOf(answer.text)).type, 'disk.low');
});

test('what is wrong is said by AlertGrid’s codes, with status 200', async () => {
  const disabled = await makeSource(posthorn, { disabled: true });
  const proven = await makeSource(posthorn, { provider: 'github', secrets: ['s'] });
  for (const [query, text] of [
    [`?api_id=${apiId(source)}`, 'ERROR:11'],
    [`?api_id=${apiId(source)}&receiver_name=`, 'ERROR:11'],
    ['?receiver_name=disk', 'ERROR:12'],
    [`?api_id=${apiId(disabled)}&receiver_name=disk`, 'ERROR:22'],
    [`?api_id=${apiId(source)}x&receiver_name=disk`, 'ERROR:31'],
    [`?api_id=${apiId(proven)}&receiver_name=disk`, 'ERROR:31'],
    ['', 'ERROR:11'],
  ] as const) {
    const answer = await signal(query);
    assert.deepEqual([answer.status, answer.text], [200, text], query);
  }
});

test('what AlertGrid had no code for is said with a status of its own', async () => {
  const slow = await makeSource(posthorn, { rateLimit: 0.001 });
  const query = `?api_id=${apiId(slow)}&receiver_name=disk`;
  assert.match((await signal(query)).text, /^OK:/);
  const again = await signal(query);
  assert.equal(again.status, 429);
  assert.match(again.text, /^ERROR:too_many_requests /);
  const json = await signal('', '{"api_id":"x"}', { 'content-type': 'application/json' });
  assert.deepEqual([json.status, json.text.split(' ')[0]], [415, 'ERROR:unsupported_media_type']);
  assert.equal((await signal(query, `a=${'x'.repeat(16 * 1024)}`)).status, 413);
  assert.equal((await posthorn.call('HEAD', `/save-signal/${query}`, { token: null })).status, 404);
});
