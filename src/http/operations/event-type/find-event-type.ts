/** Event types as the caller may see them. */
import { seesFlags } from '../../../core/access/access.ts';
import type { EventType } from '../../../core/catalog/resources.ts';
import { Problem } from '../../../core/problem.ts';
import type { Call } from '../../define-operation.ts';

/** Throws Problem not_found also for one that the caller's feature flags hide. */
export async function findEventType(call: Call): Promise<EventType> {
  const eventType = await lookUpEventType(call, call.params.event_type_name!);
  if (eventType === null || !seesFlags(call.principal, eventType.featureFlags)) {
    throw new Problem('not_found', 'There is no event type of this name. Check it, or create it first.');
  }
  return eventType;
}

export function lookUpEventType(call: Call, name: string): Promise<EventType | null> {
  return call.storage.catalog.find(call.organization, 'event-type', { uid: name }, null);
}
