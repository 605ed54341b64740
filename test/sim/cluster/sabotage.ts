/** What can be broken about the cluster on purpose, so that a test can see that the checks notice. */
import type { Cluster } from '../../../src/ports/cluster.ts';
import { memberWith } from './member-with.ts';

export interface ClusterSabotage {
  /** What is recorded under an epoch that has ended is stored all the same. */
  readonly recordsAfterDeath?: true;
  /** Notices get lost although no connection does. */
  readonly losesNotices?: true;
  /** Rows count as decided although one before them is not visible yet. */
  readonly decidesTooEarly?: true;
  /** What a node makes of its part in the cluster. */
  readonly node?: (cluster: Cluster) => Cluster;
}

/** Goes on with shards that it has given up. */
export function goesOnAfterGivingUp(cluster: Cluster): Cluster {
  const kept = new Set<number>();
  return over(cluster, {
    join: (member) =>
      cluster.join(
        memberWith(member, {
          gained: (shards) => {
            for (const shard of shards) kept.add(shard);
            member.gained(shards);
          },
          giveUp: async () => {},
        }),
      ),
    holds: (shard) => kept.has(shard),
  });
}

/** Never doubts that its lease is valid. */
export function trustsItsLease(cluster: Cluster): Cluster {
  return over(cluster, { mayBegin: () => true });
}

/** Never says that it has left work for others. */
export function wakesNobody(cluster: Cluster): Cluster {
  return over(cluster, { wake: () => {} });
}

export function over(cluster: Cluster, changes: Partial<Cluster>): Cluster {
  return Object.assign(Object.create(cluster) as Cluster, changes);
}
