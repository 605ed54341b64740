import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';
import { startReceiver, type TestReceiver } from '../../../../test/support/receiver.ts';
import { makeFlow, makeSource, signedByGithub } from '../../../../test/support/source.ts';
import { attachment } from './event-of.ts';

let posthorn: TestPosthorn;
let receiver: TestReceiver;
before(async () => {
  posthorn = await startPosthorn();
  receiver = await startReceiver();
});
after(async () => {
  await posthorn.stop();
  await receiver.stop();
});

const story = async (id: string) => (await posthorn.call('GET', `/api/v1/event/${id}`)).json;

test('an event’s story has what came, and every attempt to deliver it', async () => {
  const source = await makeSource(posthorn);
  receiver.answer({ status: 500, body: 'not yet' }, 200);
  const { destination } = await makeFlow(posthorn, `${receiver.url}/hook`, {
    destination: { description: 'the shop' },
    flow: { sources: [source.id] },
  });
  const body = '{"a":1}';
  const headers: [string, string][] = [
    ['Content-Type', 'application/json'],
    ['X-Twice', 'a'],
    ['Authorization', 'Bearer secret'],
    ['x-twice', 'b'],
  ];
  const { id } = (await source.send({ path: '/deep?x=1&x=2', headers, body })).json;
  await receiver.waitFor(2, 15_000);
  const told = await settled(id);
  assert.deepEqual(
    [told.source, told.method, told.path, told.query, told.body],
    [source.id, 'POST', '/deep', { x: ['1', '2'] }, { a: 1 }],
  );
  assert.equal(told.headers['x-twice'], 'a, b');
  assert.equal(told.headers.authorization, '••••••••');
  assert.deepEqual(told.rawHeaders.slice(1, 5), [
    ['Content-Type', 'application/json'],
    ['X-Twice', 'a'],
    ['Authorization', '••••••••'],
    ['x-twice', 'b'],
  ]);
  assert.deepEqual(told.raw, {
    ...{ size: 7, contentType: 'application/json', available: true },
    sha256: createHash('sha256').update(body).digest('hex'),
  });
  const [delivery] = told.deliveries;
  assert.deepEqual(
    [delivery.destination, delivery.destinationName, delivery.state, delivery.nextAttemptAt],
    [destination, 'the shop', 'delivered', null],
  );
  assert.deepEqual(
    delivery.attempts.map((attempt: Record<string, unknown>) => [
      attempt.outcome,
      attempt.statusCode,
      attempt.responseStart,
      attempt.trigger,
    ]),
    [
      ['answered', 500, 'not yet', 'scheduled'],
      ['answered', 200, '', 'scheduled'],
    ],
  );
});

/** The attempt is recorded a little after it was answered. */
async function settled(id: string) {
  for (let looks = 0; looks < 200; looks++) {
    const told = await story(id);
    if (told.deliveries.every(({ state }: { state: string }) => state === 'delivered')) return told;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('It was not delivered.');
}

test('who may have sent an event is guessed where its source asks for no proof', async () => {
  const open = await makeSource(posthorn);
  const body = '{"ref":"refs/heads/main"}';
  const { id } = (await open.send({ headers: signedByGithub(body, 'any'), body })).json;
  assert.equal((await story(id)).suggestedProviders[0], 'github');
  const closed = await makeSource(posthorn, { provider: 'github', secrets: ['s3cret'] });
  const sent = (await closed.send({ headers: signedByGithub(body, 's3cret'), body })).json;
  const told = await story(sent.id);
  assert.deepEqual([told.suggestedProviders, told.verified], [[], true]);
  assert.equal(told.proof.key, 0);
});

test('bytes come back as they came, as a download that no browser shows', async () => {
  const source = await makeSource(posthorn);
  const body = Buffer.from([0, 1, 2, 0xff, 0x0a]);
  const { id } = (await source.send({ headers: [['Content-Type', 'text/html']], body })).json;
  const response = await fetch(`${posthorn.url}/api/v1/event/${id}/raw`, {
    headers: { authorization: `Bearer ${posthorn.token}` },
  });
  assert.deepEqual(Buffer.from(await response.arrayBuffer()), body);
  assert.equal(response.headers.get('content-type'), 'text/html');
  assert.equal(
    response.headers.get('content-disposition'),
    `attachment; filename="${id}"; filename*=UTF-8''${id}`,
  );
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
  assert.match(response.headers.get('content-security-policy')!, /sandbox/);
});

test('a Content-Type that is none becomes bytes', async () => {
  const source = await makeSource(posthorn);
  const { id } = (await source.send({ headers: [['Content-Type', '<b>']], body: 'x' })).json;
  const { headers } = await posthorn.call('GET', `/api/v1/event/${id}/raw`);
  assert.equal(headers.get('content-type'), 'application/octet-stream');
});

test('each file of a form is a download of its own', async () => {
  const source = await makeSource(posthorn);
  const body = [
    '--b',
    'Content-Disposition: form-data; name="note"',
    '',
    'hello',
    '--b',
    'Content-Disposition: form-data; name="scan"; filename="Grüße.txt"',
    'Content-Type: text/plain',
    '',
    'of the file',
    '--b--',
    '',
  ].join('\r\n');
  const { id } = (await source.send({ headers: [['Content-Type', 'multipart/form-data; boundary=b']], body }))
    .json;
  const { files } = await story(id);
  assert.deepEqual(files, [{ field: 'scan', name: 'Grüße.txt', contentType: 'text/plain', size: 11 }]);
  const file = await posthorn.call('GET', `/api/v1/event/${id}/file/0`);
  assert.equal(file.text, 'of the file');
  assert.match(file.headers.get('content-disposition')!, /filename\*=UTF-8''Gr%C3%BC%C3%9Fe\.txt/);
  const none = await posthorn.call('GET', `/api/v1/event/${id}/file/1`);
  assert.deepEqual(
    [none.status, none.json.detail],
    [404, 'This event has 1 files, which are counted from 0.'],
  );
});

test('a name that is too long may be cut in the middle of a character', () => {
  const header = attachment(`${'a'.repeat(199)}\u{1f600}.txt`);
  assert.match(header, /; filename\*=UTF-8''a{199}%EF%BF%BD$/);
});

test('an expunged event keeps its headers and its story, and its content is gone for good', async () => {
  const source = await makeSource(posthorn);
  const { id } = (await source.send({ body: '{"card":"4111"}' })).json;
  assert.equal((await posthorn.call('POST', `/api/v1/event/${id}/expunge`)).status, 204);
  const told = await story(id);
  assert.deepEqual(
    [told.body, told.size, told.contentState, told.raw.available],
    [null, null, 'expunged', false],
  );
  for (const path of ['raw', 'file/0'])
    assert.equal((await posthorn.call('GET', `/api/v1/event/${id}/${path}`)).json.code, 'missing_payload');
  const replayed = await posthorn.call('POST', `/api/v1/event/${id}/replay`, { body: {} });
  assert.equal(replayed.json.code, 'missing_payload');
  const { data } = (await posthorn.call('GET', '/api/v1/audit')).json;
  assert.ok(
    data.some((line: Record<string, unknown>) => line.action === 'event.expunge' && line.subject === id),
  );
});
