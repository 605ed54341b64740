import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';
import { startReceiver, type TestReceiver } from '../../../../test/support/receiver.ts';
import { makeFlow, makeSource, signedByGithub } from '../../../../test/support/source.ts';

let posthorn: TestPosthorn;
let receiver: TestReceiver;
before(async () => {
  posthorn = await startPosthorn({ http: { sourceBodyBytesMax: 64 * 1024 } });
  receiver = await startReceiver();
});
after(async () => {
  await posthorn.stop();
  await receiver.stop();
});

const GITHUB = { provider: 'github', secrets: ['s3cret'] };
const JSON_HEADER: [string, string][] = [['Content-Type', 'application/json']];

async function rejections(
  id: string,
): Promise<{ reason: string; expected: string; got: string; headers: [string, string][] }[]> {
  return (await posthorn.call('GET', `/api/v1/source/${id}/rejection`)).json.data;
}

test('a URL takes any call, and answers with the event’s id once it is stored', async () => {
  const source = await makeSource(posthorn);
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'GET']) {
    const answer = await source.send({ method, path: '/deep/path?a=1&a=2' });
    assert.equal(answer.status, 202, method);
    assert.match(answer.json.id, /^evt_/);
    assert.equal(answer.headers['posthorn-event-id'], answer.json.id);
  }
});

test('whoever prefers text gets OK and the id, and a refusal in one line', async () => {
  const source = await makeSource(posthorn, { methods: ['POST'] });
  const Accept: [string, string][] = [['Accept', 'text/plain']];
  assert.match((await source.send({ headers: Accept, body: 'a=1' })).text, /^OK:evt_\w{27}$/);
  const refused = await source.send({ method: 'GET', headers: Accept });
  assert.equal(refused.status, 405);
  assert.match(refused.text, /^ERROR:method_not_allowed /);
});

test('a URL that is none is 404, whatever is sent to it', async () => {
  assert.equal((await posthorn.call('POST', '/in/nobody', { token: null, body: '{}' })).status, 404);
  const large = 'x'.repeat(40_000);
  assert.equal((await posthorn.call('POST', '/in/nobody', { token: null, body: large })).status, 404);
});

test('what GitHub signed is taken; what it did not sign is refused, kept with the reason, and goes nowhere', async () => {
  const source = await makeSource(posthorn, GITHUB);
  const at = receiver.requests.length;
  await makeFlow(posthorn, `${receiver.url}/hook`, { flow: { sources: [source.id] } });
  const body = '{"ref":"refs/heads/main"}';
  const good = await source.send({ headers: signedByGithub(body, 's3cret'), body });
  assert.equal(good.status, 202);
  const forged = await source.send({ headers: signedByGithub(body, 'guess'), body });
  assert.equal(forged.status, 401);
  const bare = await source.send({ headers: JSON_HEADER, body });
  assert.equal(bare.status, 401);
  await receiver.waitFor(at + 1);
  const kept = await rejections(source.id);
  assert.deepEqual(
    kept.map(({ reason }) => reason),
    ['signature-missing', 'signature-mismatch'],
  );
  assert.match(kept[1]!.expected, /X-Hub-Signature-256/);
  assert.ok(!JSON.stringify(kept).includes('s3cret'), 'the secret is told to nobody');
  const own = createHmac('sha256', 's3cret').update(body).digest('hex');
  assert.ok(!JSON.stringify(kept).includes(own), 'nor is the right signature');
  assert.equal(receiver.requests.length, at + 1);
});

test('a source that is flooded with forgeries leaves room in the log of refused calls to others', async () => {
  const flooded = await makeSource(posthorn, GITHUB);
  const other = await makeSource(posthorn, GITHUB);
  await Promise.all(Array.from({ length: 60 }, () => flooded.send({ body: 'forged' })));
  await other.send({ body: 'forged' });
  assert.equal((await rejections(other.id)).length, 1);
  assert.ok((await rejections(flooded.id)).length < 20);
});

