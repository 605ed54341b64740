/** All that the ports say about a filled store: two stores that hold the same tell the same. */
import type { ResourceKind } from '../../core/catalog/resources.ts';
import type { DestinationId, OrganizationId } from '../../core/ids.ts';
import type { EventScope } from '../../ports/history.ts';
import type { Storage } from '../../ports/storage.ts';
import type { FilledStore } from './filled-store.ts';
import { DAY, NEWEST, NOON, OLDEST } from './samples.ts';

const PAGE = 5000;
const ALL = { afterSeq: 0, limit: PAGE, bytesMax: 1e9 };
const KINDS: readonly ResourceKind[] = [
  'application',
  'destination',
  'event-type',
  'api-key',
  'revoked-token',
  'background-task',
  'poller-consumer',
  'integration',
  'source',
];

/** As plain values that can be compared; bytes as texts. */
export async function tellAll(storage: Storage, filled: FilledStore): Promise<Record<string, unknown>> {
  const told: Record<string, unknown> = {
    lanes: await storage.queue.lanes(null, PAGE, null),
    tasks: await storage.catalog.runningTasks(PAGE),
    inbound: await storage.catalog.inboundSources(null, PAGE),
    unsettled: (await storage.upkeep.stats()).unsettledDeliveries,
  };
  for (const organization of filled.organizations) {
    told[organization] = await tellOrganization(storage, organization);
  }
  for (const scope of filled.scopes) {
    told[`${scope.organization} ${scope.applicationId}`] = await tellScope(storage, scope);
  }
  for (const { organization, id } of filled.sources) {
    told[id] = await storage.rejections.list(organization, id, { before: null, limit: PAGE });
  }
  for (const { scope, id } of filled.destinations) told[id] = await tellDestination(storage, scope, id);
  return plain(told) as Record<string, unknown>;
}

async function tellOrganization(storage: Storage, organization: OrganizationId): Promise<unknown> {
  const { catalog, history } = storage;
  const byId = { orderBy: 'id', direction: 'ascending', after: null, limit: PAGE } as const;
  const lists = KINDS.map((kind) => catalog.list(organization, kind, byId));
  const keyHash = (i: number): Buffer => Buffer.from(`k${i}`.padEnd(32, '\\'));
  const everything = { since: 0, before: NOON + DAY };
  return {
    version: await catalog.openOrganization(organization),
    lists: await Promise.all(lists),
    live: await catalog.list(organization, 'event-type', {
      ...byId,
      where: { archived: false, groupName: null },
    }),
    key: await catalog.findApiKey(`hash of ${organization}`),
    byUid: await catalog.find(organization, 'application', { uid: 'Two' }, null),
    source: await catalog.findSource(`token of ${organization}`),
    audit: await catalog.audit(organization, { before: null, limit: PAGE }),
    answers: await Promise.all(
      Array.from({ length: 50 }, (_, i) => catalog.findIdempotent(organization, keyHash(i), NOON)),
    ),
    usage: await history.countUsage(organization, null, everything),
    types: [...(await history.usedEventTypes(organization, everything))].sort(),
  };
}

async function tellScope({ history }: Storage, scope: EventScope): Promise<unknown> {
  const page = { ...OLDEST, limit: PAGE };
  const events = await history.listEvents(scope, {}, page, { withContent: true });
  const afterSeq = await history.seqAt(scope, NOON - 5 * DAY);
  const byOwnId = events.flatMap(({ event: { eventId } }) => (eventId === null ? [] : [eventId]));
  return {
    lastSeq: await history.lastSeq(scope),
    events,
    inOrder: await history.readEvents(scope, {}, { afterSeq: 0, limit: PAGE, withContent: true }),
    filtered: await history.listEvents(scope, { types: ['invoice.Paid'], tag: 'x' }, page, {
      withContent: false,
    }),
    attempts: await history.listAttempts(scope, {}, page),
    // Any seq between two events may stand for an instant between them.
    since: await history.readEvents(scope, {}, { afterSeq, limit: 3, withContent: false }),
    byOwnId: await Promise.all(
      byOwnId.map((eventId) => history.findEvent(scope, { eventId }, { withContent: false })),
    ),
    states: await Promise.all(events.map(({ event }) => history.listDestinationStates(scope, event.id))),
  };
}

async function tellDestination(
  { queue, history }: Storage,
  scope: EventScope,
  id: DestinationId,
): Promise<unknown> {
  const lane = { organization: scope.organization, destinationId: id };
  const page = { ...NEWEST, limit: PAGE };
  const due = { dueBefore: NOON + 2 * DAY, after: null, limit: PAGE, bytesMax: 1e9 };
  return {
    fresh: (await queue.takeFresh(lane, { ...ALL, decidedOnly: false })).rows,
    inOrder: (await queue.takeInOrder(lane, ALL)).rows,
    due: await queue.takeDue(lane, due),
    nextDue: await queue.nextDue(lane),
    health: await queue.readHealth(lane),
    events: await history.listDestinationEvents(scope, id, {}, page, { withContent: false }),
    missing: await history.listMissing(scope, id, {}, page),
    counts: await history.countStates(scope, id, {}),
  };
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}
