import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { receivingParts } from '../../test/support/receiving-parts.ts';
import type { Event } from '../core/event/event.ts';
import type { EventId, OrganizationId, SourceId } from '../core/ids.ts';
import type { IndexEntry, Search } from '../ports/search.ts';
import type { EngineMetrics, EngineParts, ReadEvent } from './engine.ts';
import { CHORES_SHARD, type HeldShards } from './held-shards.ts';
import { Indexer } from './indexer.ts';
import { Reading } from './reading.ts';

type Unindexed = Awaited<ReturnType<Search['takeUnindexed']>>[number];

function row(seq: number, over: Partial<Unindexed> = {}): Unindexed {
  const event: Event = {
    ...{ id: `id-${seq}` as EventId, applicationId: null, type: 'a.type', eventId: null, channels: null },
    received: {
      ...{ sourceId: 'source' as SourceId, via: 'http', sub: '', query: '', headers: [], sealed: null },
      ...{ peer: null, proof: null, dedupeKey: null, readAs: null, isTest: false, meta: null },
    },
    ...{ tags: null, method: 'POST', contentType: 'application/json', headers: null, orderingKey: null },
    ...{ retryScheduleMs: null, acceptedAt: 1_700_000_000_000, contentExpiresAt: 0, deliverAt: 0 },
  };
  const content = new TextEncoder().encode(`{"n":${seq}}`);
  return { seq, event, content, contentState: 'kept', organization: 'org' as OrganizationId, ...over };
}

/** An indexer over a list of what is left, whose store takes `tookMs` for each batch. */
function rig(given: { left: Unindexed[]; tookMs?: number; hasWaysIn?: boolean; holds?: boolean }) {
  const clock = new FakeClock();
  const parts = receivingParts();
  const house = {
    clock,
    indexed: [] as IndexEntry[],
    /** Instants at which batches were taken. */
    taken: [] as number[],
    fails: false,
    /** Cannot be read, whatever is tried. */
    unreadable: 0,
    holds: given.holds ?? true,
    metrics: { eventsReceived: 0, eventsAccepted: 0, indexLagMs: 0 } as EngineMetrics,
    onTake: () => {},
  };
  const search: Pick<Search, 'takeUnindexed' | 'index'> = {
    takeUnindexed: async ({ limit }) => {
      house.taken.push(clock.now());
      house.onTake();
      if (house.fails) throw new Error('away');
      if (given.tookMs !== undefined) await new Promise<void>((done) => clock.after(given.tookMs!, done));
      return given.left.slice(0, limit);
    },
    index: async (entries) => {
      house.indexed.push(...entries);
      given.left.splice(0, entries.length);
    },
  };
  const read = (stored: Unindexed): ReadEvent | Promise<ReadEvent> => {
    if (stored.seq === house.unreadable) throw new RangeError('A bug of ours.');
    const reading = new Reading(stored.event, stored.content ?? new Uint8Array(), {
      ...{ formats: parts.formats, secrets: {}, now: 0 },
    });
    const done = () => ({
      ...{ stored, document: reading.document(stored.event.type) },
      ...{ format: reading.parsed.format, files: [] },
    });
    const parsing = reading.parse();
    return parsing === undefined ? done() : parsing.then(done);
  };
  const indexer = new Indexer(
    {
      ...{ clock, storage: { search }, log: { info() {}, warn() {}, error() {} } },
      inboundKinds: given.hasWaysIn === false ? [] : [{}],
    } as unknown as EngineParts,
    {
      held: { has: (shard: number) => shard === CHORES_SHARD && house.holds } as HeldShards,
      metrics: house.metrics,
      read: read as never,
    },
  );
  return { ...house, house, indexer };
}