test('a delivery has the method, path, query, headers and bytes of the call, so that its signature still verifies', async () => {
  const source = await makeSource(posthorn, GITHUB);
  await makeFlow(posthorn, `${receiver.url}/base`, { flow: { sources: [source.id] } });
  const at = receiver.requests.length;
  const body = '{"b": 1,\n "a":"\\u00e9"}';
  const headers: [string, string][] = [...signedByGithub(body, 's3cret'), ['X-Odd', 'one'], ['x-odd', 'two']];
  await source.send({ method: 'PUT', path: '/sub/x?q=%20&r', headers, body });
  const got = (await receiver.waitFor(at + 1))[at]!;
  assert.equal(got.method, 'PUT');
  assert.equal(got.url, '/base/sub/x?q=%20&r');
  assert.equal(got.body.toString(), body);
  assert.equal(got.headers['x-hub-signature-256'], headers[2]![1]);
  const odd = got.rawHeaders.flatMap((value, i) =>
    /^x-odd$/i.test(got.rawHeaders[i - 1] ?? '') ? [value] : [],
  );
  assert.deepEqual(odd, ['one', 'two']);
  assert.match(got.headers['posthorn-event-id']!, /^evt_/);
  assert.equal(got.headers['webhook-signature'], undefined);
});

test('credentials of a call are sealed at rest and still forwarded', async () => {
  const source = await makeSource(posthorn);
  await makeFlow(posthorn, receiver.url, { flow: { sources: [source.id] } });
  const at = receiver.requests.length;
  const headers: [string, string][] = [
    ['Authorization', 'Bearer top-secret'],
    ['Cookie', 'sid=abc'],
  ];
  const { json } = await source.send({ headers, body: 'x' });
  const got = (await receiver.waitFor(at + 1))[at]!;
  assert.equal(got.headers.authorization, 'Bearer top-secret');
  const { RECEIVED } = await import('../../../core/ids.ts');
  const stored = await posthorn.storage.history.findEvent(
    { organization: posthorn.organization, applicationId: RECEIVED },
    { id: json.id.slice(4) },
    { withContent: true },
  );
  assert.ok(!JSON.stringify(stored!.event).includes('top-secret'));
  assert.deepEqual(
    stored!.event.received!.headers.filter(([name]) => /^(authorization|cookie)$/i.test(name)),
    [
      ['Authorization', ''],
      ['Cookie', ''],
    ],
  );
});

test('a flow can call another app’s API with method, URL, headers and body of its own', async () => {
  const source = await makeSource(posthorn, { type: '"order." + body.kind' });
  await makeFlow(posthorn, `${receiver.url}/api`, {
    flow: { sources: [source.id], eventTypes: ['order.*'], when: 'body.amount > 100' },
    destination: {
      auth: { type: 'bearer', token: 'app-token' },
      request: {
        kind: 'call',
        method: 'PATCH',
        url: '/api/customers/{{ body.customer }}?from={{ urlEncode(event.type) }}',
        headers: { 'X-Kind': '{{ body.kind }}' },
        body: '{"total": {{ body.amount }}, "name": {{ json(body.name) }}}',
      },
    },
  });
  const at = receiver.requests.length;
  const order = { kind: 'paid', amount: 250, customer: 'c 1', name: 'Ada "the" first' };
  await source.send({ headers: JSON_HEADER, body: JSON.stringify({ ...order, amount: 5 }) });
  await source.send({ headers: JSON_HEADER, body: JSON.stringify(order) });
  const got = (await receiver.waitFor(at + 1))[at]!;
  assert.equal(got.method, 'PATCH');
  assert.equal(got.url, '/api/customers/c%201?from=order.paid');
  assert.equal(got.headers.authorization, 'Bearer app-token');
  assert.equal(got.headers['x-kind'], 'paid');
  assert.deepEqual(JSON.parse(got.body.toString()), { total: 250, name: 'Ada "the" first' });
});

