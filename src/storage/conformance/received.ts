/** What every driver must do with sources and with what they received. */
import assert from 'node:assert/strict';
import type { Sealed, Source } from '../../core/catalog/resources.ts';
import type { Event } from '../../core/event/event.ts';
import { type OrganizationId, RECEIVED } from '../../core/ids.ts';
import type { EventScope } from '../../ports/history.ts';
import type { Storage } from '../../ports/storage.ts';
import {
  ADA,
  accept,
  CYD,
  changeSet,
  destinationOf,
  eventOf,
  idOf,
  NEWEST,
  NOON,
  receivedOf,
  sourceOf,
  takeFresh,
} from './samples.ts';
import type { Cases } from './storage-test.ts';

const insert = (resource: Source) => ({ op: 'insert', kind: 'source', resource }) as const;

async function keep(storage: Storage, organization: OrganizationId, ...sources: Source[]): Promise<void> {
  const done = await storage.catalog.write(changeSet(sources.map(insert), { organization }));
  assert.equal(done.kind, 'done');
}

/** Of this case's organizations; other cases may share the store. */
async function inbound(storage: Storage, after: string | null = null, limit = 1000) {
  const all = await storage.catalog.inboundSources(after, limit);
  return all
    .filter(({ organization }) => organization === ADA || organization === CYD)
    .map(({ source }) => source.id);
}

const EVERYTHING: Partial<Event> = {
  applicationId: RECEIVED,
  method: 'PATCH',
  contentType: 'text/xml; charset="iso-8859-1"',
  orderingKey: 'order 7',
  received: receivedOf({
    via: 'smtp',
    sub: '/a/%2F?',
    query: 'a=1&a=2&channels=["x"]',
    headers: [
      ['X-Twice', '1'],
      ['content-TYPE', 'text/xml'],
      ['x-twice', ''],
      ['X-Zoë', '\u0000 "\ud800" 雪'],
    ],
    sealed: 'v1.sealed' as Sealed,
    peer: '2001:db8::7',
    proof: { scheme: 'standard-webhooks', key: 1 },
    dedupeKey: 'key "1"',
    readAs: { type: 'application/xml', payload: null },
    isTest: true,
    meta: { channels: ['x'], tags: ['x'], deep: { a: [1, null, { b: '\u0000' }] } },
  }),
};
function scopeOf(organization = ADA): EventScope {
  return { organization, applicationId: RECEIVED };
}

export const receivedCases: Cases = {
  'finds a source by its token, whosever it is': async ({ storage }) => {
    const [ada, cyd] = [sourceOf({ name: 'Zoë' }), sourceOf()];
    await keep(storage, ADA, ada);
    await keep(storage, CYD, cyd);
    assert.deepEqual(await storage.catalog.findSource(ada.tokenHash), { organization: ADA, source: ada });
    assert.deepEqual(await storage.catalog.findSource(cyd.tokenHash), { organization: CYD, source: cyd });
    for (const wrong of ['', 'nobody’s', 'a\0', '\ud800']) {
      assert.equal(await storage.catalog.findSource(wrong), null);
    }
    const rolled = { ...ada, tokenHash: idOf(), version: 2 };
    await storage.catalog.write(changeSet([{ op: 'update', kind: 'source', resource: rolled }]));
    assert.equal(await storage.catalog.findSource(ada.tokenHash), null);
    assert.deepEqual((await storage.catalog.findSource(rolled.tokenHash))?.source, rolled);
    await storage.catalog.write(changeSet([{ op: 'remove', kind: 'source', id: ada.id }]));
    assert.equal(await storage.catalog.findSource(rolled.tokenHash), null);
  },

  'gives the id of a source to one organization only': async ({ storage }) => {
    const source = sourceOf();
    await keep(storage, ADA, source);
    const again = await storage.catalog.write(changeSet([insert(source)], { organization: CYD }));
    assert.deepEqual(again, { kind: 'id-taken', change: 0 });
  },

  'lists the sources that need care, of all organizations': async ({ storage }) => {
    const imap = sourceOf({ kind: 'imap' });
    const called = sourceOf();
    const watched = sourceOf({ expectEveryMs: 60_000 });
    const disabled = sourceOf({ kind: 'poll', disabled: true });
    const theirs = sourceOf({ kind: 'mqtt' });
    await keep(storage, ADA, imap, called, watched, disabled);
    await keep(storage, CYD, theirs);
    assert.deepEqual(await inbound(storage), [imap.id, watched.id, theirs.id]);
    assert.deepEqual(await inbound(storage, imap.id), [watched.id, theirs.id]);
    assert.deepEqual(await inbound(storage, imap.id, 1), [watched.id]);
    const resource = { ...imap, disabled: true, version: 2 };
    await storage.catalog.write(changeSet([{ op: 'update', kind: 'source', resource }]));
    assert.deepEqual(await inbound(storage), [watched.id, theirs.id]);
  },

  'keeps all that is known of a received event, and hands it out with its delivery': async ({ storage }) => {
    const destination = destinationOf({ ownerId: RECEIVED });
    const made = await storage.catalog.write(
      changeSet([{ op: 'insert', kind: 'destination', resource: destination }]),
    );
    assert.equal(made.kind, 'done');
    const plain = await accept(storage, [], { applicationId: RECEIVED, received: receivedOf() });
    const rich = await accept(storage, [destination.id], EVERYTHING);
    const page = await storage.history.listEvents(scopeOf(), {}, NEWEST, { withContent: false });
    assert.deepEqual(
      page.map(({ event }) => event),
      [rich.event, plain.event],
    );
    const [taken] = await takeFresh(storage, { organization: ADA, destinationId: destination.id });
    assert.deepEqual(taken!.event, rich.event);
    // What is in it is not what an event is filtered by.
    for (const filter of [{ channel: 'x' }, { tag: 'x' }]) {
      assert.deepEqual(
        await storage.history.listEvents(scopeOf(), filter, NEWEST, { withContent: false }),
        [],
      );
    }
    assert.deepEqual(await storage.history.listEvents(scopeOf(CYD), {}, NEWEST, { withContent: false }), []);
  },

  'takes one event per key within a source’s window': async ({ storage }) => {
    const event = { applicationId: RECEIVED, received: receivedOf(), eventId: 'src/key' };
    const first = await accept(storage, [], event);
    const again = await storage.intake.accept({
      ...{ organization: ADA, content: Buffer.from(''), destinations: [], idempotency: null },
      ...{ catalogVersion: null, outboxNo: null },
      event: { ...eventOf(), ...event, id: idOf<'event'>(NOON) },
    });
    assert.deepEqual(again, { kind: 'duplicate', id: first.event.id });
  },

  'does not count what was received as what an application published': async ({ storage }) => {
    await accept(storage, [], { applicationId: RECEIVED, received: receivedOf(), type: 'only.received' });
    await accept(storage, [], { type: 'published' });
    const range = { since: NOON - 1000, before: NOON + 1000 };
    const usage = await storage.history.countUsage(ADA, null, range);
    assert.ok(usage.every(({ applicationId }) => applicationId !== RECEIVED));
    assert.deepEqual(await storage.history.usedEventTypes(ADA, range), ['published']);
  },
};
