import assert from 'node:assert/strict';
import test from 'node:test';
import type { Attempt } from '../core/delivery/delivery.ts';
import type { AttemptId, DestinationId, EventId } from '../core/ids.ts';
import { RESPONSE_BYTES_STORED } from '../core/outcome.ts';
import { renderAttempt } from './attempt.ts';

const ID = '1srOrx2ZWZBpBUvZwXKQmoEYga2';
const ATTEMPT: Attempt = {
  id: ID as AttemptId,
  eventId: ID as EventId,
  destinationId: ID as DestinationId,
  url: 'https://example.com/',
  outcome: 'answered',
  statusCode: 500,
  response: Buffer.from('no'),
  durationMs: 12.4,
  startedAt: Date.UTC(2026, 0, 31),
  trigger: 'manual',
  number: 1,
  status: 'sending',
  nextAttemptAt: Date.UTC(2026, 0, 31, 1),
};
const OPTIONS = { withContent: true, expanded: true };
const responseOf = (response: Uint8Array | null) => renderAttempt({ ...ATTEMPT, response }, OPTIONS).response;

test('an attempt has the wire’s members', () => {
  assert.deepEqual(renderAttempt(ATTEMPT, OPTIONS), {
    id: `atmpt_${ID}`,
    msgId: `msg_${ID}`,
    endpointId: `ep_${ID}`,
    url: 'https://example.com/',
    response: 'no',
    responseStatusCode: 500,
    responseDurationMs: 12,
    status: 2,
    statusText: 'fail',
    triggerType: 1,
    timestamp: '2026-01-31T00:00:00.000Z',
    outcome: 'answered',
    nextAttempt: '2026-01-31T01:00:00.000Z',
  });
});

test('a response that was deleted says so, one that was not asked for is empty', () => {
  assert.equal(responseOf(null), 'EXPUNGED');
  assert.equal(renderAttempt(ATTEMPT, { withContent: false, expanded: true }).response, '');
});

test('a response that is not UTF-8 is base64', () => {
  assert.equal(responseOf(Uint8Array.of(0xff, 0xfe)), '//4=');
});

test('a response that was cut inside a character is still text', () => {
  const cut = Buffer.from(`${'x'.repeat(RESPONSE_BYTES_STORED - 2)}☃`).subarray(0, RESPONSE_BYTES_STORED);
  assert.equal(responseOf(cut), 'x'.repeat(RESPONSE_BYTES_STORED - 2));
});