test('a second call with the same dedupe key within the window is answered like the first and goes nowhere', async () => {
  const source = await makeSource(posthorn, { dedupe: { key: 'body.id', windowSeconds: 60 } });
  await makeFlow(posthorn, receiver.url, { flow: { sources: [source.id] } });
  const at = receiver.requests.length;
  const send = (id: number, n: number) =>
    source.send({ headers: JSON_HEADER, body: JSON.stringify({ id, n }) });
  const first = await send(1, 1);
  const again = await send(1, 2);
  const other = await send(2, 3);
  assert.equal(again.json.id, first.json.id);
  assert.equal(again.headers['posthorn-duplicate'], 'true');
  assert.notEqual(other.json.id, first.json.id);
  assert.equal((await receiver.waitFor(at + 2)).length, at + 2);
});

test('dedupe keys that only begin alike, or are objects, are told apart', async () => {
  const long = 'x'.repeat(300);
  const cases: [string, string, string][] = [
    ['raw', `${long}1`, `${long}2`],
    ['body', '{"a":1}', '{"a":2}'],
    ['query', '{}', '{"a":2}'],
  ];
  for (const [key, first, second] of cases) {
    const source = await makeSource(posthorn, { type: 'query', dedupe: { key, windowSeconds: 60 } });
    const send = (body: string) => source.send({ path: `?q=${body.length}`, headers: JSON_HEADER, body });
    const ids = [await send(first), await send(second), await send(first)].map(({ json }) => json.id);
    assert.equal(new Set(ids).size, 2, key);
    assert.equal(ids[0], ids[2], key);
  }
});

test('deliveries with one ordering key keep their order although the first one fails', async () => {
  const source = await makeSource(posthorn, { orderingKey: 'body.customer' });
  await makeFlow(posthorn, `${receiver.url}/ordered`, {
    flow: { sources: [source.id] },
    destination: { ordering: { scope: 'key' }, retrySchedule: ['50ms', '50ms', '50ms'] },
  });
  const at = receiver.requests.length;
  let failed = 0;
  receiver.answer(({ body }) => (body.includes('"n":1') && failed++ < 2 ? 500 : 200));
  for (const n of [1, 2, 3])
    await source.send({ headers: JSON_HEADER, body: JSON.stringify({ customer: 'ada', n }) });
  const got = (await receiver.waitFor(at + 5)).slice(at).map(({ body }) => JSON.parse(body.toString()).n);
  receiver.answer(200);
  assert.deepEqual(got, [1, 1, 1, 2, 3]);
});

test('answers: fixed, from a template with an HMAC, and one that fails is still stored', async () => {
  const fixed = await makeSource(posthorn, {
    answer: { kind: 'static', status: 201, headers: { 'x-a': 'b' }, body: 'thanks' },
  });
  const said = await fixed.send({ body: 'x' });
  assert.deepEqual([said.status, said.headers['x-a'], said.text], [201, 'b', 'thanks']);
  const templated = await makeSource(posthorn, {
    values: { key: 'k3y' },
    answer: {
      kind: 'template',
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: '{"got": {{ json(body.msg) }}, "mac": "{{ hmac("sha256", secret("key"), raw, "hex") }}"}',
    },
  });
  const body = '{"msg":"hi"}';
  const answered = await templated.send({ headers: JSON_HEADER, body });
  assert.deepEqual(answered.json, {
    got: 'hi',
    mac: createHmac('sha256', 'k3y').update(body).digest('hex'),
  });
  const failing = await templated.send({ headers: JSON_HEADER, body: '{}' });
  assert.equal(failing.status, 202);
  assert.match(failing.json.id, /^evt_/);
});

test('an answer’s status may depend on the call; one that cannot be told is no yes', async () => {
  const source = await makeSource(posthorn, {
    answer: {
      kind: 'template',
      status: '{{ body.branch == "main" ? 409 : 200 }}',
      body: '{{ body.branch }}',
    },
  });
  const answerTo = async (body: string) => {
    const { status, text, headers } = await source.send({ headers: JSON_HEADER, body });
    assert.match(String(headers['posthorn-event-id']), /^evt_/);
    return [status, text];
  };
  assert.deepEqual(await answerTo('{"branch":"main"}'), [409, 'main']);
  assert.deepEqual(await answerTo('{"branch":"next"}'), [200, 'next']);
  assert.equal((await answerTo('{}'))[0], 500);
  for (const answer of [
    { kind: 'template', status: '{{ body. }}' },
    { kind: 'static', status: '{{ 200 }}' },
    { kind: 'template', status: 99 },
  ]) {
    const refused = await posthorn.call('POST', '/api/v1/source', { body: { name: 'x', answer } });
    assert.equal(refused.status, 422, JSON.stringify(answer));
    assert.match(refused.text, /answer/);
  }
});

