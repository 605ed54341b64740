/** A store with rows of every kind in every state, made through the ports alone. */
import assert from 'node:assert/strict';
import type { Resource, ResourceKind, Resources } from '../../core/catalog/resources.ts';
import type { Health } from '../../core/delivery/health.ts';
import type { Event } from '../../core/event/event.ts';
import {
  type ApplicationId,
  type DestinationId,
  type OrganizationId,
  RECEIVED,
  type SourceId,
} from '../../core/ids.ts';
import type { AuditEntry, Change } from '../../ports/catalog.ts';
import type { EventScope } from '../../ports/history.ts';
import type { AttemptRecord } from '../../ports/queue.ts';
import type { Storage } from '../../ports/storage.ts';
import {
  type Accepted,
  acceptanceOf,
  applicationOf,
  attemptOf,
  changeSet,
  DAY,
  destinationOf,
  idOf,
  MINUTE,
  NEWEST,
  NOON,
  newDestinationId,
  receivedOf,
  sourceOf,
} from './samples.ts';

export interface FilledStore {
  readonly organizations: readonly OrganizationId[];
  readonly scopes: readonly EventScope[];
  readonly destinations: readonly { readonly scope: EventScope; readonly id: DestinationId }[];
  readonly sources: readonly { readonly organization: OrganizationId; readonly id: SourceId }[];
}

/** Words that storing, sorting and escaping may get wrong. */
const AWKWARD = 'Zoë "quoted" \\ back {a,b} NULL 雪 😀 \u0000 \ud800 \u2028 $1';
const TYPES = ['invoice.paid', 'invoice.Paid', 'user.signup', 'a_b', 'a-b'];
const HEALTH: Health = {
  failuresInRow: 7,
  failingSince: NOON - MINUTE,
  circuit: 'half-open',
  probeAt: NOON + MINUTE,
  probeDelayMs: 30_000,
  throttledUntil: NOON + 2 * MINUTE,
};

/** What makes choices: a whole number from 0 up to, not including, `below`. */
export type Choose = (below: number) => number;

/** `events`: how many of them, spread over organizations, applications, days and fates. */
export async function fillStore(storage: Storage, events: number, choose: Choose): Promise<FilledStore> {
  const organizations = ['org_filled_ada', 'org_filled_cyd'] as OrganizationId[];
  const scopes: EventScope[] = [];
  const destinations: { scope: EventScope; id: DestinationId }[] = [];
  const sources: { organization: OrganizationId; id: SourceId }[] = [];
  for (const organization of organizations) {
    const applications = [applicationOf({ name: AWKWARD, uid: 'one' }), applicationOf({ uid: 'Two' })];
    await writeAll(
      storage,
      organization,
      applications.map((resource) => inserted('application', resource)),
    );
    for (const applicationId of [...applications.map(({ id }) => id as ApplicationId), null]) {
      const scope = { organization, applicationId };
      scopes.push(scope);
      for (let i = 0; i < 3; i++) {
        const resource = destinationOf({ ownerId: applicationId, description: AWKWARD, uid: `ep_${i}` });
        await writeAll(storage, organization, [inserted('destination', resource)]);
        destinations.push({ scope, id: resource.id });
      }
    }
    await fillCatalog(storage, organization, applications[0]!.id as ApplicationId);
    sources.push({ organization, id: await fillSource(storage, organization) });
    const received = { organization, applicationId: RECEIVED };
    const resource = destinationOf({ ownerId: RECEIVED, uid: 'of a flow' });
    await writeAll(storage, organization, [inserted('destination', resource)]);
    scopes.push(received);
    destinations.push({ scope: received, id: resource.id });
  }
  for (let i = 0; i < events; i++) {
    const scope = scopes[choose(scopes.length)]!;
    const own = destinations.filter((each) => each.scope === scope).map(({ id }) => id);
    // In order of acceptance, over some days.
    const acceptedAt = NOON - 10 * DAY + Math.floor((i / events) * 10 * DAY);
    await meetFate(storage, { scope, own, choose, i, acceptedAt });
  }
  await storage.queue.writeHealth(
    { organization: organizations[0]!, destinationId: newDestinationId() },
    HEALTH,
  );
  for (const { scope, id } of destinations.filter((_, i) => i % 3 === 2)) {
    await writeAll(storage, scope.organization, [{ op: 'remove', kind: 'destination', id }]);
  }
  return { organizations, scopes, destinations, sources };
}

