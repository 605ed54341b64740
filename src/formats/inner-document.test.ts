import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAtOnce, parseCall, partsOf } from './fixtures/parse-call.ts';

const FORM = 'application/x-www-form-urlencoded';
const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

test('the document in a field of a form is the value, and the other fields the envelope', async () => {
  const body = new URLSearchParams({ payload: '{"action":"opened"}', token: 't' }).toString();
  const read = parseAtOnce({ type: FORM, body, payloadFrom: 'form:payload' });
  assert.deepEqual(read, {
    format: 'json',
    value: { action: 'opened' },
    files: [],
    envelope: { form: { token: 't' } },
    error: null,
  });
  const parts = partsOf('Content-Disposition: form-data; name="payload"\r\n\r\n[1]');
  assert.deepEqual(
    (await parseCall({ type: 'multipart/form-data; boundary=X', body: parts, payloadFrom: 'form:payload' }))
      .value,
    [1],
  );
});

test('a body that is not wrapped stays as it is: some events come as JSON, some as a form', () => {
  assert.deepEqual(
    parseAtOnce({ type: 'application/json', body: '{"a":1}', payloadFrom: 'form:payload' }).value,
    { a: 1 },
  );
  assert.deepEqual(parseAtOnce({ type: FORM, body: 'a=1', payloadFrom: 'form:payload' }).value, { a: '1' });
  assert.deepEqual(
    parseAtOnce({ type: 'application/json', body: '{"payload":"{}"}', payloadFrom: 'form:payload' }).value,
    { payload: '{}' },
  );
  assert.equal(parseAtOnce({ body: '', payloadFrom: 'form:payload' }).format, 'none');
});

test('JSON in a string of JSON is opened; a string that is none stays a string', () => {
  const read = (message: string) =>
    parseAtOnce({
      type: 'application/json',
      body: JSON.stringify({ id: 1, Message: message }),
      payloadFrom: 'json:Message',
    });
  assert.deepEqual([read('{"a":1}').value, read('{"a":1}').envelope], [{ a: 1 }, { id: 1 }]);
  assert.deepEqual([read('hello').format, read('hello').value], ['text', 'hello']);
  assert.deepEqual([read('{no').format, read('{no').value], ['text', '{no']);
  const jwt = `${base64url({ alg: 'ES256' })}.${base64url({ sub: 's' })}.x`;
  assert.deepEqual([read(jwt).value, read(jwt).envelope], [{ sub: 's' }, { id: 1, jwt: { alg: 'ES256' } }]);
});

test('XML in a field of a form is opened; what only looks like it stays a string', () => {
  const read = (document: string) =>
    parseAtOnce({
      type: FORM,
      body: new URLSearchParams({ id: '1', document }).toString(),
      payloadFrom: 'form:document',
    });
  const order = read('<?xml version="1.0" encoding="ISO-8859-1"?><order id="7"><total>é</total></order>');
  assert.deepEqual([order.format, order.value], ['xml', { order: { '@id': '7', total: 'é' } }]);
  assert.deepEqual(order.envelope, { form: { id: '1' } });
  assert.deepEqual([read('<3').format, read('<3').value], ['text', '<3']);
});

test('pipes take the document out of its string', () => {
  const read = (field: string) =>
    parseAtOnce({
      type: FORM,
      body: new URLSearchParams({ signed_request: field }).toString(),
      payloadFrom: 'form:signed_request|split:.:1|unbase64',
    });
  assert.deepEqual(read(`sig.${base64url({ user_id: '7' })}`).value, { user_id: '7' });
  assert.deepEqual(read('no dot').value, { signed_request: 'no dot' });
});

test('JSON in a claim of a JWT is opened', () => {
  const body = `${base64url({ alg: 'RS256' })}.${base64url({ iat: 1, data: '{"a":1}' })}.x`;
  const { value, envelope } = parseAtOnce({ type: 'text/plain', body, payloadFrom: 'jwt:data' });
  assert.deepEqual([value, envelope], [{ a: 1 }, { header: { alg: 'RS256' }, claims: { iat: 1 } }]);
});

test('the envelope of SNS is opened when its header announces one', () => {
  const body = JSON.stringify({ Type: 'Notification', TopicArn: 'arn:aws:sns:x', Message: '{"a":1}' });
  const headers = [['x-amz-sns-message-type', 'Notification']] as const;
  const read = parseAtOnce({ type: 'text/plain; charset=UTF-8', headers, body });
  assert.deepEqual(
    [read.format, read.value, read.envelope],
    ['json', { a: 1 }, { Type: 'Notification', TopicArn: 'arn:aws:sns:x' }],
  );
  assert.equal(parseAtOnce({ type: 'text/plain', body }).envelope, null);
  assert.deepEqual(
    parseAtOnce({ type: 'text/plain', headers, body: '{"raw":"delivery","Message":"{}"}' }).envelope,
    null,
  );
});

test('bombs inside of strings are bounded like others', () => {
  const deep = JSON.stringify({ Message: '['.repeat(10_000) });
  assert.equal(
    parseAtOnce({ type: 'application/json', body: deep, payloadFrom: 'json:Message' }).format,
    'text',
  );
});
