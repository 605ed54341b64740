/** What every driver's intake must do. */
import assert from 'node:assert/strict';
import {
  ADA,
  ADA_APP,
  accept,
  acceptanceOf,
  applicationOf,
  CYD,
  changeSet,
  MINUTE,
  NOON,
  newDestinationId,
  OTHER_APP,
  takeFresh,
} from './samples.ts';
import type { Cases } from './storage-test.ts';

function hash(text: string): Uint8Array {
  return Buffer.from(text.padEnd(32, '.'));
}
const answer = { status: 202, response: '{"id":"msg_1"}', expiresAt: NOON + 720 * MINUTE };

export const intakeCases: Cases = {
  'gives a later event a greater seq, also within one batch': async ({ storage }) => {
    const lane = newDestinationId();
    const results = await Promise.all(Array.from({ length: 50 }, () => accept(storage, [lane])));
    const seqs = results.map(({ seq }) => seq);
    assert.deepEqual(
      seqs,
      seqs.toSorted((a, b) => a - b),
    );
    assert.equal(new Set(seqs).size, 50);
    assert.ok((await accept(storage, [lane])).seq > seqs[49]!);
  },

  'keeps every member and the bytes of an event': async ({ storage }) => {
    const content = Buffer.from([0, 255, 1, 2, 10, 13]);
    const acceptance = acceptanceOf(
      [],
      {
        eventId: 'order-1',
        channels: ['a', 'ü'],
        tags: ['t'],
        method: 'PUT',
        contentType: 'application/xml',
        headers: [['X-Case', 'Kept']],
        orderingKey: 'k',
        retryScheduleMs: [1, 2],
        deliverAt: NOON + 3 * MINUTE,
      },
      { content },
    );
    await storage.intake.accept(acceptance);
    const stored = await storage.history.findEvent(
      ADA_APP,
      { id: acceptance.event.id },
      { withContent: true },
    );
    assert.deepEqual(stored?.event, acceptance.event);
    assert.deepEqual(Buffer.from(stored!.content!), content);
    assert.equal(stored!.contentState, 'kept');
  },

  'keeps an empty content as empty': async ({ storage }) => {
    const acceptance = acceptanceOf([], {}, { content: new Uint8Array(0) });
    await storage.intake.accept(acceptance);
    const stored = await storage.history.findEvent(
      ADA_APP,
      { id: acceptance.event.id },
      { withContent: true },
    );
    assert.equal(stored?.content?.byteLength, 0);
  },

  'does not keep the memory around a content': async ({ storage }) => {
    const slab = Buffer.alloc(100_000, 'x');
    const acceptance = acceptanceOf([], {}, { content: slab.subarray(10, 15) });
    await storage.intake.accept(acceptance);
    assert.equal(slab.byteLength, 100_000, 'the caller keeps its buffer');
    const stored = await storage.history.findEvent(
      ADA_APP,
      { id: acceptance.event.id },
      { withContent: true },
    );
    assert.equal(Buffer.from(stored!.content!).toString(), 'xxxxx');
  },

  'tells the first id when an eventId is taken in its application, and writes nothing': async ({
    storage,
  }) => {
    const lane = newDestinationId();
    const first = await accept(storage, [lane], { eventId: 'once' });
    const again = acceptanceOf([lane], { eventId: 'once' });
    assert.deepEqual(await storage.intake.accept(again), { kind: 'duplicate', id: first.event.id });
    assert.equal(
      await storage.history.findEvent(ADA_APP, { id: again.event.id }, { withContent: false }),
      null,
    );
    const fresh = await takeFresh(storage, laneOf(lane));
    assert.equal(fresh.length, 1);
    const elsewhere = acceptanceOf([], { eventId: 'once', applicationId: OTHER_APP });
    assert.equal((await storage.intake.accept(elsewhere)).kind, 'accepted');
  },

  'tells one of two callers at once that the eventId is taken': async ({ storage }) => {
    const both = [acceptanceOf([], { eventId: 'race' }), acceptanceOf([], { eventId: 'race' })];
    const [first, second] = await Promise.all(both.map((each) => storage.intake.accept(each)));
    assert.equal(first!.kind, 'accepted');
    assert.deepEqual(second, { kind: 'duplicate', id: both[0]!.event.id });
  },

  'replays the answer of an idempotency key, and refuses the key with another body': async ({ storage }) => {
    const idempotency = { keyHash: hash('key'), bodyHash: hash('body'), ...answer };
    const first = await storage.intake.accept(acceptanceOf([], {}, { idempotency }));
    assert.equal(first.kind, 'accepted');
    const again = acceptanceOf([], {}, { idempotency });
    const { status, response } = answer;
    assert.deepEqual(await storage.intake.accept(again), { kind: 'replayed', status, response });
    const other = acceptanceOf([], {}, { idempotency: { ...idempotency, bodyHash: hash('other') } });
    assert.deepEqual(await storage.intake.accept(other), { kind: 'key-reused' });
    assert.equal(
      await storage.history.findEvent(ADA_APP, { id: again.event.id }, { withContent: false }),
      null,
    );
    const cyd = acceptanceOf([], {}, { idempotency, organization: CYD });
    assert.equal((await storage.intake.accept(cyd)).kind, 'accepted');
  },

  'forgets an idempotency key when it expires': async ({ storage }) => {
    const expired = { keyHash: hash('old'), bodyHash: hash('body'), ...answer, expiresAt: NOON - MINUTE };
    await storage.intake.accept(acceptanceOf([], {}, { idempotency: expired }));
    const next = { ...expired, bodyHash: hash('another'), expiresAt: NOON + MINUTE };
    assert.equal((await storage.intake.accept(acceptanceOf([], {}, { idempotency: next }))).kind, 'accepted');
    const found = await storage.catalog.findIdempotent(ADA, hash('old'), NOON);
    assert.deepEqual(Buffer.from(found!.bodyHash), hash('another'));
  },

  'refuses what was planned with an older catalog, and writes nothing': async ({ storage }) => {
    const lane = newDestinationId();
    const planned = await storage.catalog.openOrganization(ADA);
    const current = acceptanceOf([lane], {}, { catalogVersion: planned });
    assert.equal((await storage.intake.accept(current)).kind, 'accepted');
    const change = { op: 'insert', kind: 'application', resource: applicationOf() } as const;
    await storage.catalog.write(changeSet([change]));
    const idempotency = { keyHash: hash('stale'), bodyHash: hash('body'), ...answer };
    const late = acceptanceOf([lane], { eventId: 'stale' }, { idempotency, catalogVersion: planned });
    const catalogVersion = planned + 1;
    assert.deepEqual(await storage.intake.accept(late), { kind: 'stale', catalogVersion });
    assert.equal(
      await storage.history.findEvent(ADA_APP, { id: late.event.id }, { withContent: false }),
      null,
    );
    assert.equal((await takeFresh(storage, laneOf(lane))).length, 1);
    assert.equal((await storage.intake.accept({ ...late, catalogVersion })).kind, 'accepted');
  },

  'takes what depends on no version of the catalog, whatever it is': async ({ storage }) => {
    const change = { op: 'insert', kind: 'application', resource: applicationOf() } as const;
    await storage.catalog.write(changeSet([change]));
    const accepted = await storage.intake.accept(acceptanceOf([], {}, { catalogVersion: null }));
    assert.equal(accepted.kind, 'accepted');
  },

  'queues one delivery per planned destination, and none twice': async ({ storage }) => {
    const [a, b] = [newDestinationId(), newDestinationId()];
    const { seq } = await accept(storage, [a, b, a]);
    for (const lane of [a, b]) {
      const fresh = await takeFresh(storage, laneOf(lane));
      assert.deepEqual(
        fresh.map((each) => each.seq),
        [seq],
      );
    }
  },

  'lets a delivery with deliverAt wait until then': async ({ storage }) => {
    const lane = newDestinationId();
    const deliverAt = NOON + 60 * MINUTE;
    await accept(storage, [lane], { deliverAt });
    assert.equal((await takeFresh(storage, laneOf(lane))).length, 0);
    assert.equal(await storage.queue.nextDue(laneOf(lane)), deliverAt);
  },

  'keeps what was accepted over a restart, and never gives a seq twice': async ({ storage, reopen }) => {
    if (reopen === undefined) return;
    const before = await accept(storage, [newDestinationId()]);
    const reopened = await reopen();
    const stored = await reopened.history.findEvent(ADA_APP, { id: before.event.id }, { withContent: true });
    assert.equal(stored?.seq, before.seq);
    assert.ok((await accept(reopened, [])).seq > before.seq);
  },
};

const laneOf = (destinationId: ReturnType<typeof newDestinationId>) => ({ organization: ADA, destinationId });
