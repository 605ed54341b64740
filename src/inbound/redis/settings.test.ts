import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wrongMember } from '../../../test/support/queue-rig.ts';
import { redisSettings } from './settings.ts';

const STREAM = { host: 'redis.example.com', stream: { key: 'orders', group: 'hub' } };
const wrong = wrongMember(redisSettings);

test('a source reads either a stream or a list', () => {
  const stream = { key: 'orders', group: 'hub', claimAfterSeconds: 300 };
  assert.deepEqual(redisSettings(STREAM).read, { way: 'stream', stream });
  assert.equal(redisSettings(STREAM).port, 6379);
  assert.equal(redisSettings({ host: 'r', list: { key: 'jobs' } }).read.way, 'list');
  assert.equal(wrong({ host: 'r' }), 'stream');
  assert.equal(wrong({ ...STREAM, list: { key: 'jobs' } }), 'stream');
});

test('each wrong member is named', () => {
  assert.equal(wrong({ host: 'r', stream: { key: 'orders' } }), 'stream.group');
  assert.equal(wrong({ ...STREAM, stream: { ...STREAM.stream, from: '0' } }), 'stream.from');
  assert.equal(wrong({ ...STREAM, database: -1 }), 'database');
  assert.equal(wrong({ ...STREAM, url: 'redis://r' }), 'url');
});