function inserted<Kind extends ResourceKind>(kind: Kind, resource: Resources[Kind]): Change {
  return { op: 'insert', kind, resource } as Change;
}

async function writeAll(
  storage: Storage,
  organization: OrganizationId,
  changes: readonly Change[],
  more: { audit?: readonly AuditEntry[] } = {},
): Promise<void> {
  const written = await storage.catalog.write(changeSet(changes, { organization, ...more }));
  assert.equal(written.kind, 'done');
}

async function fillCatalog(
  storage: Storage,
  organization: OrganizationId,
  ownerId: ApplicationId,
): Promise<void> {
  const resource = (more: Partial<Resource>): Resource => {
    const { id, uid, createdAt, updatedAt, version, ownerId } = applicationOf();
    return { id, uid, ownerId, createdAt, updatedAt, version, ...more };
  };
  const others: { readonly [Kind in ResourceKind]?: Partial<Resources[Kind]> } = {
    'event-type': { uid: 'invoice.paid', description: AWKWARD, archived: false, groupName: null },
    'api-key': { name: AWKWARD, secretHash: `hash of ${organization}`, role: 'owner', scopes: ['*'] },
    'revoked-token': { uid: 'hash-of-token', expiresAt: NOON + DAY },
    'background-task': { ownerId, task: 'endpoint.replay', status: 'running', input: { a: AWKWARD } },
    'poller-consumer': { ownerId, uid: 'dst/consumer', iterator: '17', lease: null },
    integration: { ownerId, name: 'long '.repeat(100) },
  };
  const changes = Object.entries(others).map(([kind, more]) =>
    inserted(kind as ResourceKind, { ...resource(more), ...more } as never),
  );
  const who = { actorKind: 'api-key', actorId: 'key', subject: AWKWARD } as const;
  const audit = { id: idOf(NOON), at: NOON, ...who, action: 'x.y', before: null, after: { a: AWKWARD } };
  await writeAll(storage, organization, changes, { audit: [audit] });
}

async function fillSource(storage: Storage, organization: OrganizationId): Promise<SourceId> {
  const source = sourceOf({ kind: 'imap', name: AWKWARD, tokenHash: `token of ${organization}` });
  await writeAll(storage, organization, [inserted('source', source)]);
  for (let i = 0; i < 3; i++) {
    const refused = { reason: 'token-mismatch', expected: 'a token', got: AWKWARD } as const;
    const call = { method: 'POST', path: '/', peer: null, headers: [['x', AWKWARD]], bodyBytes: 5 } as const;
    const bodyStart = Buffer.from([0, 255, 92, i]);
    const rejection = {
      id: idOf(),
      organization,
      sourceId: source.id,
      at: NOON,
      ...refused,
      ...call,
      bodyStart,
    };
    await storage.rejections.add(rejection, 100);
  }
  return source.id;
}

interface Case {
  readonly scope: EventScope;
  readonly own: readonly DestinationId[];
  readonly choose: Choose;
  readonly i: number;
  readonly acceptedAt: number;
}

/** Accepts one event and lets one of the things happen to it that can. */
async function meetFate(storage: Storage, { scope, own, ...rest }: Case): Promise<void> {
  const { choose } = rest;
  const planned = own.slice(choose(own.length));
  const accepted = await acceptOne(storage, { scope, own: planned, ...rest });
  const destinationId = planned[choose(planned.length)]!;
  const fates = fatesOf(storage, { ...accepted, scope, destinationId, choose });
  await fates[choose(fates.length)]!();
}

interface Pair extends Accepted {
  readonly scope: EventScope;
  readonly destinationId: DestinationId;
  readonly choose: Choose;
}

