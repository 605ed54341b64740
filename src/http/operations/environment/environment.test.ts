import assert from 'node:assert/strict';
import test from 'node:test';
import { type ApiException, Svix } from 'svix';
import { startPosthorn, type TestPosthorn } from '../../../../test/support/posthorn.ts';

const is = (code: number) => (error: ApiException<unknown>) => error.code === code;

/** The SDK, with the applications asked for: a query parameter that it does not know. */
function withApplications(posthorn: TestPosthorn): Svix {
  const asking: typeof fetch = (input, init) => {
    const url = input.toString();
    return fetch(url.endsWith('/environment/export') ? `${url}?include_applications=true` : url, init);
  };
  return new Svix(posthorn.token, { serverUrl: posthorn.url, numRetries: 0, fetch: asking });
}

const timeless = <T extends { createdAt: unknown; updatedAt: unknown }>({
  createdAt,
  updatedAt,
  ...rest
}: T) => rest;

test('event types go through the SDK to another organization and nothing of them is lost', async () => {
  await using posthorn = await startPosthorn();
  const { sdk } = posthorn;
  const schemas = { '1': { type: 'object', properties: { id: { type: 'string' } } } };
  await sdk.eventType.create({
    name: 'full',
    description: 'd',
    deprecated: true,
    schemas,
    groupName: 'g',
    featureFlags: ['f'],
  });
  await sdk.eventType.create({ name: 'gone', description: '', archived: true });
  await posthorn.call('POST', '/api/v1/event-type', {
    body: { name: 'paced', description: '', retrySchedule: [1, 2.5] },
  });
  const exported = await sdk.environment.export();
  assert.deepEqual([exported.version, exported.connectors], [1, []]);
  const token = await posthorn.tokenOf('org_elsewhere');
  const other = posthorn.sdkFor(token);
  await other.environment.import(exported);
  const again = await other.environment.export();
  assert.deepEqual(again.eventTypes.map(timeless), exported.eventTypes.map(timeless));
  assert.deepEqual(again.settings, exported.settings);
  const paced = await posthorn.call('GET', '/api/v1/event-type/paced', { token });
  assert.deepEqual(paced.json.retrySchedule, [1, 2.5]);
});

test('an import adds and updates, keeps what it does not name, and deletes nothing', async () => {
  await using posthorn = await startPosthorn();
  const { sdk } = posthorn;
  await sdk.eventType.create({ name: 'a', description: 'old', groupName: 'g' });
  await sdk.eventType.create({ name: 'b', description: 'b' });
  await sdk.environment.import({
    eventTypes: [
      { name: 'a', description: 'new' },
      { name: 'c', description: 'c' },
    ],
  });
  const { data } = await sdk.eventType.list();
  assert.deepEqual(
    data.map(({ name, description, groupName }) => [name, description, groupName ?? null]),
    [
      ['a', 'new', 'g'],
      ['b', 'b', null],
      ['c', 'c', null],
    ],
  );
  await sdk.environment.import({});
});

test('applications and endpoints go along without their secrets, and arrive disabled', async () => {
  await using posthorn = await startPosthorn();
  const sdk = withApplications(posthorn);
  await sdk.eventType.create({ name: 'a.one', description: '' });
  const named = await sdk.application.create({
    name: 'Ada',
    uid: 'ada',
    metadata: { plan: 'gold' },
    throttleRate: 7,
  });
  const nameless = await sdk.application.create({ name: 'Ben' });
  const headers = { 'X-Key': 'hidden-header' };
  const endpoint = { url: 'https://ada.example/in', eventTypes: ['a.one'], channels: ['red'], headers };
  const { id } = await sdk.endpoint.create(named.id, { ...endpoint, uid: 'main', description: 'd' });
  await sdk.endpoint.transformation.patch(named.id, id, {
    code: 'code()',
    variables: { key: 'hidden-variable' },
  });
  const exported = await sdk.environment.export();
  const text = JSON.stringify(exported);
  for (const hidden of ['whsec_', 'hidden-header', 'hidden-variable'])
    assert.ok(!text.includes(hidden), hidden);
  const other = posthorn.sdkFor(await posthorn.tokenOf('org_elsewhere'));
  for (let times = 0; times < 2; times++) await other.environment.import(exported);
  const applications = (await other.application.list()).data;
  // Applications that are made in the same 4 ms come in any order.
  applications.sort((one, next) => (one.name < next.name ? -1 : 1));
  assert.deepEqual(
    applications.map(({ uid, name, throttleRate, metadata }) => [uid, name, throttleRate, metadata]),
    [
      ['ada', 'Ada', 7, { plan: 'gold' }],
      [nameless.id.slice('app_'.length), 'Ben', null, {}],
    ],
  );
  const [arrived] = (await other.endpoint.list('ada')).data;
  assert.deepEqual(
    [
      arrived?.uid,
      arrived?.url,
      arrived?.eventTypes,
      arrived?.channels,
      arrived?.description,
      arrived?.disabled,
    ],
    ['main', endpoint.url, ['a.one'], ['red'], 'd', true],
  );
  assert.equal((await other.endpoint.transformation.get('ada', 'main')).code, 'code()');
  await sdk.environment.import(exported);
  const stayed = await sdk.endpoint.get('ada', 'main');
  assert.deepEqual([stayed.id, stayed.disabled], [id, false]);
  assert.deepEqual((await sdk.endpoint.getHeaders('ada', 'main')).headers, headers);
});

test('what cannot be imported whole is refused whole, and foreign settings are named', async () => {
  await using posthorn = await startPosthorn();
  const { sdk } = posthorn;
  const a = { name: 'a', description: '' };
  await assert.rejects(sdk.environment.import({ eventTypes: [a, a] }), is(422));
  await assert.rejects(
    sdk.environment.import({ eventTypes: [a, { name: 'not good', description: '' }] }),
    is(422),
  );
  await assert.rejects(
    sdk.environment.import({ eventTypes: [a], settings: { eventTypeRetrySchedules: { z: [1] } } }),
    is(422),
  );
  const connector = { name: 'Slack', transformation: '' };
  await assert.rejects(sdk.environment.import({ eventTypes: [a], connectors: [connector] }), is(422));
  const lost = {
    uid: 'x',
    name: 'X',
    endpoints: [{ uid: 'e', url: 'https://x.example', eventTypes: ['gone'] }],
  };
  await assert.rejects(
    sdk.environment.import({ eventTypes: [a], settings: { applications: [lost] } }),
    is(422),
  );
  assert.deepEqual((await sdk.eventType.list()).data, []);
  assert.deepEqual((await sdk.application.list()).data, []);
  const body = { eventTypes: [a], settings: { customColor: '#fff' } };
  const { status, headers } = await posthorn.call('POST', '/api/v1/environment/import', { body });
  assert.deepEqual(
    [status, headers.get('posthorn-notice')],
    [204, 'Settings that mean nothing here were left out: customColor'],
  );
});

test('code in an import is as bounded as code that is set', async () => {
  await using posthorn = await startPosthorn();
  const transformation = { code: 'x'.repeat(50_001), enabled: true };
  const endpoints = [{ uid: 'e', url: 'https://x.example/', transformation }];
  const body = { settings: { applications: [{ uid: 'a', name: 'a', endpoints }] } };
  assert.equal((await posthorn.call('POST', '/api/v1/environment/import', { body })).status, 422);
  assert.equal((await posthorn.call('GET', '/api/v1/app/a')).status, 404);
});
