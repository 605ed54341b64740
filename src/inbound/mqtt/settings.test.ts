import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../core/problem.ts';
import { isTopicFilter, mqttSettings } from './settings.ts';

const SMALLEST = { url: 'mqtt://broker.example.com', topics: [{ filter: 'home/#' }] };

const refusal = (input: unknown): string => {
  try {
    mqttSettings(input);
  } catch (error) {
    assert.ok(error instanceof Problem && error.code === 'validation');
    assert.deepEqual(error.errors[0]!.loc.slice(0, 2), ['body', 'input']);
    return error.message;
  }
  assert.fail('It was accepted.');
};

test('a URL and a filter are enough: QoS 1, the protocol’s port', () => {
  const { broker, topics } = mqttSettings(SMALLEST);
  assert.deepEqual(broker, { host: 'broker.example.com', port: 1883, isTls: false, path: null });
  assert.deepEqual(topics, [{ filter: 'home/#', qos: 1 }]);
});

test('the URL says TLS, WebSocket, port and path', () => {
  const brokerOf = (url: string) => mqttSettings({ ...SMALLEST, url }).broker;
  assert.deepEqual(brokerOf('mqtts://b'), { host: 'b', port: 8883, isTls: true, path: null });
  assert.deepEqual(brokerOf('wss://b/mqtt?a=1'), { host: 'b', port: 443, isTls: true, path: '/mqtt?a=1' });
  assert.deepEqual(brokerOf('ws://[::1]:9001'), { host: '::1', port: 9001, isTls: false, path: '/' });
});

test('what cannot work is refused with what to do', () => {
  assert.match(refusal({ ...SMALLEST, url: 'https://b' }), /mqtt:\/\/, mqtts:\/\//);
  assert.match(refusal({ ...SMALLEST, url: 'mqtt://u:p@b' }), /`username` and `password`/);
  assert.match(refusal({ ...SMALLEST, topics: [] }), /input\.topics/);
  assert.match(refusal({ ...SMALLEST, topics: [{ filter: 'a/#/b' }] }), /input\.topics\.0\.filter: # stands/);
  assert.match(refusal({ ...SMALLEST, topics: [{ filter: 'a', qos: 3 }] }), /qos/);
  assert.match(refusal({ ...SMALLEST, tlsCert: 'PEM' }), /tlsKey/);
  assert.match(refusal({ ...SMALLEST, usrname: 'x' }), /input\.usrname: There is no such setting/);
});

test('filters follow §4.7.1', () => {
  for (const filter of ['#', '+', 'a', '/', 'a/+/c', '+/+', 'a/#', '$share/g/a/#'])
    assert.ok(isTopicFilter(filter), filter);
  for (const filter of ['', 'a#', 'a/#/b', 'a+', '+a/b', '#/a', 'a\0b'])
    assert.ok(!isTopicFilter(filter), filter);
});
