import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wrongMember } from '../../../test/support/queue-rig.ts';
import { kafkaSettings } from './settings.ts';

const LEAST = { brokers: ['kafka.example.com'], groupId: 'hub', topics: ['orders'] };
const wrong = wrongMember(kafkaSettings);

test('brokers are named with or without a port; new groups begin with what comes', () => {
  const settings = kafkaSettings({ ...LEAST, brokers: ['a.example.com:9094', 'b', '[::1]:9093', '[::1]'] });
  assert.deepEqual(settings.brokers, [
    { host: 'a.example.com', port: 9094 },
    { host: 'b', port: 9092 },
    { host: '::1', port: 9093 },
    { host: '::1', port: 9092 },
  ]);
  assert.equal(settings.from, 'latest');
  assert.equal(settings.sasl, null);
  const login = { sasl: 'scram-sha-512', username: 'u', password: 'p' };
  assert.equal(kafkaSettings({ ...LEAST, ...login }).sasl!.mechanism, 'SCRAM-SHA-512');
});

test('each wrong member is named', () => {
  assert.equal(wrong({ ...LEAST, brokers: ['ok', 'kafka://b:9092'] }), 'brokers.1');
  assert.equal(wrong({ ...LEAST, brokers: ['b:0'] }), 'brokers.0');
  assert.equal(wrong({ ...LEAST, topics: ['no spaces'] }), 'topics.0');
  assert.equal(wrong({ ...LEAST, username: 'u', password: 'p' }), 'sasl');
  assert.equal(wrong({ ...LEAST, sasl: 'plain', username: 'u' }), 'password');
  assert.equal(wrong({ ...LEAST, from: 'middle' }), 'from');
});
