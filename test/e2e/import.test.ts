/** What comes over from another server, seen through the published client on both sides. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { Svix } from 'svix';
import { newSigningKeyText } from '../../src/core/signing/standard-webhooks.ts';
import { startPosthorn, type TestPosthorn } from '../support/posthorn.ts';
import { startReceiver } from '../support/receiver.ts';
import { freePort, run, ServerProcess, temporaryFolder } from './command.ts';

const SECRET = `whsec_${Buffer.from('a secret that the receivers know').toString('base64')}`;
const OTHER_SECRET = `whsec_${Buffer.from('another one that they do know too').toString('base64')}`;
const KINDS = ['event types', 'applications', 'endpoints', 'operational webhook endpoints', 'integrations'];

interface Told {
  readonly exitCode: number | null;
  readonly counts: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly leftBehind: readonly { readonly subject: string; readonly reason: string }[];
  readonly notes: readonly string[];
}

async function importFrom(old: TestPosthorn, dataDir: string, ...more: string[]): Promise<Told> {
  const args = ['--json', 'import', '--from', old.url, '--organization', old.organization, ...more];
  const settings = { POSTHORN_DATA_DIR: dataDir, POSTHORN_IMPORT_TOKEN: old.token };
  const { exitCode, stdout, stderr } = await run(args, settings);
  assert.match(stderr, /^(import: \d+ found …\n)*$/, 'nothing but progress');
  return { exitCode, ...(JSON.parse(stdout) as Omit<Told, 'exitCode'>) };
}

/** How many of all kinds: `{new: 5, unchanged: 2}`, without zeros. */
function sums({ counts }: Told): Record<string, number> {
  assert.deepEqual(Object.keys(counts), KINDS);
  const all = Object.values(counts).flatMap((row) => Object.entries(row));
  const sum: Record<string, number> = {};
  for (const [name, count] of all) if (count > 0) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

async function withNew<T>(
  old: TestPosthorn,
  dataDir: string,
  use: (sdk: Svix, server: ServerProcess) => Promise<T>,
): Promise<T> {
  await using server = new ServerProcess(await freePort(), { POSTHORN_DATA_DIR: dataDir });
  await server.start();
  const sdk = new Svix(await server.token(old.organization), { serverUrl: server.url, numRetries: 0 });
  const result = await use(sdk, server);
  assert.equal(await server.end('SIGTERM'), 0);
  return result;
}

/** Everything that a client can read, without the times of the last change. */
async function configurationOf(sdk: Svix): Promise<unknown> {
  const types = await sdk.eventType.list({ includeArchived: true, withContent: true, limit: 250 });
  const applications = [];
  for (const application of (await sdk.application.list({ limit: 250 })).data) {
    const endpoints = [];
    for (const endpoint of (await sdk.endpoint.list(application.id, { limit: 250 })).data) {
      const ids = [application.id, endpoint.id] as const;
      const { code, enabled, variables } = await sdk.endpoint.transformation.get(...ids);
      endpoints.push({
        ...endpoint,
        secret: await sdk.endpoint.getSecret(...ids),
        headers: await sdk.endpoint.getHeaders(...ids),
        transformation: { code, enabled, variables },
      });
    }
    applications.push({ ...application, endpoints });
  }
  const operational = [];
  for (const endpoint of (await sdk.operationalWebhook.endpoint.list()).data) {
    const secret = await sdk.operationalWebhook.endpoint.getSecret(endpoint.id);
    const headers = await sdk.operationalWebhook.endpoint.getHeaders(endpoint.id);
    operational.push({ ...endpoint, secret, headers });
  }
  const text = JSON.stringify({ types: types.data, applications, operational });
  return JSON.parse(text, (name, value) => (name === 'updatedAt' ? undefined : value)) as unknown;
}

/** Something of everything that can be brought whole. */
async function fill({ sdk }: TestPosthorn, url: string): Promise<void> {
  await sdk.eventType.create({
    name: 'invoice.paid',
    description: 'Money came',
    groupName: 'invoice',
    featureFlags: ['beta', 'alpha'],
    schemas: { '1': { type: 'object', required: ['id', 'at'] } },
  });
  await sdk.eventType.create({ name: 'invoice.old', description: '', archived: true });
  await sdk.eventType.create({ name: 'user.new', description: '', deprecated: true });
  await sdk.application.create({ name: 'Nobody' });
  const ada = await sdk.application.create({
    name: 'Ada',
    uid: 'ada',
    throttleRate: 50,
    metadata: { plan: 'gold', region: 'eu' },
  });
  await sdk.endpoint.create(ada.id, {
    url: `${url}/main`,
    uid: 'main',
    description: 'The main one',
    secret: SECRET,
    eventTypes: ['user.new', 'invoice.paid'],
    channels: ['eu', 'de'],
    metadata: { team: 'billing' },
    throttleRate: 20,
    headers: { 'X-Tenant': '42', 'x-Kind': 'hook' },
  });
  const plain = await sdk.endpoint.create(ada.id, { url: `${url}/plain`, disabled: true });
  const transformation = { code: 'handler = (webhook) => webhook', enabled: false, variables: { a: '1' } };
  await sdk.endpoint.transformation.patch(ada.id, plain.id, transformation);
  await sdk.operationalWebhook.endpoint.create({
    url: `${url}/operational`,
    uid: 'ops',
    secret: SECRET,
    eventTypes: ['endpoint.disabled'],
  });
}

test('ids, uids, secrets, headers, filters and metadata come over, and the old secret still verifies', async () => {
  await using old = await startPosthorn();
  await using receiver = await startReceiver();
  using folder = temporaryFolder();
  await fill(old, receiver.url);

  const told = await importFrom(old, folder.path);
  assert.deepEqual([told.exitCode, sums(told), told.leftBehind], [0, { found: 8, new: 8 }, []]);
  const before = await configurationOf(old.sdk);
  await withNew(old, folder.path, async (sdk) => {
    assert.deepEqual(await configurationOf(sdk), before);
    const published = await sdk.message.create('ada', {
      eventType: 'invoice.paid',
      payload: { id: 'in_1' },
      channels: ['eu'],
    });
    const [received] = await receiver.waitFor(1);
    assert.equal(received?.url, '/main');
    assert.equal(received?.headers['x-tenant'], '42');
    assert.equal(received?.headers['webhook-id'], published.id);
    const headers = received?.headers as Record<string, string>;
    assert.deepEqual(new Webhook(SECRET).verify(received!.body, headers), { id: 'in_1' });
  });

  const again = await importFrom(old, folder.path);
  assert.deepEqual([again.exitCode, sums(again)], [0, { found: 8, unchanged: 8 }]);
});

test('what changed over there since is updated here, and nothing is deleted', async () => {
  await using old = await startPosthorn();
  using folder = temporaryFolder();
  await fill(old, 'https://ada.example');
  await importFrom(old, folder.path);

  await old.sdk.application.patch('ada', { name: 'Ada Ltd', metadata: { plan: 'free' } });
  await old.sdk.endpoint.patch('ada', 'main', { channels: null, disabled: true });
  await old.sdk.endpoint.rotateSecret('ada', 'main', { key: OTHER_SECRET });
  await old.sdk.endpoint.setHeaders('ada', 'main', { headers: { 'X-Tenant': '43' } });
  await old.sdk.eventType.patch('invoice.paid', { description: 'Money came in' });
  await old.sdk.operationalWebhook.endpoint.delete('ops');
  const told = await importFrom(old, folder.path);
  assert.deepEqual([told.exitCode, sums(told)], [0, { found: 7, updated: 3, unchanged: 4 }]);
  await withNew(old, folder.path, async (sdk) => {
    const { operational, ...rest } = (await configurationOf(sdk)) as { operational: unknown[] };
    const { operational: _none, ...wanted } = (await configurationOf(old.sdk)) as { operational: unknown[] };
    assert.deepEqual(rest, wanted);
    assert.equal(operational.length, 1);
  });
});

test('what a server does not give away is named, its endpoint waits disabled, and what was added by hand stays', async () => {
  await using old = await startPosthorn();
  using folder = temporaryFolder();
  const { sdk } = old;
  const url = 'https://ada.example/in';
  await sdk.application.create({ name: 'Ada', uid: 'ada' });
  const headers = { Authorization: 'Bearer secret', 'X-Plain': '1' };
  await sdk.endpoint.create('ada', { url, uid: 'hidden-header', headers });
  const pair = newSigningKeyText('ed25519', new Uint8Array(32).fill(7));
  await sdk.endpoint.create('ada', { url, uid: 'hidden-key', secret: pair });
  await old.call('POST', '/api/v1/app/ada/endpoint', {
    body: { url: 'https://u:p@ada.example/', uid: 'login' },
  });
  await sdk.endpoint.create('ada', { url, uid: 'code' });
  const transformation = { code: 'handler = (webhook) => webhook', enabled: true };
  await sdk.endpoint.transformation.patch('ada', 'code', transformation);
  await sdk.integration.create('ada', { name: 'Partner', featureFlags: ['beta'] });

  const told = await importFrom(old, folder.path);
  assert.deepEqual([told.exitCode, sums(told)], [6, { found: 6, new: 6, incomplete: 5 }]);
  const reasons = told.leftBehind.map(({ subject, reason }) => `${subject}: ${reason}`).join('\n');
  assert.match(
    reasons,
    /hidden-header.*of app_\w+ \(ada\): Came without the value of its header Authorization/,
  );
  assert.match(reasons, /hidden-key.*the private key of its Ed25519 signatures/);
  assert.match(reasons, /login.*its credentials/);
  assert.match(reasons, /code.*its transformation, which is kept but does not run/);
  assert.match(reasons, /integ_\w+ of app_.*key\/rotate/);
  await withNew(old, folder.path, async (now) => {
    const endpoints = (await now.endpoint.list('ada')).data;
    assert.deepEqual(
      endpoints.map(({ uid, disabled }) => [uid, disabled]),
      ['hidden-header', 'hidden-key', 'login', 'code'].map((uid) => [uid, true]),
    );
    assert.deepEqual((await now.endpoint.getHeaders('ada', 'hidden-header')).headers, { 'X-Plain': '1' });
    await now.endpoint.patchHeaders('ada', 'hidden-header', { headers: { Authorization: 'Bearer secret' } });
    await now.endpoint.rotateSecret('ada', 'hidden-key', { key: pair, gracePeriodSeconds: 0 });
    await now.endpoint.patch('ada', 'code', { disabled: false });
  });

  const again = await importFrom(old, folder.path);
  assert.deepEqual(sums(again), { found: 6, updated: 2, unchanged: 4, incomplete: 3 });
  await withNew(old, folder.path, async (now) => {
    const endpoints = (await now.endpoint.list('ada')).data;
    const enabled = endpoints.filter(({ disabled }) => !disabled).map(({ uid }) => uid);
    assert.deepEqual(enabled, ['hidden-header', 'hidden-key', 'code'], 'what is whole is as it is there');
    assert.deepEqual((await now.endpoint.getHeaders('ada', 'hidden-header')).sensitive, ['Authorization']);
    assert.deepEqual(
      await now.endpoint.getSecret('ada', 'hidden-key'),
      await sdk.endpoint.getSecret('ada', 'hidden-key'),
    );
  });
});

test('a uid that is taken here is reported, its application stays away with all it has, the others come', async () => {
  await using old = await startPosthorn();
  await using other = await startPosthorn();
  using folder = temporaryFolder();
  await other.sdk.application.create({ name: 'Ours', uid: 'ada' });
  assert.equal((await importFrom(other, folder.path)).exitCode, 0);
  await old.sdk.application.create({ name: 'Theirs', uid: 'ada' });
  await old.sdk.endpoint.create('ada', { url: 'https://ada.example/in' });
  await old.sdk.application.create({ name: 'Bob', uid: 'bob' });
  const told = await importFrom(old, folder.path);
  assert.deepEqual([told.exitCode, sums(told)], [6, { found: 2, new: 1, skipped: 1 }]);
  assert.match(told.leftBehind[0]!.subject, /^app_\w+ \(ada\), with its endpoints$/);
  assert.match(told.leftBehind[0]!.reason, /uid "ada" is taken here by /);
  await withNew(old, folder.path, async (sdk) => {
    assert.equal((await sdk.application.get('ada')).name, 'Ours');
    assert.equal((await sdk.application.get('bob')).name, 'Bob');
  });
});

test('lists of many pages come whole', async () => {
  await using old = await startPosthorn();
  using folder = temporaryFolder();
  const many = Array.from({ length: 260 }, (_, at) => String(at).padStart(3, '0'));
  await old.sdk.application.create({ name: 'Ada', uid: 'ada' });
  for (const at of many) {
    await old.sdk.eventType.create({ name: `type.${at}`, description: '' });
    await old.sdk.application.create({ name: at, uid: `app-${at}` });
    await old.sdk.endpoint.create('ada', { url: 'https://ada.example/in', uid: `endpoint-${at}` });
  }
  const told = await importFrom(old, folder.path);
  assert.deepEqual([told.exitCode, sums(told)], [0, { found: 781, new: 781 }]);
  const again = await importFrom(old, folder.path);
  assert.deepEqual([again.exitCode, sums(again)], [0, { found: 781, unchanged: 781 }]);
});

test('a dry run says the same and leaves nothing behind, with a store and without one', async () => {
  await using old = await startPosthorn();
  using folder = temporaryFolder();
  const dataDir = join(folder.path, 'data');
  await fill(old, 'https://ada.example');
  const dry = await importFrom(old, dataDir, '--dry-run');
  assert.deepEqual([dry.exitCode, sums(dry)], [0, { found: 8, new: 8 }]);
  assert.ok(!existsSync(dataDir));
  await importFrom(old, dataDir);
  await old.sdk.application.patch('ada', { name: 'Ada Ltd' });
  for (const _time of [1, 2])
    assert.deepEqual(sums(await importFrom(old, dataDir, '--dry-run')), {
      found: 8,
      updated: 1,
      unchanged: 7,
    });
});

test('people get a table, and what was left behind with reasons', async () => {
  await using old = await startPosthorn();
  using folder = temporaryFolder();
  await old.sdk.application.create({ name: 'Ada', uid: 'ada' });
  const headers = { 'x-api-key': 'secret' };
  await old.sdk.endpoint.create('ada', { url: 'https://ada.example/in', uid: 'main', headers });
  const args = ['import', '--from', `${old.url}/api/v1/`, '--token', old.token];
  const { exitCode, stdout } = await run(args, { POSTHORN_DATA_DIR: folder.path });
  assert.equal(exitCode, 6);
  assert.match(stdout, /^ +found +new +updated +unchanged +skipped +incomplete$/m);
  assert.match(stdout, /^endpoints +1 +1 +0 +0 +0 +1$/m);
  assert.match(stdout, /^Left behind:\n {2}ep_\w+ \(main\) of app_\w+ \(ada\): Came without .* x-api-key/m);
});
