/** Which flows an event takes, and so which destinations it goes to. */
import type { Flow } from '../catalog/resources.ts';
import type { DestinationId, SourceId } from '../ids.ts';

/** Whether a flow is for events of this source and type. Its condition (`when`) is for the caller. */
export function isOnFlow(flow: Flow, { sourceId, type }: { sourceId: SourceId; type: string }): boolean {
  if (flow.disabled) return false;
  if (flow.sourceIds !== null && !flow.sourceIds.includes(sourceId)) return false;
  return flow.eventTypes === null || flow.eventTypes.some((pattern) => isOfType(pattern, type));
}

/** `*` at the end of a pattern stands for the rest of a type. */
export function isOfType(pattern: string, type: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : pattern === type;
}

/** Each destination of the flows once, in the order of the flows, that is there and takes deliveries. */
export function destinationsOf(
  flows: readonly Flow[],
  takes: (id: DestinationId) => boolean,
): DestinationId[] {
  const ids = new Set<DestinationId>();
  for (const flow of flows) for (const id of flow.destinationIds) if (takes(id)) ids.add(id);
  return [...ids];
}
