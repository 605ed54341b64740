import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Application, BackgroundTask, Destination, EventType } from '../core/catalog/resources.ts';
import type { ApplicationId, OrganizationId } from '../core/ids.ts';
import type { Catalog } from '../ports/catalog.ts';
import { CachedDirectory } from './directory.ts';

const ORGANIZATION = 'org_a' as OrganizationId;
const APPLICATION = {
  id: '000000000000000000000000001',
  uid: 'shop',
  name: 'Shop',
} as unknown as Application;
const ID = APPLICATION.id as ApplicationId;

/** A catalog of one application, that counts its reads and lets a test hold them up. */
function countingCatalog() {
  const state = {
    version: 1,
    reads: 0,
    name: 'Shop',
    uid: 'shop',
    destinations: 0,
    hold: Promise.resolve(),
  };
  const catalog = {
    async openOrganization() {
      return state.version;
    },
    async find(_organization: OrganizationId, kind: string, ref: { id?: string; uid?: string }) {
      state.reads++;
      await state.hold;
      if (kind === 'event-type') return { uid: ref.uid, name: state.name } as unknown as EventType;
      if (kind !== 'application') return null;
      return ref.id === ID || ref.uid === state.uid ? { ...APPLICATION, name: state.name } : null;
    },
    async list(_organization: OrganizationId, _kind: string, { after }: { after: string | null }) {
      const from = after === null ? 0 : Number(after) + 1;
      const count = Math.min(250, state.destinations - from);
      return Array.from({ length: count }, (_, i) => ({
        id: `${from + i}`,
        eventTypes: null,
        channels: null,
      })) as unknown as Destination[];
    },
  };
  return { state, directory: new CachedDirectory(catalog as unknown as Catalog) };
}

test('looks at the same thing at once cost one read, later ones none', async () => {
  const { state, directory } = countingCatalog();
  await Promise.all([1, 2, 3].map(() => directory.applicationById(ORGANIZATION, ID)));
  assert.equal(state.reads, 1);
  assert.equal(directory.applicationById(ORGANIZATION, ID) instanceof Promise, false);
});

test('all destinations of an owner are loaded, page by page', async () => {
  const { state, directory } = countingCatalog();
  state.destinations = 612;
  const { destinations } = await directory.applicationById(ORGANIZATION, ID);
  assert.equal(new Set(destinations.map(({ id }) => id)).size, 612);
});

test('a newer catalog version than the known one makes the next look read again', async () => {
  const { state, directory } = countingCatalog();
  await directory.applicationById(ORGANIZATION, ID);
  directory.sawVersion(ORGANIZATION, 1);
  assert.equal(directory.applicationById(ORGANIZATION, ID) instanceof Promise, false);
  state.name = 'Renamed by another node';
  const { epoch } = directory;
  directory.sawVersion(ORGANIZATION, 2);
  assert.ok(directory.epoch > epoch);
  const { application } = await directory.applicationById(ORGANIZATION, ID);
  assert.equal(application.name, 'Renamed by another node');
});

test('a commit of ours drops what it changed and nothing else', async () => {
  const { state, directory } = countingCatalog();
  await directory.applicationById(ORGANIZATION, ID);
  await directory.eventType(ORGANIZATION, 'order.paid');
  const before = { uid: 'order.paid' } as unknown as EventType;
  directory.changed(ORGANIZATION, 2, [{ kind: 'event-type', before, after: null }]);
  assert.equal(directory.applicationById(ORGANIZATION, ID) instanceof Promise, false);
  const reads = state.reads;
  await directory.eventType(ORGANIZATION, 'order.paid');
  assert.equal(state.reads, reads + 1);
});

test('a commit of ours that makes no version does not pass off another node’s as its own', async () => {
  const { state, directory } = countingCatalog();
  await directory.applicationById(ORGANIZATION, ID);
  state.name = 'Renamed by another node';
  const task = { id: 'task' } as unknown as BackgroundTask;
  directory.changed(ORGANIZATION, 2, [{ kind: 'background-task', before: null, after: task }]);
  const { application } = await directory.applicationById(ORGANIZATION, ID);
  assert.equal(application.name, 'Renamed by another node');
});

test('a load during which something was written is repeated before anybody sees it', async () => {
  const { state, directory } = countingCatalog();
  await directory.open(ORGANIZATION);
  let release = () => {};
  state.hold = new Promise((resolve) => {
    release = resolve;
  });
  const early = Promise.resolve(directory.application(ORGANIZATION, 'shop'));
  await new Promise((resolve) => setImmediate(resolve));
  directory.changed(ORGANIZATION, 2, [{ kind: 'application', before: APPLICATION, after: APPLICATION }]);
  state.name = 'New name';
  const late = Promise.resolve(directory.application(ORGANIZATION, 'shop'));
  release();
  for (const look of [early, late]) assert.equal((await look).application.name, 'New name');
});

test('a load that found nothing is repeated when something was made meanwhile', async () => {
  const { state, directory } = countingCatalog();
  await directory.open(ORGANIZATION);
  state.uid = 'not yet';
  const look = Promise.resolve(directory.application(ORGANIZATION, 'shop'));
  await new Promise((resolve) => queueMicrotask(() => resolve(null)));
  directory.changed(ORGANIZATION, 2, [{ kind: 'application', before: null, after: APPLICATION }]);
  state.uid = 'shop';
  assert.equal((await look).application.uid, 'shop');
});

test('what is not there is told as such', async () => {
  const { directory } = countingCatalog();
  await assert.rejects(async () => directory.application(ORGANIZATION, 'nobody'), { code: 'not_found' });
  assert.equal(await directory.isTokenRevoked(ORGANIZATION, 'hash'), false);
});
