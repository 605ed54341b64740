/** What every driver's catalog must do. */
import assert from 'node:assert/strict';
import type { ApiKey, BackgroundTask, EventType } from '../../core/catalog/resources.ts';
import type { ApplicationId } from '../../core/ids.ts';
import type { AuditEntry, ListQuery } from '../../ports/catalog.ts';
import {
  ADA,
  accept,
  acceptanceOf,
  applicationOf,
  CYD,
  changeSet,
  destinationOf,
  idOf,
  MINUTE,
  NOON,
  newDestinationId,
  takeFresh,
} from './samples.ts';
import type { Cases } from './storage-test.ts';

const byUid = { orderBy: 'uid', direction: 'ascending', after: null, limit: 100 } as const;
const byId = { ...byUid, orderBy: 'id' } as const;
const insertApp = (more: Parameters<typeof applicationOf>[0] = {}) =>
  ({ op: 'insert', kind: 'application', resource: applicationOf(more) }) as const;
const insertDestination = (more: Parameters<typeof destinationOf>[0] = {}) =>
  ({ op: 'insert', kind: 'destination', resource: destinationOf(more) }) as const;

function eventTypeOf(uid: string, more: Partial<EventType> = {}): EventType {
  return {
    ...applicationOf({ uid }),
    uid,
    description: '',
    archived: false,
    deprecated: false,
    featureFlags: [],
    groupName: null,
    schemas: null,
    retryScheduleMs: null,
    ...more,
  };
}

function auditOf(action: string): AuditEntry {
  const actor = { actorKind: 'api-key', actorId: 'key_1' } as const;
  return { id: idOf(), at: NOON, ...actor, action, subject: 'ep_1', before: null, after: { url: 'x' } };
}

