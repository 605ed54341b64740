import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DestinationId, OrganizationId } from '../../core/ids.ts';
import { lanePayloads, parseNotice } from './notices.ts';

const ORGANIZATION = `org_${'x'.repeat(124)}` as OrganizationId;
const idOf = (n: number) => String(n).padStart(27, '0') as DestinationId;
const ids = Array.from({ length: 1000 }, (_, n) => idOf(n));

test('lanes come back as they were sent, in payloads that PostgreSQL takes', () => {
  const payloads = lanePayloads(ORGANIZATION, ids);
  assert.ok(payloads.every((payload) => payload.length < 8000));
  assert.equal(payloads.length, 4);
  const lanes = payloads.flatMap((payload) => {
    const notice = parseNotice(payload);
    assert.equal(notice?.kind, 'lanes');
    return notice.kind === 'lanes' ? notice.lanes : [];
  });
  assert.deepEqual(
    lanes,
    ids.map((destinationId) => ({ organization: ORGANIZATION, destinationId })),
  );
});

test('no lanes are no payload', () => {
  assert.deepEqual(lanePayloads(ORGANIZATION, []), []);
});

test('the other notices are read as the database writes them', () => {
  assert.deepEqual(parseNotice('c org_1 12'), { kind: 'catalog', organization: 'org_1', version: 12 });
  assert.deepEqual(parseNotice('a'), { kind: 'all-lanes' });
  assert.deepEqual(parseNotice('o'), { kind: 'outbox' });
  assert.deepEqual(parseNotice('m'), { kind: 'members' });
});

test('what another version or another program says is nothing', () => {
  for (const payload of ['', 'z', 'l', 'l org_1', 'c org_1', 'lanes org_1 x'])
    assert.equal(parseNotice(payload), undefined, payload);
});
