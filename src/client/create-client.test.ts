import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startPosthorn, type TestPosthorn } from '../../test/support/posthorn.ts';
import { makeSource, type TestSource } from '../../test/support/source.ts';
import { type Client, createClient } from './create-client.ts';
import type { ServerProblem } from './server-problem.ts';

let posthorn: TestPosthorn;
let client: Client;
let source: TestSource;

before(async () => {
  posthorn = await startPosthorn();
  client = createClient({ serverUrl: `${posthorn.url}/`, token: () => posthorn.token });
  source = await makeSource(posthorn, { uid: 'own', secrets: ['s'], provider: 'github' });
});
after(() => posthorn.stop());

const refused = (status: number | null, code: string, words: RegExp) => (cause: ServerProblem) => {
  assert.deepEqual([cause.name, cause.status, cause.code], ['ServerProblem', status, code]);
  assert.match(cause.message, words);
  return true;
};

test('sources, their secrets and events are answered as documents', async () => {
  assert.equal((await client.getSource('own')).id, source.id);
  assert.equal((await client.listSources({ limit: 1 })).data[0]!.uid, 'own');
  assert.equal((await client.getSourceSecrets('own')).secrets[0]!.secret, 's');
  assert.deepEqual(
    (await client.listEvents({ source: ['own'], where: ['body.a="x,y"', 'body.b=1'] })).data,
    [],
  );
});

test('what the server refuses is one kind of error, with its sentence and whether waiting helps', async () => {
  await assert.rejects(client.getSource('nobody'), refused(404, 'not_found', /check its id or uid/));
  await assert.rejects(
    client.listEvents({ where: ['body.a'] }),
    refused(422, 'validation', /has no operator/),
  );
  await assert.rejects(client.getTask('x'), refused(404, 'not_found', /background task/));
  const stranger = createClient({ serverUrl: posthorn.url, token: () => 'x' });
  await assert.rejects(
    stranger.getSource('own'),
    (cause: ServerProblem) => cause.status === 401 && !cause.isPassing,
  );
  await assert.rejects(
    stranger.tailEvents({}, { after: null, signal: new AbortController().signal }).next(),
    /./,
  );
});

test('no answer says whom it was expected from', async () => {
  const nobody = createClient({ serverUrl: 'http://127.0.0.1:1', token: () => 'x' });
  await assert.rejects(nobody.getSource('own'), (cause: ServerProblem) => {
    assert.equal(cause.isPassing, true);
    return refused(null, 'unreachable', /No answer from http:\/\/127\.0\.0\.1:1 \(.*\)/)(cause);
  });
});

test('a server that is another one is told by its answer', async () => {
  const other = createClient({ serverUrl: `${posthorn.url}/docs`, token: () => posthorn.token });
  await assert.rejects(other.getSource('own'), (cause: ServerProblem) => cause.status === 404);
});
