/** The ports over one database: accepts and records through the queue of hot writes, all else on the pool. */
import type { ResourceKind, Resources } from '../../core/catalog/resources.ts';
import type { EventId } from '../../core/ids.ts';
import type { Catalog } from '../../ports/catalog.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Cluster } from '../../ports/cluster.ts';
import type { EventScope, History } from '../../ports/history.ts';
import type { Intake } from '../../ports/intake.ts';
import type { Queue } from '../../ports/queue.ts';
import type { Rejections } from '../../ports/rejections.ts';
import type { Search } from '../../ports/search.ts';
import type { Storage } from '../../ports/storage.ts';
import type { Upkeep } from '../../ports/upkeep.ts';
import { recordOp } from '../sql/attempt-row.ts';
import { acceptOp } from '../sql/event-row.ts';
import { SETTLE_ROWS_MAX, type StorageLimits } from '../sql/limits.ts';
import type { WriteQueue } from '../sql/write-queue.ts';
import { findAttempt, listAttempts } from './attempt-reads.ts';
import {
  catalogVersion,
  findApiKey,
  findIdempotent,
  findResource,
  findSource,
  inboundSources,
  listAudit,
  listResources,
  runningTasks,
} from './catalog-reads.ts';
import { openOrganization } from './catalog-writes.ts';
import { changeCatalog } from './caused-events.ts';
import type { Connections } from './connection.ts';
import type { Days } from './days.ts';
import { listDeliveries } from './delivery-list.ts';
import { countStates, countUsage, listDestinationEvents, listDestinationStates } from './delivery-reads.ts';
import {
  findEvent,
  lastSeq,
  listEvents,
  listMissing,
  readEvents,
  seqAt,
  usedEventTypes,
} from './event-reads.ts';
import { dropOutbox, takeOutbox } from './intake.ts';
import type { Interned } from './interned.ts';
import { lanes, nextDue, readHealth, takeDue, takeFresh, takeInOrder } from './queue-reads.ts';
import { cancel, enqueue, hurry, writeHealth } from './queue-writes.ts';
import type { ReadContext } from './read-context.ts';
import { copiedByItsOwnTools } from './refuse-backup.ts';
import { addRejection, listRejections } from './rejections.ts';
import { candidates, takeUnindexed } from './search-reads.ts';
import { indexEvents } from './search-writes.ts';
import { stats } from './upkeep-reads.ts';
import { expungeContent, expungeContents, expungeResponse, ping, prune } from './upkeep-writes.ts';

export interface PortParts {
  readonly connections: Connections;
  readonly writes: WriteQueue;
  readonly interned: Interned;
  readonly days: Days;
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly limits: StorageLimits;
}

export function storagePorts(parts: PortParts): Storage {
  return {
    intake: intakePort(parts),
    queue: queuePort(parts),
    catalog: catalogPort(parts),
    history: historyPort(parts),
    upkeep: upkeepPort(parts),
    cluster: parts.cluster,
    search: searchPort(parts),
    rejections: rejectionsPort(parts),
  };
}

function readContext({ connections, clock }: PortParts): ReadContext {
  return {
    db: connections,
    get now() {
      return clock.now();
    },
  };
}

function intakePort({ writes, connections }: PortParts): Intake {
  return {
    accept: (acceptance) => writes.submit<'accept'>(acceptOp(acceptance)),
    takeOutbox: (limit) => takeOutbox(connections, limit),
    dropOutbox: (no) => dropOutbox(connections, no),
  };
}

function queuePort(parts: PortParts): Queue {
  const { writes, clock } = parts;
  const read = readContext(parts);
  return {
    lanes: (after, limit, shards) => lanes(read, { after, limit, shards }),
    takeFresh: (lane, options) => takeFresh(read, { lane, ...options }),
    takeDue: (lane, options) => takeDue(read, { lane, ...options }),
    takeInOrder: (lane, options) => takeInOrder(read, { lane, ...options }),
    nextDue: (lane) => nextDue(read, { lane }),
    record: async (record) => (await writes.submit<'record'>(recordOp(record))) ?? 'recorded',
    enqueue: (organization, entries) =>
      enqueue(parts, { kind: 'enqueue', organization, entries }, clock.now()),
    cancel({ organization, destinationId }, { eventId, limit, now, newAttemptIds }) {
      // One event has a scheduled and a manual delivery at most.
      const count = Math.min(limit, eventId === null ? SETTLE_ROWS_MAX : 2);
      const attemptIds = Array.from({ length: count }, newAttemptIds);
      return cancel(parts, { kind: 'cancel', organization, destinationId, eventId, now, attemptIds });
    },
    hurry({ organization, destinationId }, { now, limit: asked }) {
      const limit = Math.min(asked, SETTLE_ROWS_MAX);
      return hurry(parts, { kind: 'hurry', organization, destinationId, now, limit });
    },
    readHealth: (lane) => readHealth(read, { lane }),
    writeHealth: ({ organization, destinationId }, health) =>
      writeHealth(parts, { kind: 'write-health', organization, destinationId, health }),
  };
}

