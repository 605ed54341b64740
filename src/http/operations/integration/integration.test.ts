import assert from 'node:assert/strict';
import test from 'node:test';
import type { ApiException } from 'svix';
import { startPosthorn } from '../../../../test/support/posthorn.ts';

const is = (code: number) => (error: ApiException<unknown>) => error.code === code;

test('an integration is created, read, updated, listed and deleted', async () => {
  await using posthorn = await startPosthorn();
  const { integration, application } = posthorn.sdk;
  const app = await application.create({ name: 'Ada' });
  const made = await integration.create(app.id, { name: 'Zap', featureFlags: ['beta'] });
  assert.match(made.id, /^integ_/);
  assert.deepEqual(await integration.get(app.id, made.id), made);
  const updated = await integration.update(app.id, made.id, { name: 'Zap 2' });
  assert.deepEqual([updated.name, updated.featureFlags], ['Zap 2', []]);
  await integration.create(app.id, { name: 'Other' });
  assert.deepEqual(
    (await integration.list(app.id)).data.map(({ name }) => name),
    ['Zap 2', 'Other'],
  );
  await integration.delete(app.id, made.id);
  await assert.rejects(integration.get(app.id, made.id), is(404));
});

test('its key manages the application’s endpoints and nothing else, until it is rotated or deleted', async () => {
  await using posthorn = await startPosthorn();
  const { integration, application } = posthorn.sdk;
  const app = await application.create({ name: 'Ada' });
  const other = await application.create({ name: 'Ben' });
  const { id } = await integration.create(app.id, { name: 'Zap' });
  const first = await integration.rotateKey(app.id, id);
  const zap = posthorn.sdkFor(first.key);
  const endpoint = await zap.endpoint.create(app.id, { url: 'https://zap.example/in' });
  assert.deepEqual(
    (await zap.endpoint.list(app.id)).data.map((one) => one.id),
    [endpoint.id],
  );
  await assert.rejects(zap.endpoint.list(other.id), is(404));
  await assert.rejects(zap.application.list(), is(403));
  const second = await integration.rotateKey(app.id, id);
  assert.notEqual(second.key, first.key);
  await assert.rejects(zap.endpoint.list(app.id), is(401));
  const renewed = posthorn.sdkFor(second.key);
  assert.equal((await renewed.endpoint.list(app.id)).data.length, 1);
  await integration.delete(app.id, id);
  await assert.rejects(renewed.endpoint.list(app.id), is(401));
});

test('feature flags of the integration decide which hidden event types its key sees', async () => {
  await using posthorn = await startPosthorn();
  const { integration, application, eventType } = posthorn.sdk;
  const app = await application.create({ name: 'Ada' });
  await eventType.create({ name: 'hidden.one', description: '', featureFlags: ['beta'] });
  const { id } = await integration.create(app.id, { name: 'Zap' });
  const { key } = await integration.rotateKey(app.id, id);
  const zap = posthorn.sdkFor(key);
  const names = async () => (await zap.eventType.list()).data.map(({ name }) => name);
  assert.deepEqual(await names(), []);
  await integration.update(app.id, id, { name: 'Zap', featureFlags: ['beta'] });
  assert.deepEqual(await names(), ['hidden.one']);
  await assert.rejects(zap.integration.update(app.id, id, { name: 'Zap', featureFlags: ['gamma'] }), is(422));
});

test('a token without the integration’s feature flags cannot make itself a key that has them', async () => {
  await using posthorn = await startPosthorn();
  const { integration, application, eventType, authentication } = posthorn.sdk;
  const app = await application.create({ name: 'Ada' });
  await eventType.create({ name: 'hidden.one', description: '', featureFlags: ['beta'] });
  const { id } = await integration.create(app.id, { name: 'Zap', featureFlags: ['beta'] });
  const portal = posthorn.sdkFor((await authentication.appPortalAccess(app.id, {})).token);
  const zap = posthorn.sdkFor((await portal.integration.rotateKey(app.id, id)).key);
  assert.deepEqual((await zap.eventType.list()).data, []);
  const granted = posthorn.sdkFor((await integration.rotateKey(app.id, id)).key);
  assert.equal((await granted.eventType.list()).data.length, 1);
});
