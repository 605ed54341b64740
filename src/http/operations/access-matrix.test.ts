/**
 * Who may do what, for every operation: Ada owns, Ben may read, Cyd is a stranger with an organization of his own,
 * Dot holds a token of another application. What is expected follows from the operation's `needs`.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Answer, startPosthorn, type TestPosthorn } from '../../../test/support/posthorn.ts';
import { makeFlow, makeSource } from '../../../test/support/source.ts';
import { type ApplicationId, parseId } from '../../core/ids.ts';
import type { Operation } from '../define-operation.ts';
import { mintAppToken } from '../tokens.ts';
import { OPERATIONS } from './index.ts';

const SINCE = new Date(Date.now() - 3_600_000).toISOString();
const HOOK = { url: 'https://example.com/hook' };

/** Bodies that fit, for the operations that require one. */
const BODIES: Readonly<Record<string, unknown>> = {
  'application.create': { name: 'made' },
  'application.update': { name: 'put' },
  'endpoint.create': HOOK,
  'endpoint.update': HOOK,
  'endpoint.update-headers': { headers: {} },
  'endpoint.patch-headers': { headers: {} },
  'endpoint.send-example': { eventType: 'user.signup' },
  'endpoint.recover': { since: SINCE },
  'endpoint.replay-missing': { since: SINCE },
  'endpoint.bulk-replay': { since: SINCE },
  'message.create-raw': 'bytes',
  'message.create': { eventType: 'user.signup', payload: {} },
  'message.precheck': { eventType: 'user.signup' },
  'event-type.create': { name: 'made', description: '' },
  'event-type.update': { description: '' },
  'event-type.import-openapi': { spec: { webhooks: { imported: { post: {} } } } },
  'operational-webhook.endpoint.create': HOOK,
  'operational-webhook.endpoint.upsert': HOOK,
  'operational-webhook.endpoint.set-headers': { headers: {} },
  'integration.create': { name: 'made' },
  'integration.update': { name: 'put' },
  'destination.create': { type: 'pollingEndpoint' },
  'destination.upsert': { type: 'pollingEndpoint' },
  'message.poller.consumer-seek': { after: SINCE },
  'message.poller.commit': { offset: 0 },
  'statistics.aggregate-app-stats': { since: SINCE, until: new Date().toISOString() },
  'api-key.create': { name: 'made' },
  'source.create': { name: 'made' },
  'flow.create': { name: 'made' },
  'flow-destination.create': HOOK,
  'event.bulk-replay': { since: SINCE },
};
const QUERIES: Readonly<Record<string, string>> = {
  'message.create-raw': '?eventType=user.signup',
  'event.tail': '?follow=false',
};
/** A name that is unknown is created by this, also for a stranger, in his own organization: so it comes last. */
const CREATES_BY_NAME = 'event-type.update';

let hub: TestPosthorn;
let params: Record<string, string>;
let theirs: ApplicationId;
let tokens: { ada: string; ben: string; cyd: string };

before(async () => {
  hub = await startPosthorn();
  const { sdk } = hub;
  const app = await sdk.application.create({ name: 'hers' });
  theirs = parseId<'application'>((await sdk.application.create({ name: 'theirs' })).id, 'application')!;
  await sdk.eventType.create({ name: 'user.signup', description: '' });
  const endpoint = await sdk.endpoint.create(app.id, { ...HOOK, disabled: true });
  const message = await sdk.message.create(app.id, { eventType: 'user.signup', payload: { a: 1 } });
  const key = await hub.call('POST', '/api/v1/api-key', { body: { name: 'ben', role: 'viewer' } });
  const poller = await hub.call('POST', `/api/v1/app/${app.id}/destination`, {
    body: { type: 'pollingEndpoint' },
  });
  const source = await makeSource(hub, { name: 'hers' });
  const { json: event } = await source.send({ body: '{"a":1}' });
  const { destination, flow } = await makeFlow(hub, 'http://127.0.0.1:9/');
  params = {
    app_id: app.id,
    endpoint_id: endpoint.id,
    msg_id: message.id,
    attempt_id: 'atmpt_1srOrx2ZWZBpBUvZwXKQmoEYga2',
    event_type_name: 'user.signup',
    task_id: 'qtask_1srOrx2ZWZBpBUvZwXKQmoEYga2',
    integ_id: 'integ_1srOrx2ZWZBpBUvZwXKQmoEYga2',
    destination_id: destination,
    sink_id: poller.json.id,
    consumer_id: 'reader',
    api_key_id: key.json.id,
    source_id: source.id,
    flow_id: flow,
    event_id: event.id,
    index: '0',
    provider_id: 'github',
  };
  tokens = { ada: hub.token, ben: key.json.key, cyd: await hub.tokenOf('org_cyd') };
});
after(() => hub.stop());

