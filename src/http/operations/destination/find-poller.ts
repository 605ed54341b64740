import { parseRef } from '../../../contract/ids.ts';
import type { Destination } from '../../../core/catalog/resources.ts';
import type { ApplicationId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import type { Call } from '../../define-operation.ts';

/** A polling endpoint of the application by `poll_…` or uid; null when there is none of that name. */
export async function findPollerOrNull(
  call: Pick<Call, 'storage' | 'organization'>,
  applicationId: ApplicationId,
  ref: string,
): Promise<Destination | null> {
  const named = parseRef<'destination'>(ref, 'poller');
  const found = await call.storage.catalog.find(call.organization, 'destination', named, applicationId);
  if (found !== null && found.kind !== 'poller') {
    throw new Problem('not_found', 'This names an endpoint with a URL: use the routes of endpoints for it.');
  }
  return found;
}

export async function findPoller(
  call: Pick<Call, 'storage' | 'organization'>,
  applicationId: ApplicationId,
  ref: string,
): Promise<Destination> {
  const found = await findPollerOrNull(call, applicationId, ref);
  if (found === null) {
    throw new Problem(
      'not_found',
      'This application has no polling endpoint of that name: pass its id (`poll_…`) or uid.',
    );
  }
  return found;
}

/** The seq before the first message that a reader gets who does not say where to begin: since it was made. */
export function firstSeq(
  call: Pick<Call, 'storage' | 'organization'>,
  applicationId: ApplicationId,
  poller: Destination,
): Promise<number> {
  return call.storage.history.seqAt({ organization: call.organization, applicationId }, poller.createdAt);
}
