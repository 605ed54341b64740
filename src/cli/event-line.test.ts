import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TailedEvent } from '../client/create-client.ts';
import { eventLine, printable, tailLine } from './event-line.ts';
import { readInstant } from './read-instant.ts';

const EVENT: TailedEvent = {
  ...{ id: 'evt_1', source: 'src_1', type: 'push', receivedAt: '2026-11-26T12:00:03.120Z' },
  ...{ method: 'POST', path: '/a/b', query: {}, headers: {}, body: {}, envelope: null, files: [] },
  ...{ contentType: 'application/json', size: 12, peer: null, verified: true, via: 'http', key: null },
  ...{ dedupeKey: null, test: false, parseError: null, meta: null, format: 'json', contentState: 'kept' },
};

test('an event is one line: when, what was called, of which type', () => {
  assert.match(eventLine(EVENT), /^\d\d:\d\d:03 {2}POST {4}\/a\/b {2}push$/);
  assert.match(
    tailLine(EVENT, 'Git'),
    /^2026-11-2\d \d\d:\d\d:03 {2}POST {4}\/a\/b {2}push {2}12 B {2}Git {2}verified {2}evt_1$/,
  );
  assert.match(
    tailLine({ ...EVENT, size: null, verified: false, parseError: 'x' }, 'Git'),
    /push {2}Git {2}unverified {2}not readable {2}evt_1$/,
  );
});

test('what strangers wrote cannot steer the terminal, nor fill it', () => {
  const line = eventLine({ ...EVENT, type: '\x1b[2Ja\nb\u202ec\u2028', path: `/${'x'.repeat(5000)}` });
  assert.ok(!/[\p{Cc}\p{Cf}\p{Zl}]/u.test(line), JSON.stringify(line));
  assert.ok(line.length < 300);
  assert.equal(printable('Grüße 注文'), 'Grüße 注文');
});

test('an instant is said as such, or as how long ago', () => {
  const read = (text: string) =>
    readInstant(text, { option: '--since', now: Date.parse('2026-01-31T12:00:00Z') });
  assert.equal(read('90s'), '2026-01-31T11:58:30.000Z');
  assert.equal(read('7d'), '2026-01-24T12:00:00.000Z');
  assert.equal(read('2026-01-30T10:00:00+02:00'), '2026-01-30T08:00:00.000Z');
  for (const text of ['', 'yesterday', '5', '10w', '2026', '2026-13-01T00:00:00Z'])
    assert.throws(() => read(text), /--since: needs an instant/, text);
});
