import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wrongMember } from '../../../test/support/queue-rig.ts';
import { amqpSettings } from './settings.ts';

const LEAST = { host: 'mq.example.com', username: 'u', password: 'p', queue: 'orders' };

const wrong = wrongMember(amqpSettings);

test('the least that must be said is where, who and which queue', () => {
  const settings = amqpSettings(LEAST);
  assert.equal(settings.port, 5672);
  assert.equal(settings.vhost, '/');
  assert.equal(settings.prefetch, 16);
  assert.equal(settings.declare, undefined);
  assert.equal(amqpSettings({ ...LEAST, tls: true }).port, 5671);
});

test('each wrong member is named', () => {
  assert.equal(wrong('amqp://u:p@host'), '');
  assert.equal(wrong({ ...LEAST, host: 'amqp://host' }), 'host');
  assert.equal(wrong({ ...LEAST, queue: '' }), 'queue');
  assert.equal(wrong({ ...LEAST, prefetch: 0 }), 'prefetch');
  assert.equal(wrong({ ...LEAST, prefetch: '16' }), 'prefetch');
  assert.equal(wrong({ ...LEAST, Prefetch: 1 }), 'Prefetch');
  assert.equal(wrong({ ...LEAST, tlsCa: 'pem' }), 'tls');
  assert.equal(wrong({ ...LEAST, tls: true, tlsCert: 'pem' }), 'tlsKey');
});
