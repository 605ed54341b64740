/** What every driver's history must do with events. Deliveries and attempts are in delivery-history.ts. */
import assert from 'node:assert/strict';
import type { Event } from '../../core/event/event.ts';
import type { EventFilter, EventScope, Page } from '../../ports/history.ts';
import type { Storage } from '../../ports/storage.ts';
import {
  ADA,
  ADA_APP,
  APP,
  accept,
  CYD,
  DAY,
  idOf,
  MINUTE,
  NEWEST,
  NOON,
  newDestinationId,
  OLDEST,
  OTHER_APP,
  recordOf,
} from './samples.ts';
import type { Cases } from './storage-test.ts';

const BARE = { withContent: false };
const idsOf = (rows: readonly { event: { id: string } }[]) => rows.map(({ event }) => event.id);

/** One event a minute, oldest first. */
async function acceptEach(storage: Storage, events: readonly Partial<Event>[]) {
  const accepted = [];
  for (const [i, event] of events.entries()) {
    accepted.push(await accept(storage, [], { acceptedAt: NOON + i * MINUTE, ...event }));
  }
  return accepted;
}

const pages: Cases = {
  'finds an event by its id and by the publisher’s own, in its scope only': async ({ storage }) => {
    const [{ event, seq }] = (await acceptEach(storage, [{ eventId: 'mine' }])) as [
      Awaited<ReturnType<typeof accept>>,
    ];
    const found = { seq, event, content: null, contentState: 'kept' };
    assert.deepEqual(await storage.history.findEvent(ADA_APP, { id: event.id }, BARE), found);
    assert.deepEqual(await storage.history.findEvent(ADA_APP, { eventId: 'mine' }, BARE), found);
    const foreign: EventScope[] = [
      { organization: CYD, applicationId: APP },
      { organization: ADA, applicationId: OTHER_APP },
      { organization: ADA, applicationId: null },
    ];
    for (const scope of foreign) {
      assert.equal(await storage.history.findEvent(scope, { id: event.id }, BARE), null);
      assert.equal(await storage.history.findEvent(scope, { eventId: 'mine' }, BARE), null);
      assert.deepEqual(await storage.history.listEvents(scope, {}, NEWEST, BARE), []);
    }
  },

  'pages events by id both ways, without a gap or a repeat': async ({ storage }) => {
    const ids = idsOf(
      await acceptEach(
        storage,
        Array.from({ length: 7 }, () => ({})),
      ),
    );
    for (const direction of ['ascending', 'descending'] as const) {
      const seen: string[] = [];
      let after: string | null = null;
      for (;;) {
        const page = idsOf(
          await storage.history.listEvents(ADA_APP, {}, { after, direction, limit: 3 }, BARE),
        );
        if (page.length === 0) break;
        seen.push(...page);
        after = page[page.length - 1]!;
      }
      assert.deepEqual(seen, direction === 'ascending' ? ids : ids.toReversed());
    }
  },

  'filters by type, channel, tag and time before the limit': async ({ storage }) => {
    const accepted = await acceptEach(storage, [
      { type: 'a', channels: ['x', 'y'] },
      { type: 'b', tags: ['t'] },
      { type: 'c', channels: ['y'], tags: ['t', 'u'] },
      { type: 'a' },
    ]);
    const list = async (filter: EventFilter) => {
      const found = idsOf(await storage.history.listEvents(ADA_APP, filter, { ...OLDEST, limit: 2 }, BARE));
      return found.map((id) => accepted.findIndex(({ event }) => event.id === id));
    };
    assert.deepEqual(await list({ types: ['a'] }), [0, 3]);
    assert.deepEqual(await list({ types: ['b', 'c'] }), [1, 2]);
    assert.deepEqual(await list({ types: [] }), []);
    assert.deepEqual(await list({ channel: 'y' }), [0, 2]);
    assert.deepEqual(await list({ tag: 't' }), [1, 2]);
    assert.deepEqual(await list({ tag: 't', channel: 'y' }), [2]);
    assert.deepEqual(await list({ since: NOON + 2 * MINUTE }), [2, 3]);
    assert.deepEqual(await list({ since: NOON + MINUTE, before: NOON + 3 * MINUTE }), [1, 2]);
    assert.deepEqual(await list({ before: NOON }), []);
  },

  'pages events of many days, and filters them by time': async ({ storage }) => {
    const days = [-5, -3, -2, -2, 0];
    const accepted = await acceptEach(
      storage,
      days.map((day, i) => ({ acceptedAt: NOON + day * DAY + i })),
    );
    const list = async (filter: EventFilter, page: Page) => {
      const found = idsOf(await storage.history.listEvents(ADA_APP, filter, page, BARE));
      return found.map((id) => accepted.findIndex(({ event }) => event.id === id));
    };
    assert.deepEqual(await list({}, OLDEST), [0, 1, 2, 3, 4]);
    assert.deepEqual(await list({}, { ...NEWEST, limit: 3 }), [4, 3, 2]);
    assert.deepEqual(await list({}, { ...NEWEST, after: accepted[3]!.event.id }), [2, 1, 0]);
    assert.deepEqual(await list({}, { ...OLDEST, after: accepted[0]!.event.id, limit: 2 }), [1, 2]);
    assert.deepEqual(await list({ since: NOON - 3 * DAY, before: NOON - DAY }, NEWEST), [3, 2, 1]);
    assert.deepEqual(await list({ before: NOON - 3 * DAY }, NEWEST), [0]);
  },

  'reads channels and tags beside any other text': async ({ storage }) => {
    const orderingKey = '\u0000 "channels":["x"] \\';
    const [both] = await acceptEach(storage, [
      { channels: ['y'], tags: ['t'], orderingKey },
      { orderingKey },
    ]);
    const list = async (filter: EventFilter) =>
      idsOf(await storage.history.listEvents(ADA_APP, filter, OLDEST, BARE));
    assert.deepEqual(await list({ channel: 'y', tag: 't' }), [both!.event.id]);
    assert.deepEqual(await list({ channel: 'x' }), []);
  },

  'finds nothing under a name that nothing can have': async ({ storage }) => {
    await acceptEach(storage, [{ eventId: 'mine', type: 'a', channels: ['a'], tags: ['a'] }]);
    for (const name of ['a\0', '\ud800', '{a}', '"a', 'a\\']) {
      assert.equal(await storage.history.findEvent(ADA_APP, { eventId: name }, BARE), null);
      for (const filter of [{ types: [name] }, { channel: name }, { tag: name }]) {
        assert.deepEqual(await storage.history.listEvents(ADA_APP, filter, NEWEST, BARE), []);
      }
    }
  },

  'gives contents when asked': async ({ storage }) => {
    const [first] = await acceptEach(storage, [{}]);
    const [stored] = await storage.history.listEvents(ADA_APP, {}, NEWEST, { withContent: true });
    assert.equal(Buffer.from(stored!.content!).toString(), JSON.stringify({ id: first!.event.id }));
  },
};

