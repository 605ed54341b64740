/** Days since 1970 (UTC), by which history is cut into partitions. */
import { idAt, idTime } from '../../core/ids.ts';

export const DAY_MS = 86_400_000;

export function dayOf(atMs: number): number {
  return Math.floor(atMs / DAY_MS);
}

let latest = { first: '', next: '', day: 0 };

/**
 * Of the instant inside an id: where an event or an attempt lies. Ids sort by their instant and most are of today, so
 * two comparisons of texts take the place of a division of 160 bits.
 */
export function dayOfId(id: string): number {
  if (id >= latest.first && id < latest.next) return latest.day;
  const day = dayOf(idTime(id));
  latest = { first: idAt(day * DAY_MS, 'first'), next: idAt((day + 1) * DAY_MS, 'first'), day };
  return day;
}