test('what is left is indexed in batches at full speed, in order, while nothing comes in', async () => {
  const left = Array.from({ length: 250 }, (_, i) => row(i + 1));
  const { clock, house, indexer } = rig({ left, tookMs: 10 });
  indexer.start();
  await clock.advance(1_000);
  assert.deepEqual(
    house.indexed.map(({ seq }) => seq),
    Array.from({ length: 250 }, (_, i) => i + 1),
  );
  assert.ok(house.indexed.every(({ terms, overflows }) => terms.length > 5 && !overflows));
  assert.deepEqual(
    house.taken.slice(0, 4).map((at) => at - house.taken[0]!),
    [0, 10, 20, 30],
  );
  await indexer.stop();
});

for (const [counter, perBatch, pause] of [
  ['eventsReceived', 10, 50],
  ['eventsAccepted', 10, 50],
  ['eventsReceived', 80, 210],
  ['eventsReceived', 1_000, 500],
] as const)
  test(`while much comes in (${counter}, ${perBatch} in 10 ms), it rests, the longer the more`, async () => {
    const left = Array.from({ length: 1_000 }, (_, i) => row(i + 1));
    const { clock, house, indexer } = rig({ left, tookMs: 10 });
    house.onTake = () => {
      house.metrics[counter] += perBatch;
      indexer.wake();
    };
    indexer.start();
    await clock.advance(4 * pause + 20);
    const pauses = house.taken.slice(1).map((at, i) => at - house.taken[i]!);
    assert.ok(pauses.length >= 4);
    assert.deepEqual(new Set(pauses), new Set([pause]));
    await indexer.stop();
  });

test('an event that cannot be read is a candidate of every search, and the others are indexed', async () => {
  const { clock, house, indexer } = rig({ left: [row(1), row(2), row(3)] });
  house.unreadable = 2;
  indexer.start();
  await clock.advance(100);
  assert.deepEqual(
    house.indexed.map(({ seq, terms, overflows }) => [seq, terms.length > 0, overflows]),
    [
      [1, true, false],
      [2, false, true],
      [3, true, false],
    ],
  );
  await indexer.stop();
});

test('an arrival wakes it; without one it looks every two seconds', async () => {
  const left: Unindexed[] = [];
  const { clock, house, indexer } = rig({ left });
  indexer.start();
  await clock.advance(10);
  left.push(row(1));
  indexer.wake();
  indexer.wake();
  await clock.advance(100);
  assert.equal(house.indexed.length, 1);
  const looks = house.taken.length;
  left.push(row(2));
  await clock.advance(2_100);
  assert.equal(house.indexed.length, 2);
  assert.ok(house.taken.length - looks <= 3);
  await indexer.stop();
});

test('where nothing can come in, the clock comes to rest', async () => {
  const { clock, house, indexer } = rig({ left: [row(1)], hasWaysIn: false });
  indexer.start();
  await clock.advance(10_000);
  assert.equal(house.taken.length, 0);
  indexer.wake();
  await clock.advance(10_000);
  assert.equal(house.indexed.length, 1);
  assert.equal(house.taken.length, 2);
  await indexer.stop();
});

test('it works on the node that does the chores, and looks again when it becomes that', async () => {
  const { clock, house, indexer } = rig({ left: [row(1)], holds: false });
  indexer.start();
  await clock.advance(5_000);
  assert.equal(house.taken.length, 0);
  house.holds = true;
  await clock.advance(2_100);
  assert.equal(house.indexed.length, 1);
  await indexer.stop();
});

test('a store that is away is asked again later', async () => {
  const { clock, house, indexer } = rig({ left: [row(1)] });
  house.fails = true;
  indexer.start();
  await clock.advance(1_000);
  house.fails = false;
  assert.equal(house.indexed.length, 0);
  await clock.advance(2_000);
  assert.equal(house.indexed.length, 1);
  await indexer.stop();
});

test('what was expunged before it was indexed leaves no terms', async () => {
  const { clock, house, indexer } = rig({ left: [row(1, { content: null, contentState: 'expunged' })] });
  indexer.start();
  await clock.advance(100);
  assert.deepEqual(house.indexed[0]!.terms, []);
  await indexer.stop();
});
