import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idAt } from './ids.ts';
import { attemptEvent, endpointEvent, OPERATIONAL_EVENT_TYPES } from './operational-events.ts';

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

test('the list of types is what operational webhooks can ask for', () => {
  assert.equal(new Set(OPERATIONAL_EVENT_TYPES).size, 7);
});