function fatesOf(storage: Storage, pair: Pair): readonly (() => Promise<unknown>)[] {
  const { scope, event, destinationId, choose } = pair;
  const { queue, history } = storage;
  const attempted = (status: 'delivered' | 'failed' | 'sending', dueAt = 0, number = 1) => {
    const { epoch } = storage.cluster;
    return queue.record(attemptRecord(pair, { status, dueAt, number, epoch }));
  };
  const cancel = () => {
    const lane = { organization: scope.organization, destinationId };
    const newAttemptIds = () => idOf<'attempt'>(NOON);
    return queue.cancel(lane, { eventId: event.id, limit: 2, now: NOON, newAttemptIds });
  };
  return [
    async () => {},
    () => attempted('delivered'),
    () => attempted('failed'),
    () => attempted('sending', NOON + choose(100) * MINUTE),
    async () => {
      await attempted('sending', NOON + MINUTE);
      await attempted('sending', NOON + 5 * MINUTE, 2);
    },
    async () => {
      await attempted('failed');
      const entry = {
        eventId: event.id,
        destinationId,
        trigger: 'manual',
        dueAt: choose(2) && NOON,
      } as const;
      await queue.enqueue(scope.organization, [entry]);
    },
    cancel,
    async () => {
      await cancel();
      await attempted(choose(2) === 0 ? 'sending' : 'delivered', NOON + MINUTE);
    },
    () => history.expungeContent(scope, event.id),
    async () => {
      await attempted('delivered');
      const [found] = await history.listAttempts(scope, { eventId: event.id }, NEWEST);
      await history.expungeResponse(scope, event.id, found!.attempt.id);
    },
  ];
}

function attemptRecord(
  { scope, seq, event, destinationId, choose }: Pair,
  what: { status: 'delivered' | 'failed' | 'sending'; dueAt: number; number: number; epoch: number },
): AttemptRecord {
  const { status, dueAt, number, epoch } = what;
  return {
    organization: scope.organization,
    epoch,
    seq,
    attempt: attemptOf(event, destinationId, {
      status,
      number,
      statusCode: status === 'delivered' ? 200 : 503,
      nextAttemptAt: dueAt || null,
      startedAt: event.acceptedAt + number * DAY,
      response: number % 2 ? Buffer.from([0, 255, 92, number]) : null,
    }),
    next: dueAt === 0 ? { kind: 'settled' } : { kind: 'waiting', dueAt, attempts: number },
    health: choose(5) === 0 ? { value: HEALTH } : undefined,
    publish: [],
  };
}

async function acceptOne(storage: Storage, { scope, own, choose, i, acceptedAt }: Case): Promise<Accepted> {
  const isRich = choose(3) === 0;
  const rich: Partial<Event> = {
    channels: ['a', 'b'],
    tags: ['x'],
    method: 'PUT',
    contentType: 'text/plain',
    headers: [['x-awkward', 'Zoë']] as never,
    orderingKey: AWKWARD,
    retryScheduleMs: [1, 2],
  };
  const sizes = [0, 1, 20, 3000, 100_000];
  const size = sizes[choose(i % 50 === 0 ? 5 : 4)]!;
  const hash = (name: string) => Buffer.from(name.padEnd(32, '\\'));
  const answer = { status: 202, response: JSON.stringify({ AWKWARD }), expiresAt: NOON + DAY };
  const acceptance = acceptanceOf(
    own,
    {
      ...(isRich ? rich : {}),
      applicationId: scope.applicationId,
      received: scope.applicationId === RECEIVED ? RICH_RECEIVED : null,
      type: TYPES[choose(TYPES.length)]!,
      eventId: choose(4) === 0 ? `own-${i}` : null,
      acceptedAt,
      contentExpiresAt: choose(6) === 0 ? NOON - DAY : NOON + choose(40) * DAY,
      deliverAt: choose(8) === 0 ? NOON + DAY : 0,
    },
    {
      organization: scope.organization,
      content: Buffer.from(Array.from({ length: size }, (_, at) => at % 256)),
      idempotency: choose(5) === 0 ? { keyHash: hash(`k${i}`), bodyHash: hash(`b${i}`), ...answer } : null,
    },
  );
  const result = await storage.intake.accept(acceptance);
  assert.equal(result.kind, 'accepted');
  return { event: acceptance.event, seq: (result as { seq: number }).seq };
}

const RICH_RECEIVED = receivedOf({
  sub: '/a',
  query: 'b=c&channels=["a"]',
  headers: [['X-Zoë', AWKWARD]],
  peer: '::1',
  proof: { scheme: 'hmac', key: 1 },
  dedupeKey: AWKWARD,
  isTest: true,
  meta: { channels: ['a'], tags: ['x'], text: AWKWARD },
});
