import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../core/problem.ts';
import { amqpSettings } from './settings.ts';

const LEAST = { host: 'mq.example.com', username: 'u', password: 'p', queue: 'orders' };

const locOf = (input: unknown): readonly (string | number)[] => {
  try {
    amqpSettings(input);
  } catch (error) {
    assert.ok(error instanceof Problem);
    assert.equal(error.code, 'validation');
    return error.errors[0]!.loc;
  }
  assert.fail('it was taken');
};

test('the least that must be said is where, who and which queue', () => {
  const settings = amqpSettings(LEAST);
  assert.equal(settings.port, 5672);
  assert.equal(settings.vhost, '/');
  assert.equal(settings.prefetch, 16);
  assert.equal(settings.declare, undefined);
  assert.equal(amqpSettings({ ...LEAST, tls: true }).port, 5671);
});

test('each wrong member is named under body, input', () => {
  assert.deepEqual(locOf('amqp://u:p@host'), ['body', 'input']);
  assert.deepEqual(locOf({ ...LEAST, host: 'amqp://host' }), ['body', 'input', 'host']);
  assert.deepEqual(locOf({ ...LEAST, queue: '' }), ['body', 'input', 'queue']);
  assert.deepEqual(locOf({ ...LEAST, prefetch: 0 }), ['body', 'input', 'prefetch']);
  assert.deepEqual(locOf({ ...LEAST, prefetch: '16' }), ['body', 'input', 'prefetch']);
  assert.deepEqual(locOf({ ...LEAST, Prefetch: 1 }), ['body', 'input', 'Prefetch']);
  assert.deepEqual(locOf({ ...LEAST, exchange: 'x' }), ['body', 'input', 'exchange']);
  assert.deepEqual(locOf({ ...LEAST, tlsCa: 'pem' }), ['body', 'input', 'tls']);
  assert.deepEqual(locOf({ ...LEAST, tls: true, tlsCert: '-----BEGIN CERTIFICATE-----' }), [
    ...['body', 'input', 'tlsKey'],
  ]);
});
