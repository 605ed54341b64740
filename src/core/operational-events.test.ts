import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idAt, type SourceId } from './ids.ts';
import { attemptEvent, endpointEvent, OPERATIONAL_EVENT_TYPES, sourceEvent } from './operational-events.ts';

const AT = Date.UTC(2026, 0, 31, 12);
const id = idAt(AT, 'first');
const endpoint = { applicationId: id, applicationUid: 'acme', destinationId: id, destinationUid: null };

function body(event: { bytes: Uint8Array }): unknown {
  return JSON.parse(Buffer.from(event.bytes).toString());
}

test('an endpoint event names the application and the endpoint by id and uid', () => {
  const event = endpointEvent('endpoint.created', endpoint);
  assert.equal(event.type, 'endpoint.created');
  assert.deepEqual(body(event), {
    type: 'endpoint.created',
    data: { appId: `app_${id}`, appUid: 'acme', endpointId: `ep_${id}`, endpointUid: null },
  });
});

test('a disabled endpoint tells since when it fails, if it does', () => {
  const failing = body(endpointEvent('endpoint.disabled', { ...endpoint, failingSince: AT })) as {
    data: object;
  };
  assert.deepEqual((failing.data as { failSince: string }).failSince, '2026-01-31T12:00:00.000Z');
  for (const failingSince of [null, 0]) {
    const other = body(endpointEvent('endpoint.disabled', { ...endpoint, failingSince })) as { data: object };
    assert.ok(!('failSince' in other.data));
  }
});

test('an attempt event names the message and its last attempt', () => {
  const event = attemptEvent('message.attempt.failing', {
    applicationId: id,
    applicationUid: null,
    destinationId: id,
    eventId: id,
    publishedEventId: 'order-42',
    lastAttempt: { id, statusCode: 500, startedAt: AT },
  });
  assert.deepEqual(body(event), {
    type: 'message.attempt.failing',
    data: {
      appId: `app_${id}`,
      appUid: null,
      endpointId: `ep_${id}`,
      msgId: `msg_${id}`,
      msgEventId: 'order-42',
      lastAttempt: { id: `atmpt_${id}`, responseStatusCode: 500, timestamp: '2026-01-31T12:00:00.000Z' },
    },
  });
});

test('an event of a source names it, and says what is wrong and since when nothing came', () => {
  const source = { id: id as SourceId, uid: 'till', name: 'the old till' };
  const told = sourceEvent('source.silent', source, { detail: 'Nothing came.', lastEventAt: AT });
  assert.deepEqual(body(told), {
    type: 'source.silent',
    data: {
      sourceId: `src_${id}`,
      sourceUid: 'till',
      name: 'the old till',
      detail: 'Nothing came.',
      lastEventAt: '2026-01-31T12:00:00.000Z',
    },
  });
});

test('the list of types is what operational webhooks can ask for', () => {
  assert.deepEqual(OPERATIONAL_EVENT_TYPES, [
    ...['endpoint.created', 'endpoint.updated', 'endpoint.deleted', 'endpoint.disabled'],
    ...['message.attempt.failing', 'message.attempt.recovered', 'message.attempt.exhausted'],
    ...['source.silent', 'source.failing', 'source.recovered'],
  ]);
});
