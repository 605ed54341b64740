import type { Ordering } from '../core/catalog/resources.ts';
import type { Lane } from './lane.ts';
import type { Supply } from './supply.ts';

/** The lane's supply when it keeps the order that is asked for, else a new one that does. */
export function fittingSupply(_ordering: Ordering, lane: Lane): Supply {
  return lane.supply;
}