const documents: Cases = {
  'makes an organization when it is first opened, and counts its changes': async ({ storage }) => {
    const first = await storage.catalog.openOrganization(ADA);
    assert.equal(await storage.catalog.openOrganization(ADA), first);
    const done = await storage.catalog.write(changeSet([insertApp()]));
    assert.ok(done.kind === 'done' && done.catalogVersion > first);
    assert.equal(await storage.catalog.openOrganization(ADA), done.kind === 'done' && done.catalogVersion);
    const accepted = await storage.intake.accept(acceptanceOf([]));
    assert.equal(
      accepted.kind === 'accepted' && accepted.catalogVersion,
      done.kind === 'done' && done.catalogVersion,
    );
  },

  'does not count changes that no plan of deliveries depends on': async ({ storage }) => {
    await storage.catalog.write(changeSet([insertApp()]));
    const version = await storage.catalog.openOrganization(ADA);
    const { metadata: _, ...base } = applicationOf();
    const resource = { ...base, destinationId: newDestinationId(), iterator: null, lease: null };
    const done = await storage.catalog.write(
      changeSet([{ op: 'insert', kind: 'poller-consumer', resource }]),
    );
    assert.deepEqual(done, { kind: 'done', catalogVersion: version, published: [] });
    assert.equal(await storage.catalog.openOrganization(ADA), version);
  },

  'gives the id of an application or a destination to one organization only': async ({ storage }) => {
    const [app, destination] = [applicationOf(), destinationOf()];
    const changes = [
      { op: 'insert', kind: 'application', resource: app },
      { op: 'insert', kind: 'destination', resource: destination },
    ] as const;
    assert.equal((await storage.catalog.write(changeSet(changes))).kind, 'done');
    for (const change of changes) {
      const taken = await storage.catalog.write(changeSet([change], { organization: CYD }));
      assert.deepEqual(taken, { kind: 'id-taken', change: 0 });
    }
  },

  'serves a destination again that is made anew under the id of a removed one': async ({ storage }) => {
    const destination = destinationOf();
    const insert = { op: 'insert', kind: 'destination', resource: destination } as const;
    await storage.catalog.write(changeSet([insert]));
    await accept(storage, [destination.id]);
    await storage.catalog.write(changeSet([{ op: 'remove', kind: 'destination', id: destination.id }]));
    await storage.catalog.write(changeSet([insert]));
    const { seq } = await accept(storage, [destination.id]);
    const taken = await takeFresh(storage, { organization: ADA, destinationId: destination.id });
    assert.ok(taken.some((each) => each.seq === seq));
  },

  'finds a document by id and by uid, in its organization only': async ({ storage }) => {
    const insert = insertApp({ uid: 'customer-1', metadata: { a: 'ü' } });
    await storage.catalog.write(changeSet([insert]));
    const { resource } = insert;
    assert.deepEqual(await storage.catalog.find(ADA, 'application', { id: resource.id }, null), resource);
    assert.deepEqual(
      await storage.catalog.find(ADA, 'application', { uid: 'customer-1' }, undefined),
      resource,
    );
    assert.equal(await storage.catalog.find(CYD, 'application', { id: resource.id }, null), null);
    assert.equal(await storage.catalog.find(ADA, 'destination', { id: resource.id }, undefined), null);
  },

  'finds what an application owns only through that application': async ({ storage }) => {
    const [app, other] = [insertApp(), insertApp()];
    const owned = insertDestination({ ownerId: app.resource.id as ApplicationId, uid: 'mine' });
    await storage.catalog.write(changeSet([app, other, owned]));
    const visibleTo = [app.resource.id, undefined, other.resource.id, null] as (
      | ApplicationId
      | null
      | undefined
    )[];
    const found = [];
    for (const owner of visibleTo) {
      found.push(await storage.catalog.find(ADA, 'destination', { uid: 'mine' }, owner));
    }
    assert.deepEqual(found, [owned.resource, owned.resource, null, null]);
  },

  'finds nothing under a name that nothing can have': async ({ storage }) => {
    await storage.catalog.write(changeSet([insertApp({ uid: 'a', name: 'a' })]));
    for (const name of ['a\0', '\ud800']) {
      assert.equal(await storage.catalog.find(ADA, 'application', { uid: name }, undefined), null);
      assert.equal(await storage.catalog.findApiKey(name), null);
      const page = { ...byId, where: { name } };
      assert.deepEqual(await storage.catalog.list(ADA, 'application', page), []);
    }
  },

  'lists by id in pages, both ways': async ({ storage }) => {
    const inserts = [insertApp(), insertApp(), insertApp()];
    await storage.catalog.write(changeSet(inserts));
    const ids = inserts.map(({ resource }) => resource.id);
    async function list(query: Partial<ListQuery>) {
      const page = await storage.catalog.list(ADA, 'application', { ...byId, ...query });
      return page.map(({ id }) => id);
    }
    assert.deepEqual(await list({}), ids);
    assert.deepEqual(await list({ limit: 2 }), ids.slice(0, 2));
    assert.deepEqual(await list({ after: ids[0]! }), ids.slice(1));
    assert.deepEqual(await list({ direction: 'descending' }), ids.toReversed());
    assert.deepEqual(await list({ direction: 'descending', after: ids[2]! }), [ids[1], ids[0]]);
  },

  'lists by uid, and filters before the limit': async ({ storage }) => {
    const types = ['b', 'a', 'c'].map((uid) => eventTypeOf(uid, { archived: uid === 'a' }));
    await storage.catalog.write(
      changeSet(types.map((resource) => ({ op: 'insert', kind: 'event-type', resource }) as const)),
    );
    async function list(query: Partial<ListQuery>) {
      const page = await storage.catalog.list(ADA, 'event-type', { ...byUid, ...query });
      return page.map(({ uid }) => uid);
    }
    assert.deepEqual(await list({}), ['a', 'b', 'c']);
    assert.deepEqual(await list({ after: 'a', limit: 1 }), ['b']);
    assert.deepEqual(await list({ where: { archived: false }, limit: 1 }), ['b']);
    assert.deepEqual(await list({ where: { archived: true } }), ['a']);
    assert.deepEqual(await list({ where: { groupName: null }, direction: 'descending' }), ['c', 'b', 'a']);
    assert.deepEqual(await list({ where: { description: 'none' } }), []);
  },
};

