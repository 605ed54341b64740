/** Where a received event goes: along the flows that are for it and whose conditions hold. */
import type { Event } from '../core/event/event.ts';
import type { DestinationId } from '../core/ids.ts';
import { destinationsOf, isOnFlow } from '../core/received/route.ts';
import type { Expression } from '../ports/expressions.ts';
import type { LoadedHub } from './engine.ts';
import { readsBody } from './live-source.ts';
import type { Reading } from './reading.ts';
import type { GiveWay } from './turns.ts';

/**
 * `condition`: a flow's, compiled. A condition that fails counts as false. Each is bounded, but there may be a thousand
 * flows, and the body is the sender's: `giveWay` is asked between them.
 */
export async function planReceived(
  hub: LoadedHub,
  { event, reading }: { readonly event: Event; readonly reading: Reading },
  { condition, giveWay }: { condition: (text: string) => Expression; giveWay: GiveWay },
): Promise<DestinationId[]> {
  const { sourceId } = event.received!;
  const flows: LoadedHub['flows'][number][] = [];
  for (const flow of hub.flows) {
    if (!isOnFlow(flow, { sourceId, type: event.type })) continue;
    const isFor = flow.when === null || (await isTrue(condition(flow.when), event, reading));
    if (isFor) flows.push(flow);
    const turn = flow.when === null ? undefined : giveWay();
    if (turn !== undefined) await turn;
  }
  if (flows.length === 0) return [];
  return destinationsOf(flows, (id) => {
    const loaded = hub.byId.get(id);
    return loaded !== undefined && loaded.kind === 'http' && !loaded.disabled;
  });
}

async function isTrue(condition: Expression, event: Event, reading: Reading): Promise<boolean> {
  if (readsBody(condition)) await reading.parse();
  return reading.value(condition, event.type) === true;
}
