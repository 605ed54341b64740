import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';
import { makeSource } from '../../../../test/support/source.ts';
import type { SourceId } from '../../../core/ids.ts';

let posthorn: TestPosthorn;
before(async () => {
  posthorn = await startPosthorn();
});
after(() => posthorn.stop());

test('an answer cannot have headers that are none, or the connection’s own', async () => {
  for (const name of ['bad name', '', 'X:', 'Content-Length', 'Transfer-Encoding', 'Connection', 'Upgrade'])
    for (const kind of ['static', 'template']) {
      const body = { name: 'a source', answer: { kind, headers: { [name]: 'x' }, body: 'hello' } };
      const refused = await posthorn.call('POST', '/api/v1/source', { body });
      assert.equal(refused.status, 422, `${kind} ${name}`);
    }
});

test('what a provider cannot use is told at the member that has it', async () => {
  const refused = async (body: object) =>
    (await posthorn.call('POST', '/api/v1/source', { body: { name: 'a source', ...body } })).json;
  const misspelt = await refused({ provider: 'strpe', secrets: ['x'] });
  assert.equal(misspelt.errors[0].pointer, '#/provider');
  assert.match(misspelt.detail, /did you mean "stripe"\?/);
  const stranger = await refused({ provider: 'github', secrets: ['x'], providerConfig: { app: 'y' } });
  assert.equal(stranger.errors[0].pointer, '#/providerConfig/app');
  assert.equal((await refused({ provider: 'sendgrid', secrets: ['no key'] })).errors[0].pointer, '#/secrets');
  assert.equal((await refused({ payloadFrom: 'payload' })).errors[0].pointer, '#/payloadFrom');
});

test('an answer says what its bytes are, and is no page of this origin', async () => {
  const headers = { 'Content-Type': 'text/html', 'X-Line': 'a\r\nb' };
  const source = await makeSource(posthorn, { answer: { kind: 'static', headers, body: '<script>' } });
  const answer = await source.send({ body: 'x' });
  assert.equal(answer.headers['content-type'], 'text/html');
  assert.equal(answer.headers['x-line'], 'a  b');
  assert.equal(answer.headers['content-security-policy'], 'sandbox');
  assert.equal(answer.headers['x-content-type-options'], 'nosniff');
});

test('a call of one’s own has a content type that can be sent', async () => {
  for (const contentType of ['text/plain\r\nX-Evil: 1', 'é€', 'text']) {
    const request = { kind: 'call', contentType, body: 'x' };
    const body = { url: 'https://receiver.example/', request };
    const refused = await posthorn.call('POST', '/api/v1/destination', { body });
    assert.equal(refused.status, 422, contentType);
    assert.equal(refused.json.errors[0].pointer, '#/request/contentType');
  }
});

test('a call of one’s own that could never be sent is refused when it is saved', async () => {
  const make = (request: object) =>
    posthorn.call('POST', '/api/v1/destination', {
      body: { url: 'https://receiver.example/hook', request: { kind: 'call', ...request } },
    });
  const elsewhere = await make({ url: 'https://other.example/{{ body.id }}' });
  assert.equal(elsewhere.json.errors[0].pointer, '#/request/url');
  assert.match(elsewhere.json.detail, /stay at https:\/\/receiver\.example/);
  assert.equal((await make({ url: 'https://receiver.example:444/x' })).status, 422);
  const header = await make({ headers: { 'Content-Type': 'text/plain' }, body: 'x' });
  assert.match(header.json.detail, /"contentType", beside "headers"/);
  for (const url of ['https://RECEIVER.example:443/{{ body.id }}', '/{{ body.id }}', '{{ body.url }}'])
    assert.equal((await make({ url })).status, 201, url);
});

test('a credential in a call of one’s own is sent to where it is sealed', async () => {
  const make = (headers: Record<string, string>) =>
    posthorn.call('POST', '/api/v1/destination', {
      body: { url: 'https://receiver.example/', request: { kind: 'call', headers } },
    });
  const refused = await make({ authorization: 'Bearer abc' });
  assert.equal(refused.status, 422);
  assert.match(refused.json.detail, /"headers" or "auth"/);
  assert.equal((await make({ Authorization: '{{ headers["authorization"] }}' })).status, 201);
});

test('what a provider is configured with is sealed and masked where it proves something', async () => {
  const providerConfig = { verificationToken: 'v'.repeat(40), accessToken: 'o'.repeat(40) };
  const source = await makeSource(posthorn, { provider: 'ebay', providerConfig });
  const shown = (await posthorn.call('GET', `/api/v1/source/${source.id}`)).json.providerConfig;
  assert.ok(!Object.values(shown).some((value) => /vvv|ooo/.test(String(value))), JSON.stringify(shown));
  const id = source.id.slice('src_'.length) as SourceId;
  const stored = await posthorn.storage.catalog.find(posthorn.organization, 'source', { id }, null);
  assert.doesNotMatch(JSON.stringify(stored), /vvv|ooo/);
  const log = await posthorn.call('GET', '/api/v1/audit?limit=50');
  assert.doesNotMatch(log.text, /vvvv|oooo/);
  await posthorn.call('PATCH', `/api/v1/source/${source.id}`, { body: { name: 'b', providerConfig: shown } });
  const answer = await source.send({ method: 'GET', path: '?challenge_code=abc' });
  const url = `http://posthorn.test${source.path}`;
  const digest = createHash('sha256').update(`abc${providerConfig.verificationToken}${url}`).digest('hex');
  assert.deepEqual(answer.json, { challengeResponse: digest });
});
