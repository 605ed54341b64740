/**
 * First in, first out: which deliveries of a lane may start. A line is the whole lane (`scope: 'endpoint'`) or one
 * ordering key in it (`scope: 'key'`; items without a key share a line). In each line at most one is in flight. While
 * the first of a line waits for its retry, it holds the others (`block`) or they pass it (`skip`).
 */
import type { Ordering } from '../catalog/resources.ts';

/** A delivery of the lane that the engine has in memory. */
export interface InOrder {
  readonly seq: number;
  readonly orderingKey: string | null;
  /** 0 = fresh. */
  readonly dueAt: number;
  readonly inFlight: boolean;
}

/** Items in order of `seq` to those that may start now, in the same order. One pass over the items. */
export function eligible<Item extends InOrder>(
  items: readonly Item[],
  ordering: Ordering,
  now: number,
): Item[] {
  if (ordering.scope === 'none') return items.filter((item) => !item.inFlight && item.dueAt <= now);
  const busy = linesInFlight(items, ordering);
  const isOneLine = ordering.scope === 'endpoint';
  const start: Item[] = [];
  for (const item of items) {
    if (isOneLine && busy.size > 0) break;
    const line = lineOf(item, ordering);
    if (item.inFlight || busy.has(line)) continue;
    if (item.dueAt <= now) {
      start.push(item);
      busy.add(line);
    } else if (ordering.onFailure === 'block') {
      busy.add(line);
    }
  }
  return start;
}

/** An item that passed a waiting one may be in flight behind it, so all are looked at before any starts. */
function linesInFlight(items: readonly InOrder[], ordering: Ordering): Set<string | null> {
  const busy = new Set<string | null>();
  for (const item of items) {
    if (item.inFlight) busy.add(lineOf(item, ordering));
  }
  return busy;
}

function lineOf(item: InOrder, ordering: Ordering): string | null {
  return ordering.scope === 'key' ? item.orderingKey : null;
}
