/** The ports over one hop: writes through the queue, reads through the readers. */

import type { ResourceKind, Resources } from '../../core/catalog/resources.ts';
import type { ApplicationId, DestinationId, EventId, OrganizationId } from '../../core/ids.ts';
import type { Catalog } from '../../ports/catalog.ts';
import type { EventScope, History } from '../../ports/history.ts';
import type { Intake } from '../../ports/intake.ts';
import type { LaneKey, Queue, QueuedDelivery, Taken } from '../../ports/queue.ts';
import type { Rejections } from '../../ports/rejections.ts';
import type { Search } from '../../ports/search.ts';
import type { Storage } from '../../ports/storage.ts';
import type { Upkeep } from '../../ports/upkeep.ts';
import { recordOp } from '../sql/attempt-row.ts';
import { acceptOp } from '../sql/event-row.ts';
import { SETTLE_ROWS_MAX } from '../sql/limits.ts';
import { rejectionRow } from '../sql/rejection-row.ts';
import { soleNode } from '../sql/sole-node.ts';
import type { WriteQueue } from '../sql/write-queue.ts';
import type { Hop } from './hop.ts';

export interface PortParts {
  readonly writes: WriteQueue;
  readonly hop: Hop;
  /** Copies the store; what is particular to a file or to memory. */
  readonly backup: Upkeep['backup'];
  /** After the last write was settled and the threads have ended. */
  readonly onClosed: () => void;
}

export function storagePorts(parts: PortParts): Storage {
  return {
    intake: intakePort(parts),
    queue: queuePort(parts),
    catalog: catalogPort(parts),
    history: historyPort(parts),
    upkeep: upkeepPort(parts),
    cluster: soleNode(),
    search: searchPort(parts),
    rejections: rejectionsPort(parts),
  };
}

function intakePort({ writes }: PortParts): Intake {
  return {
    accept: (acceptance) => writes.submit<'accept'>(acceptOp(acceptance)),
    // No other program may write this file, so there is none that could leave something.
    takeOutbox: async () => [],
    dropOutbox: async () => {},
  };
}

function queuePort({ writes, hop }: PortParts): Queue {
  return {
    lanes: (after, limit, shards) => hop.read('lanes', { after: after && keyOf(after), limit, shards }),
    takeFresh: async (lane, options) =>
      allDecided(await hop.read('takeFresh', { lane: keyOf(lane), ...options })),
    takeDue: (lane, options) => hop.read('takeDue', { lane: keyOf(lane), ...options }),
    takeInOrder: async (lane, options) =>
      allDecided(await hop.read('takeInOrder', { lane: keyOf(lane), ...options })),
    nextDue: (lane) => hop.read('nextDue', { lane: keyOf(lane) }),
    record: async (record) => (await writes.submit<'record'>(recordOp(record))) ?? 'recorded',
    enqueue: (organization, entries) => writes.submit<'enqueue'>({ kind: 'enqueue', organization, entries }),
    cancel(lane, { eventId, limit, now, newAttemptIds }) {
      // One event has a scheduled and a manual delivery at most.
      const count = Math.min(limit, eventId === null ? SETTLE_ROWS_MAX : 2);
      const attemptIds = Array.from({ length: count }, newAttemptIds);
      return writes.submit<'cancel'>({ kind: 'cancel', ...keyOf(lane), eventId, now, attemptIds });
    },
    hurry: (lane, { now, limit }) =>
      writes.submit<'hurry'>({ kind: 'hurry', ...keyOf(lane), now, limit: Math.min(limit, SETTLE_ROWS_MAX) }),
    readHealth: (lane) => hop.read('readHealth', { lane: keyOf(lane) }),
    writeHealth: (lane, health) =>
      writes.submit<'write-health'>({ kind: 'write-health', ...keyOf(lane), health }),
  };
}

/** One writer: commits become visible in the order of their seqs. */
function allDecided(rows: readonly QueuedDelivery[]): Taken {
  return { rows, decidedBelow: Number.POSITIVE_INFINITY, hasUndecided: false };
}

/** Only the key: callers pass lanes of their own, which cannot move to another thread. */
function keyOf(lane: LaneKey): { organization: OrganizationId; destinationId: DestinationId } {
  return { organization: lane.organization, destinationId: lane.destinationId };
}