test('limits: size, rate and method are told with the right status, and other sources do not notice', async () => {
  const small = await makeSource(posthorn, { bodyBytesMax: 10, methods: ['POST'] });
  assert.equal((await small.send({ body: 'x'.repeat(11) })).status, 413);
  assert.equal((await small.send({ method: 'PUT', body: 'x' })).status, 405);
  assert.equal((await small.send({ body: 'x'.repeat(70_000) })).status, 413);
  const slow = await makeSource(posthorn, { rateLimit: 1 });
  assert.equal((await slow.send({ body: 'x' })).status, 202);
  const refused = await slow.send({ body: 'x' });
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers['retry-after']) >= 1);
  assert.equal((await (await makeSource(posthorn)).send({ body: 'x' })).status, 202);
});

test('a body that a proxy compressed verifies over what the sender signed', async () => {
  const source = await makeSource(posthorn, GITHUB);
  const body = '{"ref":"x"}';
  const headers: [string, string][] = [...signedByGithub(body, 's3cret'), ['Content-Encoding', 'gzip']];
  assert.equal((await source.send({ headers, body: gzipSync(body) })).status, 202);
  const bomb = gzipSync(Buffer.alloc(40 * 1024 * 1024));
  const answer = await source.send({ headers, body: bomb });
  assert.ok(answer.status === 413 || answer.status === 401, String(answer.status));
});

test('what is neither signed nor compressed as it says is refused like any forgery, and is no bug', async () => {
  const source = await makeSource(posthorn, GITHUB);
  const bomb = gzipSync(Buffer.alloc(20_000_000));
  for (const [encoding, body] of [
    ['gzip', 'no gzip'],
    ['gzip', bomb],
    ['odd', 'x'],
  ] as const) {
    const headers: [string, string][] = [...signedByGithub(body, 'guess'), ['Content-Encoding', encoding]];
    assert.equal((await source.send({ headers, body })).status, 401);
  }
  assert.equal((await rejections(source.id)).length, 3);
  assert.ok(!posthorn.lines.some(({ event }) => event === 'operation.refused'));
});

test('what cannot be read is taken with the reason, or refused where the source says so', async () => {
  const lenient = await makeSource(posthorn);
  assert.equal((await lenient.send({ headers: JSON_HEADER, body: '{"a":' })).status, 202);
  const strict = await makeSource(posthorn, { onParseError: 'refuse' });
  const answer = await strict.send({ headers: JSON_HEADER, body: '{"a":' });
  assert.equal(answer.status, 400);
  assert.equal((await rejections(strict.id))[0]!.reason, 'unreadable');
});

test('any content type is taken, also none and one that is no type', async () => {
  const source = await makeSource(posthorn);
  for (const type of ['text/csv', 'application/x-who-knows', ';;;', 'multipart/form-data']) {
    const answer = await source.send({ headers: [['Content-Type', type]], body: 'a,b\n1,2' });
    assert.equal(answer.status, 202, type);
  }
  assert.equal((await source.send({ body: Buffer.from([0xff, 0, 0xfe]) })).status, 202);
});

test('an old secret is accepted until it runs out, and a removed one is not', async () => {
  const source = await makeSource(posthorn, GITHUB);
  const rotated = await posthorn.call('POST', `/api/v1/source/${source.id}/secret/rotate`, {
    body: { secret: 'newer', keepOldSeconds: 60 },
  });
  assert.equal(rotated.status, 200);
  const body = '{}';
  const statusWith = async (secret: string) =>
    (await source.send({ headers: signedByGithub(body, secret), body })).status;
  assert.deepEqual([await statusWith('newer'), await statusWith('s3cret')], [202, 202]);
  await posthorn.call('PATCH', `/api/v1/source/${source.id}`, { body: { secrets: ['newer'] } });
  assert.deepEqual([await statusWith('newer'), await statusWith('s3cret')], [202, 401]);
});

