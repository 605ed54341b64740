import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wrongMember } from '../../../test/support/queue-rig.ts';
import { sqsSettings } from './settings.ts';

const LEAST = {
  queueUrl: 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders',
  accessKeyId: 'AKID',
  secretAccessKey: 'secret',
};
const wrong = wrongMember(sqsSettings);
const regionOf = (host: string) => sqsSettings({ ...LEAST, queueUrl: `https://${host}/1/q` }).region;

test('the region is read from Amazon’s hosts, and must be said for others', () => {
  assert.equal(regionOf('sqs.eu-west-1.amazonaws.com'), 'eu-west-1');
  assert.equal(regionOf('eu-central-1.queue.amazonaws.com'), 'eu-central-1');
  assert.equal(regionOf('sqs.cn-north-1.amazonaws.com.cn'), 'cn-north-1');
  assert.equal(regionOf('vpce-1a2b.sqs.us-east-1.vpce.amazonaws.com'), 'us-east-1');
  assert.equal(wrong({ ...LEAST, queueUrl: 'http://mq.example.com/1/q' }), 'region');
  assert.equal(
    wrong({ ...LEAST, queueUrl: 'https://sqs.eu-west-1.amazonaws.com.evil.example/1/q' }),
    'region',
  );
});

test('requests go to the host of the queue, or to another endpoint', () => {
  assert.equal(sqsSettings(LEAST).endpoint.href, 'https://sqs.eu-west-1.amazonaws.com/');
  const endpoint = 'http://localhost:9324';
  assert.equal(sqsSettings({ ...LEAST, endpoint }).endpoint.href, 'http://localhost:9324/');
});

test('each wrong member is named', () => {
  assert.equal(wrong({ ...LEAST, queueUrl: 'orders' }), 'queueUrl');
  assert.equal(wrong({ ...LEAST, endpoint: 'ftp://x' }), 'endpoint');
  assert.equal(wrong({ ...LEAST, visibilitySeconds: 1 }), 'visibilitySeconds');
  assert.equal(wrong({ ...LEAST, secretAccessKey: undefined }), 'secretAccessKey');
});