function ask(operation: Operation, token: string | null): Promise<Answer> {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    assert.ok(params[name], `give ${name} a value in this test`);
    return params[name];
  });
  const body = BODIES[operation.id];
  const at = path + (QUERIES[operation.id] ?? '');
  return hub.call(operation.method, at, { token, ...(body === undefined ? {} : { body }) });
}

const guarded = OPERATIONS.filter((operation) => operation.needs !== 'public');

function inOrder(weight: (operation: Operation) => number): Operation[] {
  return [...guarded].sort((one, other) => weight(one) - weight(other));
}

async function checkEach(
  expected: (operation: Operation, answer: Answer) => boolean,
  token: () => string | null | Promise<string>,
  operations: readonly Operation[] = guarded,
): Promise<void> {
  const wrong: string[] = [];
  for (const operation of operations) {
    const answer = await ask(operation, await token());
    if (!expected(operation, answer))
      wrong.push(`${operation.id}: ${answer.status} ${answer.text.slice(0, 160)}`);
  }
  assert.deepEqual(wrong, []);
}

const needOf = (operation: Operation) => (operation.needs === 'public' ? assert.fail() : operation.needs);

test('without a token every guarded operation answers 401', () =>
  checkEach(
    (_, { status, json }) => status === 401 && json.code === 'authentication_failed',
    () => null,
  ));

test('Ben, who may read, is refused exactly where more is needed', () =>
  checkEach(
    (operation, { status }) =>
      (status === 403) === (needOf(operation).role !== 'viewer' || operation.id === 'authentication.logout'),
    () => tokens.ben,
  ));

test('Cyd finds nothing of Ada’s, whatever he tries', () =>
  checkEach(
    (operation, { status, text }) => {
      // Providers are data of ours, and everybody's.
      const isNobodys = operation.id === CREATES_BY_NAME || operation.id === 'provider.get';
      const isNamed = operation.path.includes('{') && !isNobodys;
      const isLeaked = Object.values(params).some((id) => id.includes('_') && text.includes(id));
      return !isLeaked && (!isNamed || status === 404);
    },
    () => tokens.cyd,
    inOrder(({ id }) => (id === CREATES_BY_NAME ? 1 : 0)),
  ));

test('Dot, with a token of another application, is refused on the organization’s routes and finds no other application', () =>
  checkEach(
    (operation, { status }) => {
      if (needOf(operation).scope === 'organization') return status === 403;
      return /\{(app|task)_id\}/.test(operation.path) ? status === 404 : status < 300;
    },
    () =>
      mintAppToken(
        hub.settings.jwtSecrets[0]!,
        {
          ...{
            organization: hub.organization,
            applicationId: theirs,
            featureFlags: [],
            lifetimeSeconds: 3600,
          },
          ...{ role: 'editor', scopes: ['*'], sessionId: null },
        },
        Date.now(),
      ),
  ));

test('Ada is refused nowhere, and her input is taken', () =>
  checkEach(
    (operation, { status }) =>
      operation.id === 'authentication.logout'
        ? status === 403
        : ![400, 401, 403, 405, 422].includes(status) && status < 500,
    () => tokens.ada,
    inOrder(({ method, path, id }) =>
      method === 'DELETE' ? 1000 - path.length : id.includes('expunge') ? 500 : 0,
    ),
  ));