test('a handshake is answered and makes no event', async () => {
  const source = await makeSource(posthorn, {
    provider: 'facebook',
    secrets: ['app-secret'],
    providerConfig: { verifyToken: 'mine' },
  });
  const path = '?hub.mode=subscribe&hub.verify_token=mine&hub.challenge=1158201444';
  const answer = await source.send({ method: 'GET', path });
  assert.deepEqual([answer.status, answer.text], [200, '1158201444']);
  const guess = await source.send({ method: 'GET', path: path.replace('=mine', '=guess') });
  assert.ok(guess.status === 401 || guess.status === 403, String(guess.status));
});

test('of secrets that are announced at the same time one is kept, and only its sender is told so', async () => {
  const source = await makeSource(posthorn, { provider: 'asana', allowCapture: true });
  const answers = await Promise.all(
    Array.from({ length: 10 }, async (_, n) => {
      const headers: [string, string][] = [['X-Hook-Secret', `secret ${n}`]];
      return { n, status: (await source.send({ headers, body: '{}' })).status };
    }),
  );
  const kept = answers.filter(({ status }) => status === 200).map(({ n }) => `secret ${n}`);
  const { secrets } = (await posthorn.call('GET', `/api/v1/source/${source.id}/secret`)).json;
  assert.deepEqual(
    secrets.map(({ secret }: { secret: string }) => secret),
    kept,
  );
});

test('HEAD and OPTIONS bring nothing, so they are no events', async () => {
  const source = await makeSource(posthorn);
  for (const method of ['HEAD', 'OPTIONS']) {
    const answer = await source.send({ method });
    assert.deepEqual([answer.status, answer.headers['posthorn-event-id']], [204, undefined], method);
  }
});

test('what an API gives as a secret in the query is sealed at rest and still forwarded', async () => {
  const source = await makeSource(posthorn, { provider: 'alertgrid', secrets: ['ap1-id'] });
  await makeFlow(posthorn, receiver.url, { flow: { sources: [source.id] } });
  const at = receiver.requests.length;
  const sent = await source.send({ method: 'GET', path: '?api_id=ap1-id&receiver_name=disk&free=9' });
  assert.equal(sent.status, 202);
  assert.equal((await receiver.waitFor(at + 1))[at]!.url, '/?api_id=ap1-id&receiver_name=disk&free=9');
  const shown = await posthorn.call('GET', `/api/v1/event/${sent.json.id}`);
  assert.equal(shown.json.type, 'disk');
  assert.ok(!shown.text.includes('ap1-id'), shown.text);
});

test('a browser of another site may send, and is told so', async () => {
  const source = await makeSource(posthorn);
  const answer = await source.send({
    method: 'OPTIONS',
    headers: [
      ['Origin', 'https://example.com'],
      ['Access-Control-Request-Method', 'POST'],
    ],
  });
  assert.equal(answer.status, 204);
  assert.equal(answer.headers['access-control-allow-origin'], '*');
});

test('a disabled or deleted source takes nothing, and a new URL replaces the old one', async () => {
  const source = await makeSource(posthorn);
  const moved = await posthorn.call('POST', `/api/v1/source/${source.id}/rotate-url`);
  assert.equal((await source.send({ body: 'x' })).status, 404);
  const path = new URL(moved.json.url).pathname;
  const status = async () => (await posthorn.call('POST', path, { token: null, body: 'x' })).status;
  assert.equal(await status(), 202);
  await posthorn.call('PATCH', `/api/v1/source/${source.id}`, { body: { disabled: true } });
  assert.equal(await status(), 404);
  await posthorn.call('PATCH', `/api/v1/source/${source.id}`, { body: { disabled: false } });
  assert.equal(await status(), 202);
  assert.equal((await posthorn.call('DELETE', `/api/v1/source/${source.id}`)).status, 204);
  assert.equal(await status(), 404);
});