const cursors: Cases = {
  'reads events in order of acceptance after a seq, whatever their ids': async ({ storage }) => {
    const late = idOf<'event'>(NOON - 5 * MINUTE);
    const accepted = await acceptEach(storage, [{}, { id: late }, { type: 'other' }, {}]);
    await accept(storage, [], { applicationId: OTHER_APP });
    const read = async (afterSeq: number, filter: EventFilter = {}, limit = 10) =>
      idsOf(await storage.history.readEvents(ADA_APP, filter, { afterSeq, limit, withContent: false }));
    assert.deepEqual(await read(0), idsOf(accepted));
    assert.deepEqual(await read(accepted[0]!.seq, {}, 2), idsOf(accepted.slice(1, 3)));
    assert.deepEqual(await read(accepted[0]!.seq, { types: ['other'] }), idsOf(accepted.slice(2, 3)));
    assert.deepEqual(await read(accepted[3]!.seq), []);
  },

  'tells the seq of the last event, and the one before an instant': async ({ storage }) => {
    assert.equal(await storage.history.lastSeq(ADA_APP), 0);
    assert.equal(await storage.history.seqAt(ADA_APP, NOON), 0);
    const accepted = await acceptEach(storage, [{}, {}, {}]);
    await accept(storage, [], { applicationId: OTHER_APP });
    assert.equal(await storage.history.lastSeq(ADA_APP), accepted[2]!.seq);
    assert.equal(await storage.history.lastSeq({ ...ADA_APP, organization: CYD }), 0);
    const after = async (at: number) => {
      const afterSeq = await storage.history.seqAt(ADA_APP, at);
      const options = { afterSeq, limit: 9, withContent: false };
      return idsOf(await storage.history.readEvents(ADA_APP, {}, options)).length;
    };
    assert.equal(await after(NOON - 1), 3);
    assert.equal(await after(NOON), 3);
    assert.equal(await after(NOON + 1), 2);
    assert.equal(await after(NOON + 2 * MINUTE), 1);
    assert.equal(await after(NOON + 3 * MINUTE), 0);
  },
};

