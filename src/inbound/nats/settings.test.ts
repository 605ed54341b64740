import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wrongMember } from '../../../test/support/queue-rig.ts';
import { natsSettings } from './settings.ts';

const CORE = { host: 'nats.example.com', core: { subject: 'orders.>' } };
const wrong = wrongMember(natsSettings);

test('a source reads either a stream or a subject', () => {
  assert.deepEqual(natsSettings(CORE).read, { way: 'core', core: { subject: 'orders.>' } });
  assert.equal(natsSettings(CORE).port, 4222);
  const jetstream = { stream: 'ORDERS', consumer: 'hub' };
  assert.deepEqual(natsSettings({ host: 'n', jetstream }).read, { way: 'jetstream', jetstream });
  assert.equal(wrong({ host: 'n' }), 'jetstream');
  assert.equal(wrong({ ...CORE, jetstream }), 'jetstream');
});

test('one way to log in, names without dots, subjects without spaces', () => {
  assert.equal(wrong({ ...CORE, username: 'u', token: 't' }), '');
  assert.equal(wrong({ host: 'n', jetstream: { stream: 'a.b', consumer: 'c' } }), 'jetstream.stream');
  assert.equal(wrong({ host: 'n', core: { subject: 'a b' } }), 'core.subject');
  assert.equal(wrong({ ...CORE, subject: 'x' }), 'subject');
});
