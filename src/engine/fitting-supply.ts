import type { Ordering } from '../core/catalog/resources.ts';
import { BlockingSupply } from './blocking-supply.ts';
import type { Budget } from './budget.ts';
import { CatchUp } from './catch-up.ts';
import type { Follower } from './follower.ts';
import type { Lane } from './lane.ts';
import { ParallelSupply } from './parallel-supply.ts';
import { PassingSupply } from './passing-supply.ts';
import { SharedCatchUp } from './shared-catch-up.ts';
import type { Supply } from './supply.ts';

/** The lane's supply when it keeps the order that is asked for, else a new one that does. */
export function fittingSupply(ordering: Ordering, lane: Lane): Supply {
  const { supply, budget, isShared } = lane;
  if (ordering.scope === 'none') return supply instanceof ParallelSupply ? supply : parallelSupply(lane);
  const Kind = ordering.onFailure === 'block' ? BlockingSupply : PassingSupply;
  const fits = supply instanceof Kind && supply.ordering.scope === ordering.scope;
  return fits ? supply : new Kind(budget, ordering, newFollower(budget, { isShared, keepsOrder: true }));
}

/** The supply of a lane of which nothing is known yet. */
export function parallelSupply({ budget, isShared }: Pick<Lane, 'budget' | 'isShared'>): ParallelSupply {
  return new ParallelSupply(budget, newFollower(budget, { isShared, keepsOrder: false }));
}

function newFollower(
  budget: Budget,
  { isShared, keepsOrder }: { isShared: boolean; keepsOrder: boolean },
): Follower {
  return isShared ? new SharedCatchUp(budget, { keepsOrder }) : new CatchUp(budget);
}