const erasure: Cases = {
  'expunges one content for good': async ({ storage }) => {
    const [first, second] = await acceptEach(storage, [{}, {}]);
    assert.equal(await storage.history.expungeContent(ADA_APP, first!.event.id), true);
    const stored = await storage.history.findEvent(ADA_APP, { id: first!.event.id }, { withContent: true });
    assert.deepEqual([stored!.content, stored!.contentState], [null, 'expunged']);
    const other = await storage.history.findEvent(ADA_APP, { id: second!.event.id }, { withContent: true });
    assert.equal(other!.contentState, 'kept');
    const cyd = { ...ADA_APP, organization: CYD };
    assert.equal(await storage.history.expungeContent(cyd, second!.event.id), false);
    assert.equal(await storage.history.expungeContent(ADA_APP, idOf<'event'>()), false);
  },

  'expunges all contents of a scope before an instant, in steps': async ({ storage }) => {
    const accepted = await acceptEach(storage, [{}, {}, {}, {}]);
    const other = await accept(storage, [], { applicationId: OTHER_APP });
    const before = NOON + 3 * MINUTE;
    const first = await storage.history.expungeContents(ADA_APP, { after: null, before, limit: 2 });
    assert.deepEqual(first, { last: accepted[1]!.event.id, count: 2 });
    const next = await storage.history.expungeContents(ADA_APP, { after: first.last, before, limit: 2 });
    assert.deepEqual(next, { last: null, count: 1 });
    const states = (await storage.history.listEvents(ADA_APP, {}, OLDEST, BARE)).map(
      (each) => each.contentState,
    );
    assert.deepEqual(states, ['expunged', 'expunged', 'expunged', 'kept']);
    const scope = { ...ADA_APP, applicationId: OTHER_APP };
    const kept = await storage.history.findEvent(scope, { id: other.event.id }, BARE);
    assert.equal(kept!.contentState, 'kept');
  },

  'a content that has expired is not given': async ({ storage }) => {
    const [old] = await acceptEach(storage, [{ acceptedAt: NOON - MINUTE, contentExpiresAt: NOON - 1 }]);
    const stored = await storage.history.findEvent(ADA_APP, { id: old!.event.id }, { withContent: true });
    assert.deepEqual([stored!.content, stored!.contentState], [null, 'expired']);
  },
};

const usage: Cases = {
  'counts events and attempts per application in a range of time': async ({ storage }) => {
    const lane = newDestinationId();
    const inside = await accept(storage, [lane], { acceptedAt: NOON + MINUTE });
    await accept(storage, [], { acceptedAt: NOON + 3 * MINUTE });
    const other = await accept(storage, [newDestinationId()], { applicationId: OTHER_APP });
    const attempt = { destinationId: lane, startedAt: NOON + MINUTE };
    await storage.queue.record(recordOf(inside, attempt));
    await storage.queue.record(recordOf(inside, { ...attempt, number: 2, trigger: 'manual' }));
    const range = { since: NOON, before: NOON + 2 * MINUTE };
    const all = await storage.history.countUsage(ADA, null, range);
    const sorted = all.toSorted((a, b) => (a.applicationId < b.applicationId ? -1 : 1));
    assert.deepEqual(sorted, [
      { applicationId: APP, events: 1, attempts: 2 },
      { applicationId: OTHER_APP, events: 1, attempts: 0 },
    ]);
    assert.deepEqual(await storage.history.countUsage(ADA, [OTHER_APP], { since: NOON, before: NOON }), [
      { applicationId: OTHER_APP, events: 0, attempts: 0 },
    ]);
    assert.ok(other.seq > 0);
  },

  'tells which event types were published in a range of time': async ({ storage }) => {
    await acceptEach(storage, [{ type: 'a' }, { type: 'b' }, { type: 'b' }, { type: 'c' }]);
    await accept(storage, [], { applicationId: OTHER_APP, type: 'd', acceptedAt: NOON + MINUTE });
    const range = { since: NOON + MINUTE, before: NOON + 3 * MINUTE };
    assert.deepEqual(await storage.history.usedEventTypes(ADA, range), ['b', 'd']);
    assert.deepEqual(await storage.history.usedEventTypes(CYD, range), []);
  },
};

export const historyCases: Cases = { ...pages, ...cursors, ...erasure, ...usage };
