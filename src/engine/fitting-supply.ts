import type { Ordering } from '../core/catalog/resources.ts';
import { BlockingSupply } from './blocking-supply.ts';
import type { Lane } from './lane.ts';
import { ParallelSupply } from './parallel-supply.ts';
import { PassingSupply } from './passing-supply.ts';
import type { Supply } from './supply.ts';

/** The lane's supply when it keeps the order that is asked for, else a new one that does. */
export function fittingSupply(ordering: Ordering, { supply, budget }: Lane): Supply {
  if (ordering.scope === 'none')
    return supply instanceof ParallelSupply ? supply : new ParallelSupply(budget);
  const Kind = ordering.onFailure === 'block' ? BlockingSupply : PassingSupply;
  const fits = supply instanceof Kind && supply.ordering.scope === ordering.scope;
  return fits ? supply : new Kind(budget, ordering);
}
