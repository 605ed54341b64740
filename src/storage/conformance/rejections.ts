/** What every driver's log of refused calls must do. */
import assert from 'node:assert/strict';
import type { SourceId } from '../../core/ids.ts';
import type { Rejection } from '../../ports/rejections.ts';
import type { Storage } from '../../ports/storage.ts';
import { ADA, CYD, changeSet, idOf, NOON, sourceOf } from './samples.ts';
import type { Cases } from './storage-test.ts';

async function newSource(storage: Storage): Promise<SourceId> {
  const resource = sourceOf();
  await storage.catalog.write(changeSet([{ op: 'insert', kind: 'source', resource }]));
  return resource.id;
}

function rejectionOf(sourceId: SourceId, more: Partial<Rejection> = {}): Rejection {
  return {
    id: idOf(),
    organization: ADA,
    sourceId,
    at: NOON,
    reason: 'signature-mismatch',
    expected: 'sha256= and 64 hex digits',
    got: 'sha1=12\u0000\ud800',
    method: 'POST',
    path: '/in/…/a?b=c',
    peer: '203.0.113.7',
    headers: [
      ['X-Twice', '1'],
      ['x-twice', '2'],
    ],
    bodyStart: new Uint8Array([0, 255, 92, 10]),
    bodyBytes: 70_000,
    ...more,
  };
}

const NEWEST = { before: null, limit: 100 };
const plain = (rows: readonly Rejection[]) =>
  rows.map(({ bodyStart, ...rest }) => ({ ...rest, bodyStart: Buffer.from(bodyStart).toString('hex') }));
const idsOf = (rows: readonly Rejection[]) => rows.map(({ id }) => id);

export const rejectionCases: Cases = {
  'keeps a refused call as it is told, newest first, in pages': async ({ storage }) => {
    const source = await newSource(storage);
    const rejections = Array.from({ length: 5 }, () => rejectionOf(source));
    for (const each of rejections) await storage.rejections.add(each, 10);
    const wanted = rejections.toReversed();
    assert.deepEqual(plain(await storage.rejections.list(ADA, source, NEWEST)), plain(wanted));
    const page = await storage.rejections.list(ADA, source, { before: wanted[1]!.id, limit: 2 });
    assert.deepEqual(idsOf(page), idsOf(wanted.slice(2, 4)));
  },

  'keeps the newest of each source, and the start of their bodies': async ({ storage }) => {
    const [source, other] = [await newSource(storage), await newSource(storage)];
    const kept = rejectionOf(other, { bodyStart: new Uint8Array(9000) });
    await storage.rejections.add(kept, 3);
    const rejections = Array.from({ length: 6 }, () => rejectionOf(source));
    for (const each of rejections) await storage.rejections.add(each, 3);
    const left = await storage.rejections.list(ADA, source, NEWEST);
    assert.deepEqual(idsOf(left), idsOf(rejections.slice(3)).reverse());
    const [long] = await storage.rejections.list(ADA, other, NEWEST);
    assert.equal(long!.bodyStart.byteLength, 4096);
  },

  'keeps a call that is told twice once': async ({ storage }) => {
    const source = await newSource(storage);
    const rejection = rejectionOf(source);
    await storage.rejections.add(rejection, 3);
    await storage.rejections.add(rejection, 3);
    assert.deepEqual(idsOf(await storage.rejections.list(ADA, source, NEWEST)), [rejection.id]);
  },

  'is nobody else’s, and goes with its source': async ({ storage }) => {
    const source = await newSource(storage);
    await storage.catalog.openOrganization(CYD);
    await storage.rejections.add(rejectionOf(source), 3);
    await storage.rejections.add(rejectionOf(source, { organization: CYD }), 3);
    assert.deepEqual(await storage.rejections.list(CYD, source, NEWEST), []);
    assert.equal((await storage.rejections.list(ADA, source, NEWEST)).length, 1);
    await storage.catalog.write(changeSet([{ op: 'remove', kind: 'source', id: source }]));
    await storage.rejections.add(rejectionOf(source), 3);
    assert.deepEqual(await storage.rejections.list(ADA, source, NEWEST), []);
  },
};
