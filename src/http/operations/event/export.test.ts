import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { get, type IncomingMessage, ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';
import { makeSource, type TestSource } from '../../../../test/support/source.ts';

const EVENTS = 5_000;
/** So that all of them are more than what a connection buffers. */
const PADDING = ' '.repeat(1_000);
let posthorn: TestPosthorn;
let source: TestSource;

before(async () => {
  posthorn = await startPosthorn();
  source = await makeSource(posthorn, { type: '"n." + string(body.n)' });
  // Straight into the engine: what is tested is how they come out.
  const tokenHash = createHash('sha256').update(source.path.slice('/in/'.length)).digest('base64url');
  const one = (n: number) =>
    posthorn.engine.receive({
      ...{ tokenHash, method: 'POST', url: 'http://posthorn.test/in/x', sub: '', query: '' },
      ...{ headers: [['Content-Type', 'application/json']], contentType: 'application/json' },
      body: Buffer.from(
        JSON.stringify({ n, text: n === 7 ? '=1+1' : `text ${n}${PADDING}`, tags: [{ t: 'a' }, { t: n }] }),
      ),
      ...{ isEncoded: false, peer: null, wantsText: false, isTest: false, statusUrl: '' },
    });
  for (let n = 0; n < EVENTS; n += 500) await Promise.all(Array.from({ length: 500 }, (_, i) => one(n + i)));
});
after(() => posthorn.stop());

function open(query: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(
      `${posthorn.url}/api/v1/event/export?${query}`,
      { headers: { authorization: `Bearer ${posthorn.token}` }, agent: false },
      resolve,
    ).on('error', reject);
  });
}

test('a slow reader gets all of 5,000 events in order, and no more is read than it takes', async () => {
  const answer = await open('order=ascending');
  assert.equal(answer.headers['content-type'], 'application/x-ndjson; charset=utf-8');
  assert.match(answer.headers['content-disposition']!, /filename="events\.ndjson"/);
  let reads = 0;
  const { find } = posthorn.engine.received;
  posthorn.engine.received.find = (...asked) => {
    reads++;
    return find.call(posthorn.engine.received, ...asked);
  };
  try {
    // Nothing is taken: what fits into the connection's buffers is all that is made.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const readsMeanwhile = reads;
    assert.ok(readsMeanwhile < EVENTS / 100 - 5, `${readsMeanwhile} batches were read for nobody`);
    let text = '';
    for await (const chunk of answer) text += chunk;
    const numbers = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).body.n as number);
    assert.equal(numbers.length, EVENTS);
    assert.deepEqual(
      numbers.toSorted((a, b) => a - b),
      Array.from({ length: EVENTS }, (_, n) => n),
    );
  } finally {
    posthorn.engine.received.find = find;
  }
});

test('a table has the columns asked for, and no formulas', async () => {
  const conditions = 'type=n.7&columns=type,body.n,body.text,body.tags[].t,body.none,headers.content-type';
  const { text, headers } = await posthorn.call('GET', `/api/v1/event/export?format=csv&${conditions}`);
  assert.equal(headers.get('content-type'), 'text/csv; charset=utf-8; header=present');
  assert.equal(
    text,
    `type,body.n,body.text,body.tags[].t,body.none,headers.content-type\r\nn.7,7,'=1+1,"[""a"",7]",,application/json\r\n`,
  );
});

test('a table without columns has the usual ones', async () => {
  const { text } = await posthorn.call('GET', '/api/v1/event/export?format=csv&type=n.3');
  const [head, row] = text.split('\r\n');
  assert.equal(head, 'id,receivedAt,source,type,method,path,verified,contentType,size,body');
  assert.match(
    row!,
    new RegExp(`^evt_\\w{27},[^,]+,${source.id},n\\.3,POST,,false,application/json,\\d+,"\\{`),
  );
});

test('columns of lines are members', async () => {
  const { text } = await posthorn.call('GET', '/api/v1/event/export?type=n.3&columns=type,body.n,body.x');
  assert.equal(text, '{"type":"n.3","body.n":3,"body.x":null}\n');
});

test('a large event in many columns is sent column by column', async (t) => {
  const body = 'x'.repeat(300_000);
  const type: [string, string] = ['Content-Type', 'text/plain'];
  const { json } = await (await makeSource(posthorn, { uid: 'large' })).send({ headers: [type], body });
  let largest = 0;
  const { write } = ServerResponse.prototype;
  t.mock.method(ServerResponse.prototype, 'write', function (this: ServerResponse, chunk: string) {
    largest = Math.max(largest, chunk.length);
    return write.call(this, chunk, 'utf8');
  });
  const columns = Array.from({ length: 50 }, () => 'body').join(',');
  const table = await posthorn.call('GET', `/api/v1/event/export?format=csv&source=large&columns=${columns}`);
  assert.equal(table.text.length, `${columns}\r\n`.length + 50 * (body.length + 1) + 1);
  const lines = await posthorn.call('GET', '/api/v1/event/export?source=large&columns=body,id,body[0]');
  assert.deepEqual(lines.json, { body, id: json.id, 'body[0]': null });
  assert.ok(largest < 2 * body.length, `${largest} characters at once`);
});

test('a column that is none is refused before anything is sent', async () => {
  const { status, json } = await posthorn.call('GET', '/api/v1/event/export?columns=id,amount');
  assert.deepEqual([status, json.errors[0].pointer], [422, 'columns.1']);
});

test('an export ends when its reader goes away', async () => {
  const answer = await open('');
  let reads = 0;
  const { find } = posthorn.engine.received;
  posthorn.engine.received.find = (...asked) => {
    reads++;
    return find.call(posthorn.engine.received, ...asked);
  };
  try {
    answer.destroy();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const readsUntilThen = reads;
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(reads, readsUntilThen);
    assert.ok(reads < EVENTS / 100);
  } finally {
    posthorn.engine.received.find = find;
  }
});
