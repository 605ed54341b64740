/** A consumer of a polling endpoint: a named reader whose position the server keeps. */
import { UID_CHARS_MAX, UID_PATTERN } from '../../../contract/uid.ts';
import type { Destination, PollerConsumer } from '../../../core/catalog/resources.ts';
import { parsePosition } from '../../../core/event/poll-position.ts';
import { type ApplicationId, newId } from '../../../core/ids.ts';
import { invalid, Problem } from '../../../core/problem.ts';
import type { Edit } from '../../../engine/engine.ts';
import type { Call } from '../../define-operation.ts';
import { findPoller } from '../destination/find-poller.ts';
import { findApplication } from '../endpoint/find-endpoint.ts';

export const CONSUMERS_PER_POLLER_MAX = 250;
const NAME = new RegExp(UID_PATTERN);

export interface PollerPath {
  readonly applicationId: ApplicationId;
  readonly poller: Destination;
}

export async function findPollerOfPath(
  call: Pick<Call, 'engine' | 'storage' | 'organization' | 'params'>,
): Promise<PollerPath> {
  const application = await findApplication(call);
  return {
    applicationId: application.id,
    poller: await findPoller(call, application.id, call.params.sink_id ?? ''),
  };
}

/** null when it has not committed anything yet. */
export async function findConsumer(
  call: Pick<Call, 'storage' | 'organization' | 'params'>,
  path: PollerPath,
): Promise<PollerConsumer | null> {
  const uid = consumerUid(call, path);
  return call.storage.catalog.find(call.organization, 'poller-consumer', { uid }, path.applicationId);
}

/** The edit that makes or moves the consumer of the path. */
export async function moveConsumer(
  call: Pick<Call, 'storage' | 'organization' | 'params' | 'clock' | 'dice'>,
  path: PollerPath,
  change: { readonly before: PollerConsumer | null } & Pick<PollerConsumer, 'iterator' | 'lease'>,
): Promise<Edit> {
  const { before, iterator, lease } = change;
  const now = call.clock.now();
  if (before !== null) {
    return { kind: 'poller-consumer', before, after: { ...before, iterator, lease, updatedAt: now } };
  }
  await refuseTooMany(call, path);
  const after: PollerConsumer = {
    id: newId(now, call.dice.bytes(15)),
    uid: consumerUid(call, path),
    ownerId: path.applicationId,
    createdAt: now,
    updatedAt: now,
    version: 1,
    destinationId: path.poller.id,
    iterator,
    lease,
  };
  return { kind: 'poller-consumer', before: null, after };
}

/** Names are the callers' choice, so their number is bounded. */
async function refuseTooMany(call: Pick<Call, 'storage' | 'organization'>, path: PollerPath): Promise<void> {
  const known = await call.storage.catalog.list(call.organization, 'poller-consumer', {
    owner: path.applicationId,
    orderBy: 'id',
    direction: 'ascending',
    after: null,
    limit: CONSUMERS_PER_POLLER_MAX,
    where: { destinationId: path.poller.id },
  });
  if (known.length < CONSUMERS_PER_POLLER_MAX) return;
  throw new Problem(
    'limit_reached',
    `This polling endpoint has ${CONSUMERS_PER_POLLER_MAX} consumers: use one of their names, or make another polling endpoint.`,
  );
}

function consumerUid(call: Pick<Call, 'params'>, path: PollerPath): string {
  const name = call.params.consumer_id ?? '';
  if (name.length > UID_CHARS_MAX || !NAME.test(name)) {
    throw invalid(
      ['path', 'consumer_id'],
      'Name the consumer with letters, digits, "-", "_" and ".", at most 256.',
    );
  }
  return `${path.poller.id}/${name}`;
}

/** The seq of an iterator that a caller passed or a consumer keeps. */
export function seqOf(iterator: string): number {
  const seq = parsePosition(iterator);
  if (seq === undefined) {
    throw invalid(['query', 'iterator'], 'Pass the iterator of an earlier answer, unchanged.');
  }
  return seq;
}
