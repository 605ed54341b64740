import { shardOf } from '../../../src/core/shard.ts';
import type { Moment, Tenure, Violation } from '../facts.ts';
import type { Check } from './check.ts';

/** Whoever sends, or records what came of it, holds the destination's shard at that moment, as the store knows it. */
export const oneHolder: Check = ({ facts, scenario }) => {
  const found: Violation[] = [];
  const complain = (detail: string, about: string): void => {
    found.push({ promise: 'only the holder of a shard works on it', detail, about: [about] });
  };
  for (const { order, endpoint, eventId, tenure } of facts.sends) {
    if (tenure === null)
      complain(`request ${order} to e${endpoint} came from a node that held nothing`, eventId);
  }
  if (scenario.cluster === null) return found;
  for (const fact of facts.records) {
    const { attempt, epoch } = fact.record;
    const tenure = tenureAt(facts.tenures, shardOf(attempt.destinationId), fact);
    if (tenure?.epoch === epoch) continue;
    complain(
      `record ${fact.order} of epoch ${epoch} was kept, while ${tenure?.epoch ?? 'nobody'} held`,
      attempt.eventId,
    );
  }
  return found;
};

function tenureAt(tenures: readonly Tenure[], shard: number, { order }: Moment): Tenure | undefined {
  return tenures.findLast(
    (tenure) =>
      tenure.shard === shard &&
      tenure.began.order < order &&
      (tenure.ended === null || tenure.ended.order > order),
  );
}