const changes: Cases = {
  'an update raises the version by one, and only from the version it names': async ({ storage }) => {
    const insert = insertApp({ uid: 'one' });
    await storage.catalog.write(changeSet([insert]));
    const next = { ...insert.resource, name: 'New', uid: 'two', version: 2 };
    const update = { op: 'update', kind: 'application', resource: next } as const;
    assert.equal((await storage.catalog.write(changeSet([update]))).kind, 'done');
    assert.deepEqual(await storage.catalog.find(ADA, 'application', { uid: 'two' }, null), next);
    assert.equal(await storage.catalog.find(ADA, 'application', { uid: 'one' }, null), null);
    assert.deepEqual(await storage.catalog.write(changeSet([update])), { kind: 'stale', change: 0 });
    const gone = { op: 'remove', kind: 'application', id: idOf() } as const;
    assert.deepEqual(await storage.catalog.write(changeSet([gone])), { kind: 'stale', change: 0 });
  },

  'a uid is unique per kind and owner': async ({ storage }) => {
    const [app, other] = [insertApp({ uid: 'same' }), insertApp()];
    const owned = (ownerId: string) => insertDestination({ ownerId: ownerId as ApplicationId, uid: 'same' });
    const first = owned(app.resource.id);
    assert.equal((await storage.catalog.write(changeSet([app, other, first]))).kind, 'done');
    assert.equal((await storage.catalog.write(changeSet([owned(other.resource.id)]))).kind, 'done');
    const taken = await storage.catalog.write(changeSet([insertApp(), owned(app.resource.id)]));
    assert.deepEqual(taken, { kind: 'uid-taken', change: 1 });
    const cyd = changeSet([insertApp({ uid: 'same' })], { organization: CYD });
    assert.equal((await storage.catalog.write(cyd)).kind, 'done');
  },

  'a refused change set leaves nothing behind, also beside others in one batch': async ({ storage }) => {
    await storage.catalog.write(changeSet([insertApp({ uid: 'taken' })]));
    const version = await storage.catalog.openOrganization(ADA);
    const [good, bad] = [insertApp(), insertApp()];
    const caused = acceptanceOf([newDestinationId()], { applicationId: null });
    const [refused, done] = await Promise.all([
      storage.catalog.write(
        changeSet([bad, insertApp({ uid: 'taken' })], { publish: [caused], audit: [auditOf('refused')] }),
      ),
      storage.catalog.write(changeSet([good], { audit: [auditOf('done')] })),
    ]);
    assert.deepEqual(refused, { kind: 'uid-taken', change: 1 });
    assert.deepEqual(done, { kind: 'done', catalogVersion: version + 1, published: [] });
    assert.equal(await storage.catalog.find(ADA, 'application', { id: bad.resource.id }, null), null);
    assert.ok(await storage.catalog.find(ADA, 'application', { id: good.resource.id }, null));
    const scope = { organization: ADA, applicationId: null };
    assert.equal(
      await storage.history.findEvent(scope, { id: caused.event.id }, { withContent: false }),
      null,
    );
    const audit = await storage.catalog.audit(ADA, { before: null, limit: 10 });
    assert.deepEqual(
      audit.map(({ action }) => action),
      ['done'],
    );
  },

  'publishes the operational events of a change with it': async ({ storage }) => {
    const lane = newDestinationId();
    const caused = acceptanceOf([lane], { applicationId: null, type: 'endpoint.created' });
    const done = await storage.catalog.write(changeSet([insertApp()], { publish: [caused] }));
    const [queued] = await takeFresh(storage, { organization: ADA, destinationId: lane });
    assert.deepEqual(queued!.event, caused.event);
    assert.deepEqual(done.kind === 'done' && done.published, [queued!.seq]);
  },

  'a change is remembered under its idempotency key': async ({ storage }) => {
    const [keyHash, bodyHash] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const idempotency = { keyHash, bodyHash, status: 201, response: '{}', expiresAt: NOON + 60 * MINUTE };
    await storage.catalog.write(changeSet([insertApp()], { idempotency }));
    const again = insertApp();
    assert.deepEqual(await storage.catalog.write(changeSet([again], { idempotency })), {
      kind: 'replayed',
      status: 201,
      response: '{}',
    });
    assert.equal(await storage.catalog.find(ADA, 'application', { id: again.resource.id }, null), null);
    const other = { ...idempotency, bodyHash: Buffer.alloc(32, 3) };
    assert.deepEqual(await storage.catalog.write(changeSet([again], { idempotency: other })), {
      kind: 'key-reused',
    });
    const found = await storage.catalog.findIdempotent(ADA, keyHash, NOON);
    assert.deepEqual([found?.status, found?.response, found?.expiresAt], [201, '{}', NOON + 60 * MINUTE]);
    assert.equal(await storage.catalog.findIdempotent(ADA, keyHash, NOON + 61 * MINUTE), null);
    assert.equal(await storage.catalog.findIdempotent(CYD, keyHash, NOON), null);
  },
};

