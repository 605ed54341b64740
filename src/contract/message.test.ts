import assert from 'node:assert/strict';
import test from 'node:test';
import type { Event } from '../core/event/event.ts';
import { parsePublish } from '../core/event/publish.ts';
import type { EventId } from '../core/ids.ts';
import { listText, MessageIn, messageText, renderDeliveryState } from './message.ts';

const EVENT: Event = {
  id: '1srOrx2ZWZBpBUvZwXKQmoEYga2' as EventId,
  applicationId: null,
  received: null,
  type: 'user.signup',
  eventId: 'e-1',
  channels: ['c'],
  tags: null,
  method: 'POST',
  contentType: 'application/json',
  headers: null,
  orderingKey: null,
  retryScheduleMs: null,
  acceptedAt: Date.UTC(2026, 0, 31),
  contentExpiresAt: 0,
  deliverAt: 0,
};

test('a message is its members around the payload’s own text', () => {
  const text = messageText(EVENT, '{ "a" : 1.0 }');
  assert.ok(text.includes('"payload":{ "a" : 1.0 },'));
  assert.deepEqual(JSON.parse(text), {
    id: 'msg_1srOrx2ZWZBpBUvZwXKQmoEYga2',
    eventType: 'user.signup',
    payload: { a: 1 },
    timestamp: '2026-01-31T00:00:00.000Z',
    eventId: 'e-1',
    channels: ['c'],
    tags: null,
    deliverAt: null,
  });
});

test('what became of it at an endpoint follows its members', () => {
  const state = renderDeliveryState(
    { status: 'sending', nextAttemptAt: Date.UTC(2026, 1, 1) },
    { expanded: true },
  );
  const told = JSON.parse(messageText({ ...EVENT, deliverAt: Date.UTC(2026, 1, 1) }, '{}', state));
  assert.equal(told.status, 3);
  assert.equal(told.statusText, 'sending');
  assert.equal(told.nextAttempt, '2026-02-01T00:00:00.000Z');
  assert.equal(told.deliverAt, '2026-02-01T00:00:00.000Z');
});

test('a list of texts is one JSON text', () => {
  const list = { data: ['{"a":1}', '{"a":2}'], iterator: 'x', prevIterator: '-y', done: true };
  assert.deepEqual(JSON.parse(listText(list)), { ...list, data: [{ a: 1 }, { a: 2 }] });
  assert.equal(
    listText({ data: [], iterator: null, prevIterator: null, done: true }).startsWith('{"data":[],'),
    true,
  );
});

test('the shape of a message to publish says what each member takes, also method and content type', () => {
  const members = { eventType: 'a', payload: {} };
  // Whatever it is, a transformation's parameter that means nothing here is ignored.
  const named = Object.keys(MessageIn.properties).filter((name) => name !== 'transformationsParams');
  for (const name of named) {
    const body = Buffer.from(JSON.stringify({ ...members, [name]: false }));
    assert.throws(() => parsePublish(body), { code: 'validation' }, `${name} is read`);
  }
  for (const name of ['method', 'contentType']) assert.ok(named.includes(name), name);
});
