import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../problem.ts';
import { deliverAtFault, parsePublish } from './publish.ts';

const MINIMAL = { eventType: 'user.signup', payload: { a: 1 } };

function parse(body: unknown) {
  return parsePublish(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
}

/** What is wrong, as `loc: type`. */
function faults(body: unknown): string[] {
  try {
    parse(body);
  } catch (error) {
    assert.ok(error instanceof Problem, String(error));
    assert.equal(error.code, 'validation');
    return error.errors.map((one) => `${one.loc.join('.')}: ${one.type}`);
  }
  return assert.fail('was accepted');
}

test('a small request needs a type and a payload, the rest has its default', () => {
  assert.deepEqual(parse(MINIMAL), {
    eventType: 'user.signup',
    eventId: null,
    channels: null,
    tags: null,
    payload: { start: 37, end: 44 },
    payloadRetentionDays: undefined,
    deliverAt: 0,
    application: undefined,
    rawPayload: undefined,
    headers: undefined,
    method: undefined,
    contentType: undefined,
    orderingKey: undefined,
    retrySchedule: undefined,
  });
});

test('the payload is the slice of the body, spaces and all', () => {
  const body = '{"payload" : { "n": 1.0 ,"é":"\\u00e9"} , "eventType":"a"}';
  const bytes = Buffer.from(body);
  const { payload } = parsePublish(bytes);
  assert.equal(bytes.toString('utf8', payload.start, payload.end), '{ "n": 1.0 ,"é":"\\u00e9"}');
});

test('data is another name of payload, and the last of the two counts', () => {
  const slice = (body: string) => {
    const { payload } = parse(body);
    return Buffer.from(body).toString('utf8', payload.start, payload.end);
  };
  assert.equal(slice('{"eventType":"a","data":{"x":1}}'), '{"x":1}');
  assert.equal(slice('{"eventType":"a","data":{"x":1},"payload":{"x":2}}'), '{"x":2}');
  assert.equal(slice('{"eventType":"a","payload":{"x":2},"data":{"x":1}}'), '{"x":1}');
  assert.equal(slice('{"eventType":"a","payload":{"x":2},"payload":{"x":3}}'), '{"x":3}');
});

test('everything that can be asked for is read', () => {
  const publish = parse({
    ...MINIMAL,
    eventId: 'order-42',
    channels: ['a', 'b', 'a'],
    tags: ['t'],
    payloadRetentionPeriod: 5,
    deliverAt: '2026-01-31T12:00:00.5+01:00',
    application: { name: 'Acme', uid: 'acme' },
    method: 'PUT',
    contentType: 'application/json; charset=utf-8',
    orderingKey: 'customer 7',
    retrySchedule: [1, '5m'],
    somethingElse: [null],
  });
  assert.equal(publish.eventId, 'order-42');
  assert.deepEqual(publish.channels, ['a', 'b']);
  assert.deepEqual(publish.tags, ['t']);
  assert.equal(publish.payloadRetentionDays, 5);
  assert.equal(publish.deliverAt, Date.UTC(2026, 0, 31, 11, 0, 0, 500));
  assert.deepEqual(publish.application, { name: 'Acme', uid: 'acme' });
  assert.equal(publish.method, 'PUT');
  assert.equal(publish.contentType, 'application/json; charset=utf-8');
  assert.equal(publish.orderingKey, 'customer 7');
  assert.deepEqual(publish.retrySchedule, [1000, 300_000]);
});

test('a member that is null is not there', () => {
  const optional =
    'eventId channels tags payloadRetentionPeriod payloadRetentionHours deliverAt application transformationsParams method contentType orderingKey retrySchedule';
  const nulls = Object.fromEntries(optional.split(' ').map((name) => [name, null]));
  assert.deepEqual(parse({ ...MINIMAL, ...nulls }), parse(MINIMAL));
});

test('what is missing or not JSON is told as clients expect it', () => {
  assert.deepEqual(faults({}), ['body.eventType: value_error.missing', 'body.payload: value_error.missing']);
  assert.deepEqual(faults({ eventType: 'a', payload: null }), ['body.payload: value_error.missing']);
  for (const text of ['', '[]', '{"eventType":"a"', '{"eventType":"a","payload":{]}', 'null']) {
    assert.deepEqual(faults(text), ['body: value_error.jsondecode'], text);
  }
});

test('the payload is an object and nothing else', () => {
  for (const payload of [[], 'text', 5, true]) {
    assert.deepEqual(faults({ eventType: 'a', payload }), ['body.payload: value_error']);
  }
});

test('names keep to their alphabet and length', () => {
  const cases: [object, string][] = [
    [{ eventType: 'a b' }, 'body.eventType: value_error'],
    [{ eventType: 'x'.repeat(257) }, 'body.eventType: value_error'],
    [{ eventType: '' }, 'body.eventType: value_error'],
    [{ eventType: 5 }, 'body.eventType: value_error.jsondecode'],
    [{ eventId: 'msg_1' }, 'body.eventId: value_error'],
    [{ eventId: 'é' }, 'body.eventId: value_error'],
    [{ channels: [] }, 'body.channels: value_error'],
    [{ channels: ['a', 'b', 'c', 'd', 'e', 'f'] }, 'body.channels: value_error'],
    [{ channels: ['a', 'b c'] }, 'body.channels.1: value_error'],
    [{ channels: ['a', 5] }, 'body.channels.1: value_error.jsondecode'],
    [{ channels: 'a' }, 'body.channels: value_error.jsondecode'],
    [{ tags: 'abcdefghi'.split('') }, 'body.tags: value_error'],
    [{ orderingKey: 'x'.repeat(257) }, 'body.orderingKey: value_error'],
    [{ method: 'TRACE' }, 'body.method: value_error'],
    [{ contentType: 'json' }, 'body.contentType: value_error'],
    [{ application: 'acme' }, 'body.application: value_error'],
  ];
  for (const [change, expected] of cases) assert.deepEqual(faults({ ...MINIMAL, ...change }), [expected]);
});

test('retention is 5 to 90 days, or hours, but not both', () => {
  for (const days of [4, 91, 5.5, '5']) {
    assert.match(faults({ ...MINIMAL, payloadRetentionPeriod: days })[0]!, /^body.payloadRetentionPeriod/);
  }
  assert.equal(parse({ ...MINIMAL, payloadRetentionHours: 12 }).payloadRetentionDays, 0.5);
  assert.match(faults({ ...MINIMAL, payloadRetentionHours: 2161 })[0]!, /^body.payloadRetentionHours/);
  assert.deepEqual(faults({ ...MINIMAL, payloadRetentionPeriod: 5, payloadRetentionHours: 12 }), [
    'body.payloadRetentionHours: value_error',
  ]);
});

test('a delivery time has a zone, is real, and is not far ahead', () => {
  for (const deliverAt of [
    'tomorrow',
    '2026-01-31',
    '2026-01-31T12:00:00',
    '2026-13-31T12:00:00Z',
    1_700_000_000,
  ]) {
    assert.equal(faults({ ...MINIMAL, deliverAt }).length, 1, String(deliverAt));
  }
  const now = Date.UTC(2026, 0, 1);
  assert.equal(deliverAtFault(now + 86_400_000, now), null);
  assert.equal(deliverAtFault(now - 5, now), null);
  assert.equal(deliverAtFault(0, now), null);
  assert.match(deliverAtFault(now + 86_400_001, now)!, /24 hours/);
});

test('a schedule of its own has at most 20 delays of at most 7 days', () => {
  assert.deepEqual(parse({ ...MINIMAL, retrySchedule: [] }).retrySchedule, []);
  assert.deepEqual(faults({ ...MINIMAL, retrySchedule: new Array(21).fill(1) }), [
    'body.retrySchedule: value_error',
  ]);
  assert.deepEqual(faults({ ...MINIMAL, retrySchedule: [1, '8d'] }), ['body.retrySchedule.1: value_error']);
});

test('a raw payload and its headers come from transformationsParams', () => {
  const publish = parse({
    ...MINIMAL,
    transformationsParams: {
      rawPayload: '<a>é</a>',
      headers: { 'content-type': 'text/xml', 'X-Kind': 'a' },
      other: 1,
    },
  });
  assert.equal(publish.rawPayload, '<a>é</a>');
  assert.equal(publish.contentType, 'text/xml');
  assert.deepEqual(publish.headers, [['X-Kind', 'a']]);
  assert.equal(parse({ ...MINIMAL, transformationsParams: { rawPayload: '' } }).rawPayload, '');
  assert.equal(parse({ ...MINIMAL, transformationsParams: { anything: [1] } }).rawPayload, undefined);
  assert.equal(parse({ ...MINIMAL, transformationsParams: [1] }).rawPayload, undefined);
});

test('bad raw payloads and headers are refused where they stand', () => {
  const at = (transformationsParams: unknown) => faults({ ...MINIMAL, transformationsParams });
  assert.deepEqual(at({ rawPayload: { a: 1 } }), ['body.transformationsParams.rawPayload: value_error']);
  assert.deepEqual(at({ headers: ['a'] }), ['body.transformationsParams.headers: value_error']);
  assert.deepEqual(at({ headers: { 'svix-id': 'x' } }), [
    'body.transformationsParams.headers.svix-id: value_error',
  ]);
  assert.deepEqual(at({ headers: { 'X-A': 5 } }), ['body.transformationsParams.headers.X-A: value_error']);
  assert.deepEqual(at({ headers: { 'X-A': 'a\r\nb' } }), [
    'body.transformationsParams.headers.X-A: value_error',
  ]);
  assert.deepEqual(at({ headers: { 'content-type': 'x' } }), [
    'body.transformationsParams.headers.content-type: value_error',
  ]);
  const many = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`X-${i}`, 'a']));
  assert.deepEqual(at({ headers: many }), ['body.transformationsParams.headers: value_error']);
});

test('all that is wrong is told at once', () => {
  assert.deepEqual(faults({ eventType: 'a b', eventId: '', payload: 1 }), [
    'body.eventType: value_error',
    'body.eventId: value_error',
    'body.payload: value_error',
  ]);
});