const removals: Cases = {
  'removing an application removes what it owns, and nothing else': async ({ storage }) => {
    const [app, other] = [insertApp(), insertApp()];
    const mine = insertDestination({ ownerId: app.resource.id as ApplicationId });
    const theirs = insertDestination({ ownerId: other.resource.id as ApplicationId });
    await storage.catalog.write(changeSet([app, other, mine, theirs]));
    await storage.catalog.write(changeSet([{ op: 'remove', kind: 'application', id: app.resource.id }]));
    const find = (id: string) => storage.catalog.find(ADA, 'destination', { id }, undefined);
    assert.equal(await find(mine.resource.id), null);
    assert.ok(await find(theirs.resource.id));
    const orphan = insertDestination({ ownerId: app.resource.id as ApplicationId });
    assert.deepEqual(await storage.catalog.write(changeSet([orphan])), { kind: 'stale', change: 0 });
  },

  'a uid is free again when its document is removed': async ({ storage }) => {
    const first = insertApp({ uid: 'again' });
    await storage.catalog.write(changeSet([first]));
    const remove = { op: 'remove', kind: 'application', id: first.resource.id } as const;
    const second = insertApp({ uid: 'again' });
    assert.equal((await storage.catalog.write(changeSet([remove, second]))).kind, 'done');
    assert.deepEqual(await storage.catalog.find(ADA, 'application', { uid: 'again' }, null), second.resource);
  },

  'forgets the health of the destinations that a change names': async ({ storage }) => {
    const lane = { organization: ADA, destinationId: newDestinationId() };
    const ill = { failuresInRow: 3, failingSince: NOON, probeAt: 0, probeDelayMs: 0, throttledUntil: 0 };
    await storage.queue.writeHealth(lane, { ...ill, circuit: 'closed' });
    await storage.catalog.write(changeSet([], { forgetHealth: [lane.destinationId] }));
    assert.equal(await storage.queue.readHealth(lane), null);
  },
};

const lookups: Cases = {
  'finds an API key by the hash of its secret across organizations': async ({ storage }) => {
    const rights = {
      role: 'viewer',
      scopes: ['*'],
      applicationId: null,
      expiresAt: null,
      revokedAt: null,
    } as const;
    const key: ApiKey = { ...applicationOf(), name: 'CI', secretHash: `${CYD}-1`, ...rights };
    const insert = { op: 'insert', kind: 'api-key', resource: key } as const;
    await storage.catalog.write(changeSet([insert], { organization: CYD }));
    assert.deepEqual(await storage.catalog.findApiKey(`${CYD}-1`), { organization: CYD, key });
    assert.equal(await storage.catalog.findApiKey(`${CYD}-2`), null);
  },

  'lists the running tasks of all organizations': async ({ storage }) => {
    const taskOf = (status: BackgroundTask['status']): BackgroundTask => {
      const work = { task: 'endpoint.recover', input: {}, cursor: null, data: {} };
      return { ...applicationOf(), ...work, status, progress: { done: 0, total: null } };
    };
    const [runs, ended] = [taskOf('running'), taskOf('finished')];
    const insert = (resource: BackgroundTask) =>
      ({ op: 'insert', kind: 'background-task', resource }) as const;
    await storage.catalog.write(changeSet([insert(ended), insert(runs)]));
    const running = async () =>
      (await storage.catalog.runningTasks(100)).filter(({ organization }) => organization === ADA);
    assert.deepEqual(await running(), [{ organization: ADA, task: runs }]);
    const finished = { ...runs, status: 'finished', version: 2 } as const;
    await storage.catalog.write(changeSet([{ op: 'update', kind: 'background-task', resource: finished }]));
    assert.deepEqual(await running(), []);
  },

  'keeps the audit log, newest first, by organization': async ({ storage }) => {
    const entries = [auditOf('one'), auditOf('two'), auditOf('three')];
    await storage.catalog.write(changeSet([insertApp()], { audit: entries.slice(0, 2) }));
    await storage.catalog.write(changeSet([insertApp()], { audit: entries.slice(2) }));
    const read = (before: string | null, limit = 10) => storage.catalog.audit(ADA, { before, limit });
    assert.deepEqual(await read(null), entries.toReversed());
    assert.deepEqual(await read(entries[2]!.id, 1), [entries[1]]);
    assert.deepEqual(await storage.catalog.audit(CYD, { before: null, limit: 10 }), []);
  },
};

export const catalogCases: Cases = { ...documents, ...changes, ...removals, ...lookups };
