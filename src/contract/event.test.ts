import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/properties.ts';
import type { Sealed } from '../core/catalog/resources.ts';
import type { Event } from '../core/event/event.ts';
import type { EventId, SourceId } from '../core/ids.ts';
import { eventDocument } from '../core/received/event-document.ts';
import type { Received } from '../core/received/received.ts';
import { maskedPairs, parseCursor, renderCursor, renderEvent } from './event.ts';

test('a cursor comes back as it went out, and nothing else is one', () => {
  fc.assert(fc.property(fc.maxSafeNat(), (seq) => assert.equal(parseCursor(renderCursor(seq)), seq)));
  for (const text of ['', '-1', 'A', '1.5', 'zzzzzzzzzzz', 'zzzzzzzzzzzz'])
    assert.equal(parseCursor(text), undefined);
});

function rendered(over: Partial<Received>) {
  const event: Event = {
    ...{ id: '1srOrx2ZWZBpBUvZwXKQmoEYga2' as EventId, applicationId: null, type: 't', eventId: null },
    received: {
      ...{ sourceId: 's' as SourceId, via: 'http', sub: '', query: '', headers: [], sealed: null },
      ...{ peer: null, proof: null, dedupeKey: null, readAs: null, isTest: false, meta: null },
      ...over,
    },
    ...{ channels: null, tags: null, method: 'POST', contentType: '', headers: null, orderingKey: null },
    ...{ retryScheduleMs: null, acceptedAt: 0, contentExpiresAt: 0, deliverAt: 0 },
  };
  const parsed = { format: 'none', value: null, files: [], envelope: null, error: null } as const;
  const document = eventDocument(event, { parsed, size: 0, id: 'evt_1', source: 'src_1' });
  const out = renderEvent({ event, document, format: 'none', contentState: 'kept', hasContent: false });
  return { out, pairs: maskedPairs(event) };
}

test('what is sealed is shown as a mask, and only there', () => {
  const headers = [
    ['Authorization', ''],
    ['x-a', '1'],
    ['authorization', ''],
  ] as const;
  const sealed = rendered({ headers, query: 'token=&x=1&token=', sealed: 'v1:k:x' as unknown as Sealed }).out;
  assert.equal(sealed.headers.authorization, '••••••••');
  assert.equal(sealed.headers['x-a'], '1');
  assert.deepEqual(sealed.query, { token: ['••••••••', '••••••••'], x: '1' });
  const open = rendered({ headers: [['X-Empty', '']], query: 'a=' });
  assert.deepEqual([open.out.headers['x-empty'], open.out.query.a], ['', '']);
  assert.deepEqual(open.pairs, [['X-Empty', '']]);
});
