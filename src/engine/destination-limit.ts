/** How many destinations one owner may have: each of its events can become as many deliveries. */
import { type ApplicationId, RECEIVED } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import type { CachedDirectory } from './directory.ts';
import type { CommitRequest, Edit } from './engine.ts';

export const DESTINATIONS_PER_OWNER_MAX = 1_000;

/** Throws Problem limit_reached. Two requests at once may pass it by a few: it bounds, it does not count for a bill. */
export async function refuseTooManyDestinations(
  { organization, edits }: Pick<CommitRequest, 'organization' | 'edits'>,
  directory: CachedDirectory,
): Promise<void> {
  for (const [ownerId, added] of addedByOwner(edits)) {
    const isNew = edits.some(
      ({ kind, before, after }) => kind === 'application' && before === null && after?.id === ownerId,
    );
    const owner = isNew
      ? null
      : ownerId === null
        ? await directory.operational(organization)
        : ownerId === RECEIVED
          ? await directory.hub(organization)
          : await directory.applicationById(organization, ownerId);
    if ((owner?.destinations.length ?? 0) + added <= DESTINATIONS_PER_OWNER_MAX) continue;
    throw new Problem(
      'limit_reached',
      `There can be at most ${DESTINATIONS_PER_OWNER_MAX} endpoints; delete the ones that are not used.`,
    );
  }
}

function addedByOwner(edits: readonly Edit[]): Map<ApplicationId | null, number> {
  const added = new Map<ApplicationId | null, number>();
  for (const edit of edits) {
    if (edit.kind !== 'destination' || edit.before !== null || edit.after === null) continue;
    added.set(edit.after.ownerId, (added.get(edit.after.ownerId) ?? 0) + 1);
  }
  return added;
}
