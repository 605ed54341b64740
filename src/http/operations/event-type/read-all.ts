import type { EventType } from '../../../core/catalog/resources.ts';
import { Problem } from '../../../core/problem.ts';
import type { Call } from '../../define-operation.ts';

/** Event types of one organization that an export or an import deals with. */
export const EVENT_TYPES_READ_MAX = 10_000;
const PAGE = 250;

/** Every event type of the organization, archived ones too, by name. */
export async function readAllEventTypes(
  call: Pick<Call, 'storage' | 'organization'>,
): Promise<ReadonlyMap<string, EventType>> {
  const types = new Map<string, EventType>();
  for (let after: string | null = null; ; ) {
    const page: readonly EventType[] = await call.storage.catalog.list(call.organization, 'event-type', {
      orderBy: 'uid',
      direction: 'ascending',
      after,
      limit: PAGE,
    });
    for (const type of page) types.set(type.uid, type);
    if (types.size > EVENT_TYPES_READ_MAX) {
      throw new Problem(
        'limit_reached',
        `There are more than ${EVENT_TYPES_READ_MAX} event types: expunge those that are not used, then try again.`,
      );
    }
    if (page.length < PAGE) return types;
    after = page.at(-1)?.uid ?? null;
  }
}