function catalogPort({ writes, hop }: PortParts): Catalog {
  return {
    async openOrganization(organization) {
      const known = await hop.read('catalogVersion', { organization });
      return known ?? writes.submit<'open-organization'>({ kind: 'open-organization', organization });
    },
    async find<K extends ResourceKind>(
      ...[organization, kind, ref, owner]: Parameters<Catalog['find']>
    ): Promise<Resources[K] | null> {
      return (await hop.read('findResource', { organization, kind, ref, owner })) as Resources[K] | null;
    },
    async list<K extends ResourceKind>(
      ...[organization, kind, query]: Parameters<Catalog['list']>
    ): Promise<readonly Resources[K][]> {
      return (await hop.read('listResources', { organization, kind, query })) as readonly Resources[K][];
    },
    findApiKey: (secretHash) => hop.read('findApiKey', { secretHash }),
    findSource: (tokenHash) => hop.read('findSource', { tokenHash }),
    inboundSources: (after, limit) => hop.read('inboundSources', { after, limit }),
    write({ publish, ...change }) {
      return writes.submit<'change'>({ kind: 'change', change, publish: publish.map(acceptOp) });
    },
    findIdempotent: (organization, keyHash, now) =>
      hop.read('findIdempotent', { organization, keyHash: new Uint8Array(keyHash), now }),
    runningTasks: (limit) => hop.read('runningTasks', { limit }),
    audit: (organization, query) => hop.read('listAudit', { organization, ...query }),
  };
}

function historyPort({ writes, hop }: PortParts): History {
  return {
    findEvent: (scope, ref, options) => hop.read('findEvent', { scope, ref, ...options }),
    listEvents: (scope, filter, page, options) => hop.read('listEvents', { scope, filter, page, ...options }),
    readEvents: (scope, filter, options) => hop.read('readEvents', { scope, filter, ...options }),
    lastSeq: (scope) => hop.read('lastSeq', { scope }),
    seqAt: (scope, at) => hop.read('seqAt', { scope, at }),
    findAttempt: (scope, eventId, attemptId) => hop.read('findAttempt', { scope, eventId, attemptId }),
    listAttempts: (scope, filter, page) => hop.read('listAttempts', { scope, filter, page }),
    listDestinationStates: (scope, eventId) => hop.read('listDestinationStates', { scope, eventId }),
    listDestinationEvents: (...[scope, destinationId, filter, page, options]) =>
      hop.read('listDestinationEvents', { scope, destinationId, filter, page, ...options }),
    listDeliveries: (scope, filter, page) => hop.read('listDeliveries', { scope, filter, page }),
    listMissing: (...[scope, destinationId, filter, page]) =>
      hop.read('listMissing', { scope, destinationId, filter, page }),
    countStates: (scope, destinationId, filter) => hop.read('countStates', { scope, destinationId, filter }),
    countUsage: (organization, applications, range) =>
      hop.read('countUsage', { organization, applications, ...range }),
    usedEventTypes: (organization, range) => hop.read('usedEventTypes', { organization, ...range }),
    expungeContent: (scope, eventId) =>
      writes.submit<'expunge-content'>({ kind: 'expunge-content', ...scopeOf(scope), eventId }),
    expungeResponse: (scope, eventId, attemptId) =>
      writes.submit<'expunge-response'>({ kind: 'expunge-response', ...scopeOf(scope), eventId, attemptId }),
    async expungeContents(scope, { after, before, limit }) {
      const range = { after: after ?? '', before, limit: Math.min(limit, SETTLE_ROWS_MAX) };
      const done = await writes.submit<'expunge-contents'>({
        kind: 'expunge-contents',
        ...scopeOf(scope),
        ...range,
      });
      return { last: done.last as EventId | null, count: done.count };
    },
  };
}

function searchPort({ writes, hop }: PortParts): Search {
  return {
    takeUnindexed: (options) => hop.read('takeUnindexed', options),
    index: (entries) => writes.submit<'index'>({ kind: 'index', entries }),
    candidates: (organization, query) => hop.read('candidates', { organization, query }),
  };
}

function rejectionsPort({ writes, hop }: PortParts): Rejections {
  return {
    add(rejection, keep) {
      const { organization, sourceId, id } = rejection;
      const row = rejectionRow(rejection);
      return writes.submit<'add-rejection'>({
        kind: 'add-rejection',
        organization,
        sourceId,
        id,
        keep,
        ...row,
      });
    },
    list: (organization, sourceId, query) => hop.read('listRejections', { organization, sourceId, ...query }),
  };
}

function scopeOf(scope: EventScope): { organization: OrganizationId; applicationId: ApplicationId | '' } {
  return { organization: scope.organization, applicationId: scope.applicationId ?? '' };
}

function upkeepPort({ writes, hop, backup, onClosed }: PortParts): Upkeep {
  let closing: Promise<void> | null = null;
  const close = async () => {
    await writes.close();
    await hop.close();
    onClosed();
  };
  return {
    prune: (options) => writes.submit<'prune'>({ kind: 'prune', ...options }),
    checkpoint: () => writes.submit<'checkpoint'>({ kind: 'checkpoint' }),
    backup,
    ping: () => writes.submit<'ping'>({ kind: 'ping' }),
    stats: () => hop.read('stats', null),
    close() {
      closing ??= close();
      return closing;
    },
  };
}