function catalogPort(parts: PortParts): Catalog {
  const { connections, clock } = parts;
  const read = readContext(parts);
  return {
    async openOrganization(organization) {
      const known = await catalogVersion(read, { organization });
      return known ?? openOrganization(connections, organization, clock.now());
    },
    async find<K extends ResourceKind>(
      ...[organization, kind, ref, owner]: Parameters<Catalog['find']>
    ): Promise<Resources[K] | null> {
      return (await findResource(read, { organization, kind, ref, owner })) as Resources[K] | null;
    },
    async list<K extends ResourceKind>(
      ...[organization, kind, query]: Parameters<Catalog['list']>
    ): Promise<readonly Resources[K][]> {
      return (await listResources(read, { organization, kind, query })) as readonly Resources[K][];
    },
    findApiKey: (secretHash) => findApiKey(read, { secretHash }),
    findSource: (tokenHash) => findSource(read, { tokenHash }),
    inboundSources: (after, limit) => inboundSources(read, { after, limit }),
    write({ publish, ...change }) {
      const op = { kind: 'change', change, publish: publish.map(acceptOp) } as const;
      return changeCatalog(parts, op, clock.now());
    },
    findIdempotent: (organization, keyHash, now) => findIdempotent(read, { organization, keyHash, now }),
    runningTasks: (limit) => runningTasks(read, { limit }),
    audit: (organization, query) => listAudit(read, { organization, ...query }),
  };
}

function historyPort(parts: PortParts): History {
  const { connections } = parts;
  const read = readContext(parts);
  return {
    findEvent: (scope, ref, options) => findEvent(read, { scope, ref, ...options }),
    listEvents: (scope, filter, page, options) => listEvents(read, { scope, filter, page, ...options }),
    readEvents: (scope, filter, options) => readEvents(read, { scope, filter, ...options }),
    lastSeq: (scope) => lastSeq(read, { scope }),
    seqAt: (scope, at) => seqAt(read, { scope, at }),
    findAttempt: (scope, eventId, attemptId) => findAttempt(read, { scope, eventId, attemptId }),
    listAttempts: (scope, filter, page) => listAttempts(read, { scope, filter, page }),
    listDestinationStates: (scope, eventId) => listDestinationStates(read, { scope, eventId }),
    listDestinationEvents: (...[scope, destinationId, filter, page, options]) =>
      listDestinationEvents(read, { scope, destinationId, filter, page, ...options }),
    listDeliveries: (scope, filter, page) => listDeliveries(read, { scope, filter, page }),
    listMissing: (...[scope, destinationId, filter, page]) =>
      listMissing(read, { scope, destinationId, filter, page }),
    countStates: (scope, destinationId, filter) => countStates(read, { scope, destinationId, filter }),
    countUsage: (organization, applications, range) =>
      countUsage(read, { organization, applications, ...range }),
    usedEventTypes: (organization, range) => usedEventTypes(read, { organization, ...range }),
    expungeContent: (scope, eventId) =>
      expungeContent(connections, { kind: 'expunge-content', ...scopeOf(scope), eventId }),
    expungeResponse: (scope, eventId, attemptId) =>
      expungeResponse(connections, { kind: 'expunge-response', ...scopeOf(scope), eventId, attemptId }),
    async expungeContents(scope, { after, before, limit }) {
      const range = { after: after ?? '', before, limit: Math.min(limit, SETTLE_ROWS_MAX) };
      const done = await expungeContents(connections, {
        kind: 'expunge-contents',
        ...scopeOf(scope),
        ...range,
      });
      return { last: done.last as EventId | null, count: done.count };
    },
  };
}

function searchPort(parts: PortParts): Search {
  const read = readContext(parts);
  return {
    takeUnindexed: (options) => takeUnindexed(read, options),
    index: (entries) => indexEvents(parts, entries),
    candidates: (organization, query) => candidates(read, { organization, query }, parts.limits),
  };
}

function rejectionsPort(parts: PortParts): Rejections {
  const read = readContext(parts);
  return {
    add: (rejection, keep) => addRejection(parts.connections, rejection, keep),
    list: (organization, sourceId, query) => listRejections(read, { organization, sourceId, ...query }),
  };
}

function scopeOf(scope: EventScope): { organization: string; applicationId: string } {
  return { organization: scope.organization, applicationId: scope.applicationId ?? '' };
}

function upkeepPort(parts: PortParts): Upkeep {
  const { connections, writes } = parts;
  const read = readContext(parts);
  let closing: Promise<void> | null = null;
  const close = async () => {
    await writes.close();
    await connections.close();
  };
  return {
    prune: (options) => prune(connections, { kind: 'prune', ...options }),
    // The server folds back its own log.
    checkpoint: async () => {},
    backup: async () => {
      throw copiedByItsOwnTools();
    },
    ping: () => ping(connections),
    stats: () => stats(read),
    close() {
      closing ??= close();
      return closing;
    },
  };
}
